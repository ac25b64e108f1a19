"""From what was fetched to what the rest of the program knows of a mail."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date as calendar_date
from datetime import datetime

from triage.mailbox.mails import Attachment, FetchedMail, TextPart
from triage.parsing import automatic
from triage.parsing.absence import absent_until
from triage.parsing.addresses import MailboxName, read_addresses
from triage.parsing.bodies import EMBEDDED, INVITATION, PARTS, STATUS, part_text, read_bodies
from triage.parsing.cleaning import both_ends, clean_line
from triage.parsing.headers import Headers, date, read_headers
from triage.parsing.quotes import new_text
from triage.parsing.sender import Letter, effective_sender
from triage.parsing.threads import bounded, message_ids, thread_root

TEXT_LIMIT = 20_000  # characters of text that are kept
SUBJECT_LIMIT = 500
ATTACHMENTS = 100


class UnreadableMail(Exception):
    """There is nothing to read in what was fetched; the text says why. The mail waits for a person."""


@dataclass(frozen=True, kw_only=True)
class ParsedHeader:
    """What the header of a mail says. Ids are in angle brackets, addresses in lower case, absent ones are ""."""

    message_id: str
    in_reply_to: str
    references: tuple[str, ...]
    content_hash: str
    from_name: str
    from_address: str
    reply_to: tuple[str, ...]
    to: tuple[str, ...]
    cc: tuple[str, ...]
    subject: str
    date: datetime | None
    headers: dict[str, str]

    @property
    def thread_root(self) -> str:
        """The oldest mail of the thread that is known; a made-up id if no mail is named."""
        return thread_root(self)


@dataclass(frozen=True, kw_only=True)
class ParsedMail(ParsedHeader):
    """A mail, read. Every text can be stored as it is: no NUL, no lone surrogates; names and ids are one line.

    `sender_*` is who really wrote it, `sender_doubt` is "" or why that is not clear. `automatic` is "" or a kind
    of `triage.parsing.automatic`. `hidden_removed` notes what was invisible. `html` is as it came: show it
    sandboxed only.
    """

    sender_name: str
    sender_address: str
    sender_evidence: str
    sender_doubt: str
    text: str
    new_text: str
    hidden_removed: tuple[str, ...]
    html: str
    attachments: tuple[Attachment, ...]
    automatic: str
    out_of_office_until: calendar_date | None
    bounced_message_ids: tuple[str, ...]


def parse(mail: FetchedMail, company_domains: Sequence[str] = (), form_domains: Sequence[str] = ()) -> ParsedMail:
    """Read a fetched mail. Raises UnreadableMail if it has neither a header field nor any text.

    What a text says of its sender is believed of `company_domains` and of form services, to which `form_domains` add.
    """
    headers, parts = read_headers(mail.header), mail.parts[:PARTS]
    if not headers.fields and not any(part.content.strip() for part in parts):
        raise UnreadableMail("the mail has neither a header nor a text")
    bodies, texts = read_bodies(parts), _texts_by_kind(parts)
    enclosed = tuple(read_headers(block.encode()) for block in texts[EMBEDDED])
    letter = _letter(headers, both_ends(bodies.text, TEXT_LIMIT), enclosed)
    sender = effective_sender(letter, company_domains, form_domains)
    header = _header(headers, letter, _content_hash(mail), mail.received_at)
    relayed = sender.address != letter.author.address
    signals = _signals(letter, texts, mail.attachments, relayed)
    kind = automatic.kind_of(signals)
    return ParsedMail(
        **vars(header),
        sender_name=sender.name,
        sender_address=sender.address,
        sender_evidence=sender.evidence,
        sender_doubt=sender.doubt,
        text=letter.text,
        new_text=signals.text,
        hidden_removed=bodies.hidden,
        html=bodies.html,
        attachments=tuple(_attachment(attachment) for attachment in mail.attachments[:ATTACHMENTS]),
        automatic=kind,
        out_of_office_until=_absent_until(signals, header.date) if kind == automatic.OUT_OF_OFFICE else None,
        bounced_message_ids=automatic.bounced_ids(enclosed, headers, bodies.text) if kind in automatic.REPORTS else (),
    )


def parse_header(block: bytes) -> ParsedHeader:
    """Read a header block alone, such as that of a sent mail. Never fails."""
    headers = read_headers(block)
    return _header(headers, _letter(headers, "", ()), hashlib.sha256(block).hexdigest(), None)


def _header(headers: Headers, letter: Letter, content_hash: str, received_at: datetime | None) -> ParsedHeader:
    own, answered = message_ids(headers.text("message-id")), message_ids(headers.text("in-reply-to"))
    return ParsedHeader(
        message_id=next(iter(own), ""),
        in_reply_to=next(iter(answered), ""),
        references=bounded(message_ids(headers.text("references"))),
        content_hash=content_hash,
        from_name=letter.author.name,
        from_address=letter.author.address,
        reply_to=_addresses(letter.reply_to),
        to=_addresses(read_addresses(headers.text("to"))),
        cc=_addresses(read_addresses(headers.text("cc"))),
        subject=letter.subject,
        date=date(headers.text("date")) or received_at,
        headers=headers.kept(),
    )


def _texts_by_kind(parts: Sequence[TextPart]) -> dict[str, list[str]]:
    """The decoded parts that are read by machines: statuses, invitations, headers of mails within."""
    texts: dict[str, list[str]] = {kind: [] for kind in (EMBEDDED, STATUS, INVITATION)}
    for part in parts:
        if part.content_type in texts:
            texts[part.content_type].append(part_text(part))
    return texts


def _letter(headers: Headers, text: str, enclosed: tuple[Headers, ...]) -> Letter:
    recipients = (*read_addresses(headers.text("to")), *read_addresses(headers.text("cc")))
    return Letter(
        authors=tuple(entry for value in headers.texts("from")[:3] for entry in read_addresses(value)),
        reply_to=read_addresses(headers.text("reply-to")),
        recipients=_addresses(recipients),
        headers=headers,
        subject=headers.line("subject", SUBJECT_LIMIT),
        text=text,
        enclosed=enclosed,
    )


def _signals(
    letter: Letter, texts: dict[str, list[str]], attachments: Sequence[Attachment], relayed: bool
) -> automatic.Signals:
    return automatic.Signals(
        headers=letter.headers,
        author=letter.author.address,
        subject=letter.subject,
        text=new_text(letter.text, letter.forwards),
        status="\n".join(texts[STATUS]),
        calendar="\n".join(texts[INVITATION]),
        attached=tuple(part.content_type.lower() for part in attachments if not part.name),
        relayed=relayed,
    )


def _content_hash(mail: FetchedMail) -> str:
    """The same bytes have the same hash, in whichever folder and under whichever UID they lie."""
    digest = hashlib.sha256(mail.header)
    digest.update(str(mail.size).encode())
    for part in mail.parts:
        digest.update(part.content)
    return digest.hexdigest()


def _addresses(entries: Iterable[MailboxName]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(entry.address for entry in entries if entry.address))


def _attachment(attachment: Attachment) -> Attachment:
    return Attachment(clean_line(attachment.name, 200), clean_line(attachment.content_type, 100), attachment.size)


def _absent_until(signals: automatic.Signals, moment: datetime | None) -> calendar_date | None:
    return absent_until(f"{signals.subject}\n{signals.text}", moment.date()) if moment else None
