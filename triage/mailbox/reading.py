"""Reading mails in few round trips: structure and headers of all, then the readable parts by their shape."""

import imaplib
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta, timezone

from triage.mailbox.connection import Answer, Connection
from triage.mailbox.errors import MailboxError, is_servers_trouble
from triage.mailbox.mails import FetchedMail
from triage.mailbox.structure import Contents, contents, split

HEADER_LIMIT = 65_536  # bytes of a mail's header
WHOLE_LIMIT = 1_000_000  # bytes of a mail whose structure the server cannot tell
BASICS = ("FLAGS", "INTERNALDATE", "RFC822.SIZE")
HEADER = f"BODY.PEEK[HEADER]<0.{HEADER_LIMIT}>"
# What one mail can make imapclient's parser, ours, or the connection raise.
BROKEN = (imaplib.IMAP4.error, OSError, ValueError, TypeError, LookupError, AttributeError, RecursionError)

Fetched = dict[int, FetchedMail | MailboxError]


def fetch(connection: Connection, uids: Collection[int]) -> Fetched:
    """Read mails of the open folder. One that breaks the answer, or the connection, costs the others nothing."""
    try:
        return _structured(connection, uids)
    except BROKEN as error:
        _recover(connection, error)
        one_by_one = (_alone(connection, uid) for uid in sorted(uids))
        return {uid: mail for found in one_by_one for uid, mail in found.items()}


def _alone(connection: Connection, uid: int) -> Fetched:
    """Read one mail: by its structure, else from its beginning, else say why not, if it is still there."""
    for attempt in (_structured, _whole):
        try:
            return attempt(connection, [uid])
        except BROKEN as error:
            reason = MailboxError(f"UID {uid} cannot be read: {type(error).__name__}: {error}", permanent=True)
            _recover(connection, error)
    return {uid: reason} if connection.client.search(["UID", str(uid)]) else {}


def _recover(connection: Connection, error: Exception) -> None:
    """Begin afresh after a failure that may be one mail's: an answer may have been left half read.

    Raises the error again when it is the server's own trouble, and another one when the server is gone.
    """
    if isinstance(error, TimeoutError) or is_servers_trouble(error):
        raise error
    connection.reopen()


def _structured(connection: Connection, uids: Collection[int]) -> Fetched:
    answers = connection.fetch(uids, [*BASICS, "BODYSTRUCTURE", HEADER])
    inside = {uid: contents(answer[b"BODYSTRUCTURE"]) for uid, answer in answers.items()}
    texts = _texts(connection, inside)
    return {uid: _mail(uid, answers[uid], inside[uid], texts[uid]) for uid in answers if uid in texts}


def _texts(connection: Connection, inside: Mapping[int, Contents]) -> dict[int, Answer]:
    """The readable parts: mails of the same shape share a round trip, and there are few shapes."""
    shapes: defaultdict[tuple[str, ...], list[int]] = defaultdict(list)
    for uid, contained in inside.items():
        shapes[tuple(part.item for part in contained.wanted)].append(uid)
    texts: dict[int, Answer] = {uid: {} for uid in shapes.pop((), [])}
    for items, uids in shapes.items():
        texts |= connection.fetch(uids, items)
    return texts


def _mail(uid: int, answer: Answer, inside: Contents, texts: Answer) -> FetchedMail:
    parts = tuple(part.part(texts.get(f"BODY[{part.section}]<0>".encode()) or b"") for part in inside.wanted)
    return _fetched(uid, answer, answer[b"BODY[HEADER]<0>"] or b"", parts, inside.attachments)


def _whole(connection: Connection, uids: Collection[int]) -> Fetched:
    answers = connection.fetch(uids, [*BASICS, f"BODY.PEEK[]<0.{WHOLE_LIMIT}>"])
    raws = {uid: answer[b"BODY[]<0>"] or b"" for uid, answer in answers.items()}
    return {uid: _fetched(uid, answers[uid], _header(raw), *split(raw)) for uid, raw in raws.items()}


def _fetched(uid: int, answer: Answer, header: bytes, parts: Iterable, attachments: Iterable) -> FetchedMail:
    size, received_at = answer.get(b"RFC822.SIZE", 0), _moment(answer.get(b"INTERNALDATE"))
    return FetchedMail(uid, size, flags_in(answer), received_at, header, tuple(parts), tuple(attachments))


def _moment(received_at: datetime | None) -> datetime | None:
    """The same in a time zone of Python's own: imapclient's cannot be handed to another process."""
    return received_at and received_at.replace(tzinfo=timezone(received_at.utcoffset() or timedelta()))


def _header(raw: bytes) -> bytes:
    return raw.partition(b"\r\n\r\n")[0][:HEADER_LIMIT] + b"\r\n\r\n"


def flags_in(answer: Answer) -> frozenset[str]:
    """The flags in a FETCH answer."""
    return frozenset(flag.decode("ascii", "replace") for flag in answer.get(b"FLAGS", ())) - {"\\Recent"}


def header_in(answer: Answer) -> bytes:
    """The header lines in the answer to FETCH BODY.PEEK[HEADER.FIELDS ...]; servers differ in its name."""
    return next((value or b"" for name, value in answer.items() if name.startswith(b"BODY[HEADER")), b"")
