"""The few changes we make to a mailbox, each with evidence that it happened: OK alone does not mean done."""

import imaplib
import re
from collections.abc import Collection, Mapping, Sequence
from email.parser import BytesHeaderParser

from django.utils.translation import gettext as _
from imapclient.exceptions import IMAPClientError

from triage.mailbox.connection import Connection, batches, uid_set
from triage.mailbox.errors import MailboxError, understood
from triage.mailbox.folders import Folder
from triage.mailbox.reading import flags_in
from triage.mailbox.searching import by_message_id, message_ids_of

Evidence = dict[int, str]


def place(path: str, uidvalidity: int | str, uid: int | str) -> str:
    """The evidence of a mail that lies in a folder."""
    return f"{path} UIDVALIDITY {uidvalidity} UID {uid}"


# --- moving -----------------------------------------------------------------------------------------------


def move(
    connection: Connection, uids: Sequence[int], source: Folder, target: Folder, doubtful: Collection[int] = ()
) -> Evidence:
    """Move mails; their places by the old UID. One that is gone is left out. Of `doubtful` ones copies may be there."""
    moved: Evidence = {}
    path = str(connection.path(target, create=True))
    connection.change(source)
    for batch in batches(uids):
        if connection.can("MOVE"):
            moved |= _moved(connection, batch, source, path)
        elif connection.can("UIDPLUS"):
            moved |= _copied_then_taken_away(connection, batch, source, path, doubtful)
        else:
            reason = f"{connection.account.host} offers neither MOVE nor UIDPLUS"
            raise MailboxError(f"{reason}: mail cannot be moved there without risk to other mail", permanent=True)
    return moved


def _moved(connection: Connection, uids: list[int], source: Folder, path: str) -> Evidence:
    if connection.can("UIDPLUS"):
        connection.forget("COPYUID")
        connection.client.move(uids, path)
        return {uid: place(path, validity, new) for uid, (validity, new) in _copies(connection).items()}
    before = set(connection.fetch(uids, ["FLAGS"]))
    connection.client.move(uids, path)
    connection.read(source, fresh=True)
    gone = before - set(connection.fetch(uids, ["FLAGS"]))
    connection.change(source)
    return dict.fromkeys(gone, f"{path} (the server does not tell UIDs)")


def _copies(connection: Connection) -> dict[int, tuple[str, int]]:
    """(UIDVALIDITY, UID) of each copy by the UID of the original, as COPYUID told them."""
    copies = {}
    for validity, old, new in (words for words in connection.codes("COPYUID") if len(words) == 3):
        for before, after in zip(uid_set(old), uid_set(new), strict=True):
            copies[before] = (validity.decode(), after)
    return copies


def _copied_then_taken_away(
    connection: Connection, uids: list[int], source: Folder, path: str, doubtful: Collection[int]
) -> Evidence:
    """The older way to move: copy, look at the copies, and expunge exactly the originals of good ones, by UID."""
    sizes = _sizes(connection, uids)
    copies = _earlier_copies(connection, [uid for uid in sizes if uid in doubtful], source, path)
    connection.forget("COPYUID")
    if fresh := [uid for uid in sizes if uid not in copies]:
        connection.client.copy(fresh, path)
    copies |= _copies(connection)
    connection.read(path, fresh=True)
    arrived = _sizes(connection, [uid for _, uid in copies.values()])
    good = [uid for uid, (_, copy) in copies.items() if uid in sizes and arrived.get(copy) == sizes[uid]]
    connection.change(source)
    if good:
        _take_away(connection, good)
    return {uid: place(path, *copies[uid]) for uid in good}


def _take_away(connection: Connection, uids: list[int]) -> None:
    """Expunge mails that have a good copy. Where a server refused to mark them it may have done so all the same:
    what is marked must not be left to lie there."""
    try:
        connection.client.delete_messages(uids, silent=True)
    except imaplib.IMAP4.abort:
        raise
    except IMAPClientError:
        connection.client.uid_expunge(uids)
        if _sizes(connection, uids):
            raise
    else:
        connection.client.uid_expunge(uids)


def _earlier_copies(
    connection: Connection, uids: Sequence[int], source: Folder, path: str
) -> dict[int, tuple[str, int]]:
    """The copies, byte for byte, that an attempt made whose answer was lost."""
    if not uids:
        return {}
    ids = {uid: message_id for message_id, found in message_ids_of(connection, uids).items() for uid in found}
    originals = _raw(connection, uids)
    connection.read(path, fresh=True)
    there = by_message_id(connection, ids.values())
    validity = str(connection.known(path).uidvalidity)
    copies: dict[int, tuple[str, int]] = {}
    for uid in originals:
        candidates = _raw(connection, there.get(ids.get(uid, ""), []))
        same = [copy for copy, raw in candidates.items() if raw == originals[uid]]
        copies |= {uid: (validity, same[-1])} if same else {}
    connection.change(source)
    return copies


def _raw(connection: Connection, uids: Sequence[int]) -> dict[int, bytes]:
    return {uid: answer.get(b"BODY[]") or b"" for uid, answer in connection.fetch(uids, ["BODY.PEEK[]"]).items()}


def _sizes(connection: Connection, uids: Sequence[int]) -> dict[int, int]:
    return {uid: answer[b"RFC822.SIZE"] for uid, answer in connection.fetch(uids, ["RFC822.SIZE"]).items()}


# --- adding -----------------------------------------------------------------------------------------------


def append(
    connection: Connection, folder: Folder, mails: Sequence[bytes], flags: Sequence[str]
) -> list[str | MailboxError]:
    """Add mails to a folder; the place of each, or why the server refused it."""
    path = str(connection.path(folder, create=True))
    if len(mails) > 1 and connection.can("MULTIAPPEND") and connection.can("UIDPLUS"):
        connection.forget("APPENDUID")
        outcome, __ = connection.client.multiappend(path, [{"msg": mail, "flags": flags} for mail in mails])
        if outcome == "OK":  # all or none: a refused one is found by adding them one by one
            return [*_appended(connection, path)]
        return _append_missing(connection, path, mails, flags)
    return [_append_one(connection, path, mail, flags) for mail in mails]


def _append_missing(
    connection: Connection, path: str, mails: Sequence[bytes], flags: Sequence[str]
) -> list[str | MailboxError]:
    """Add mails one by one after a refusal. A server may have added them all the same: those are not added twice."""
    ids = [str(BytesHeaderParser().parsebytes(mail)["Message-ID"]).strip() for mail in mails]
    connection.read(path, fresh=True)
    there = places(connection, path, by_message_id(connection, ids))
    return [
        there.get(own_id) or _append_one(connection, path, mail, flags) for own_id, mail in zip(ids, mails, strict=True)
    ]


def _append_one(connection: Connection, path: str, mail: bytes, flags: Sequence[str]) -> str | MailboxError:
    connection.forget("APPENDUID")
    try:
        connection.client.append(path, mail, flags)
    except imaplib.IMAP4.abort:
        raise
    except IMAPClientError as error:
        return understood(error, connection.account)
    return next(iter(_appended(connection, path)), f"{path} (the server does not tell UIDs)")


def _appended(connection: Connection, path: str) -> list[str]:
    answers = (words for words in connection.codes("APPENDUID") if len(words) == 2)
    return [place(path, validity.decode(), uid) for validity, uids in answers for uid in uid_set(uids)]


# --- labels -----------------------------------------------------------------------------------------------


def label(connection: Connection, source: Folder, uids: Sequence[int], name: str) -> Evidence:
    """Mark mails: a Gmail label, else a keyword, else a copy in a folder of that name; evidence by UID."""
    kept = connection.change(source)
    if connection.can("X-GM-EXT-1"):
        connection.client.add_gmail_labels(list(uids), [name])
        return _with_gmail_label(connection, uids, name)
    if keeps(kept, keyword(name)):
        connection.client.add_flags(list(uids), [keyword(name)], silent=True)
        return _with_keyword(connection, source, uids, name)
    return _copy_once(connection, source, uids, name)


def unlabel(connection: Connection, source: Folder, uids: Sequence[int], name: str) -> Evidence:
    """Take a label off again. A copy in a label's folder stays: we delete no mail."""
    kept = connection.change(source)
    if connection.can("X-GM-EXT-1"):
        connection.client.remove_gmail_labels(list(uids), [name])
        still = _with_gmail_label(connection, uids, name)
    elif keeps(kept, keyword(name)):
        connection.client.remove_flags(list(uids), [keyword(name)], silent=True)
        still = _with_keyword(connection, source, uids, name)
    else:
        return dict.fromkeys(uids, f"the copy in the folder {name} stays")
    present = connection.fetch(uids, ["FLAGS"])
    return {uid: f"without {name}" for uid in present if uid not in still}


def label_style(connection: Connection, source: Folder) -> str:
    """How `label` keeps labels in a folder."""
    if connection.can("X-GM-EXT-1"):
        return _("Gmail labels")
    return _("keywords") if "\\*" in connection.change(source) else _("copies in a folder of that name")


def keyword(name: str) -> str:
    """A label as an IMAP keyword, which may hold no spaces and few signs."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", name).strip("-")


def keeps(permanent: frozenset[str], flag: str) -> bool:
    return "\\*" in permanent or flag.lower() in {known.lower() for known in permanent}


def _with_gmail_label(connection: Connection, uids: Sequence[int], name: str) -> Evidence:
    labels = connection.client.get_gmail_labels(list(uids))
    return {uid: f"label {name}" for uid, found in labels.items() if name in found}


def _with_keyword(connection: Connection, source: Folder, uids: Sequence[int], name: str) -> Evidence:
    """Read back in a freshly opened folder: some servers keep keywords for the session only."""
    connection.read(source, fresh=True)
    found = connection.fetch(uids, ["FLAGS"])
    wanted = keyword(name).lower()
    labelled = [uid for uid, answer in found.items() if wanted in {flag.lower() for flag in flags_in(answer)}]
    return dict.fromkeys(labelled, f"keyword {keyword(name)}")


def _copy_once(connection: Connection, source: Folder, uids: Sequence[int], name: str) -> Evidence:
    """Put a copy of each mail that is not there yet into the label's folder; the mail itself stays in the inbox."""
    path = str(connection.path(name, create=True))
    ids = {uid: message_id for message_id, found in message_ids_of(connection, uids).items() for uid in found}
    connection.read(path, fresh=True)
    there = by_message_id(connection, ids.values())
    labelled = {uid: _there(connection, path, there[ids[uid]][-1]) for uid in ids if there.get(ids[uid])}
    connection.change(source)
    for batch in batches([uid for uid in ids if uid not in labelled]):
        connection.forget("COPYUID")
        connection.client.copy(batch, path)
        labelled |= {uid: place(path, *copy) for uid, copy in _copies(connection).items()}
        if not connection.can("UIDPLUS"):
            labelled |= dict.fromkeys(connection.fetch(batch, ["FLAGS"]), f"{path} (the server does not tell UIDs)")
    return labelled


def _there(connection: Connection, path: str, uid: int) -> str:
    return place(path, connection.known(path).uidvalidity, uid)


def places(connection: Connection, folder: Folder, found: Mapping[str, list[int]]) -> dict[str, str]:
    """The evidence of mails found in a folder, by Message-ID."""
    path = str(connection.path(folder))
    return {message_id: _there(connection, path, uids[-1]) for message_id, uids in found.items() if uids}
