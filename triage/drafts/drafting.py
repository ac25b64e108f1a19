"""Writing replies: the text from a template and cleaned slots, and the mail from strings that are cleaned here.

Nothing of a customer's mail reaches a reply except its subject and the writer's first name, both bounded and
without links. Both functions are pure: the same input gives the same bytes, by which an untouched draft is
known again later.
"""

import re
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from email import charset, message_from_bytes
from email.header import Header
from email.message import Message
from email.policy import compat32
from email.utils import format_datetime, formataddr, getaddresses
from typing import Any

from triage.drafts import wording
from triage.drafts.slots import first_name_slot, many_lines, one_line, reply_subject, subject_slot

ENGLISH = "en"
TOKEN_HEADER = "X-Inbox-Router-Draft"  # noqa: S105 (the name of a header, no secret)
SUBJECT_LENGTH = 120
MAILBOX_NAME_LENGTH = 80
REFERENCES = 20
MAX_CC = 5

SAME_LANGUAGE = {"nb": "no", "nn": "no"}
ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.)*[A-Za-z0-9-]{1,63}")
NAMED_ADDRESS = re.compile(r"([^<>]*?)\s*<([^<>]+)>")
MESSAGE_ID = re.compile(r"[!-;=?-~]{1,250}")  # printable ASCII without angle brackets

QUOTED_PRINTABLE = charset.Charset("utf-8")
QUOTED_PRINTABLE.body_encoding = charset.QP


class DraftError(Exception):
    """A reply that cannot be written safely; the text says what is wrong with its input."""


@dataclass(frozen=True)
class ReplyText:
    """A proposed reply; `language` is that of the template, not of the customer's mail."""

    subject: str
    body: str
    language: str


@dataclass(frozen=True)
class ReplyMail:
    """All that a reply's bytes are made of.

    `date` is aware; `message_id` and `token` are the caller's. `in_reply_to` is the Message-ID of the
    customer's mail and `references` its References header, both as they came. `from_address` is ours and may
    be written `Name <address>`.
    """

    from_address: str
    to_address: str
    subject: str
    body: str
    date: datetime
    message_id: str
    to_name: str = ""
    cc: tuple[str, ...] = ()
    in_reply_to: str = ""
    references: str = ""
    token: str = ""


# --- the text ---------------------------------------------------------------------------------------------


def languages() -> tuple[str, ...]:
    """Return the ISO 639-1 codes that a template ships for."""
    return tuple(wording.shipped())


def text(
    language: str,
    *,
    first_name: str | None,
    subject: str,
    owner_name: str,
    signature: str = "",
    company_name: str = "",
    company_language: str = ENGLISH,
    texts: Mapping[str, str] | None = None,
) -> ReplyText:
    """Return the reply in the customer's language; for one without a template, in the company's and in English.

    `texts` are the templates by language, those that ship if there are none.
    """
    texts = texts or wording.shipped()
    chosen = templates_for(language, company_language, texts)
    slots = {
        "first_name": first_name_slot(first_name or ""),
        "subject": subject_slot(subject)[:SUBJECT_LENGTH].strip(),
        "owner_name": one_line(owner_name),
        "company_name": one_line(company_name),
    }
    parts = [many_lines(wording.render(texts[code], slots)) for code in chosen]
    closing = many_lines(signature).strip() or "\n".join(
        line for line in (slots["owner_name"], slots["company_name"]) if line
    )
    return ReplyText(reply_subject(subject, company_name), "\n\n".join(parts) + f"\n{closing}\n", chosen[0])


def templates_for(language: str, company_language: str, known: Collection[str]) -> list[str]:
    """Return the one template of the language, or those of the company's language and English."""
    if _base(language) in known:
        return [_base(language)]
    return list(dict.fromkeys(code for code in (_base(company_language), ENGLISH) if code in known))


def _base(language: str) -> str:
    code = re.split("[-_]", language.strip().lower())[0]
    return SAME_LANGUAGE.get(code, code)


# --- the mail ---------------------------------------------------------------------------------------------


def mime(mail: ReplyMail) -> bytes:
    """Return the reply as RFC 5322 bytes with CRLF line ends; raise DraftError if it is not what was meant.

    It is built on the old e-mail API with headers encoded here: the newer one decodes encoded words in the
    values it is given and can write a decoded line break as a new header (CVE-2024-6923).
    """
    if mail.date.tzinfo is None:
        raise DraftError("The date of a reply needs a time zone.")
    if len(mail.cc) > MAX_CC:
        raise DraftError(f"A reply has at most {MAX_CC} CC addresses, not {len(mail.cc)}.")
    message: Message[Any, Any] = Message()
    for name, value in _headers(mail).items():
        message[name] = value
    message.set_payload(many_lines(mail.body), QUOTED_PRINTABLE)
    raw = message.as_bytes(policy=compat32.clone(linesep="\r\n"))
    _verify(raw, mail)
    return raw


def _headers(mail: ReplyMail) -> dict[str, str | Header]:
    own_id, answered = _ids(mail.message_id), _ids(mail.in_reply_to)[-1:]
    if len(own_id) != 1:
        raise DraftError("The Message-ID of a reply must be one id of printable ASCII.")
    headers: dict[str, str | Header] = {
        "From": _mailbox(*_own(mail.from_address)),
        "To": _mailbox(mail.to_name, mail.to_address),
        "Cc": ", ".join(_address(address) for address in mail.cc),
        "Subject": Header(one_line(mail.subject) or "-", _charset(mail.subject), header_name="Subject"),
        "Date": format_datetime(mail.date),
        "Message-ID": Header(own_id[0], maxlinelen=998),  # never folded: servers search it as one piece
        "In-Reply-To": Header(answered[0], maxlinelen=998) if answered else "",
        "References": " ".join(_bounded(_ids(mail.references), answered)),
        TOKEN_HEADER: one_line(mail.token),
        "MIME-Version": "1.0",
    }
    return {name: value for name, value in headers.items() if value != ""}


def _verify(raw: bytes, mail: ReplyMail) -> None:
    """Read the bytes as any mail program will, and compare with what was meant."""
    parsed = message_from_bytes(raw)
    meant = [*_headers(mail), "Content-Type", "Content-Transfer-Encoding"]
    if Counter(parsed.keys()) != Counter(meant) or parsed.defects or parsed.is_multipart():
        raise DraftError("The reply would have other headers than a reply has.")
    for header, addresses in (("From", [_own(mail.from_address)[1]]), ("To", [mail.to_address]), ("Cc", list(mail.cc))):
        found = [address for _, address in getaddresses([str(value) for value in parsed.get_all(header, [])])]
        if found != [_address(address) for address in addresses]:
            raise DraftError(f"The reply would go to somebody else: its {header} is not what was asked for.")
    payload = parsed.get_payload(decode=True)
    if not isinstance(payload, bytes) or payload.decode().replace("\r\n", "\n") != many_lines(mail.body):
        raise DraftError("The reply's text would not arrive as it was written.")


def _own(sender: str) -> tuple[str, str]:
    """Name and address of `Name <address>`, or no name and the address."""
    named = NAMED_ADDRESS.fullmatch(sender.strip())
    return (named[1].strip('"'), named[2]) if named else ("", sender)


def _mailbox(name: str, address: str) -> str:
    name = one_line(name)[:MAILBOX_NAME_LENGTH].strip()
    if name.isascii():
        return formataddr((name, _address(address)))
    return f"{Header(name, 'utf-8').encode(maxlinelen=60, linesep='')} <{_address(address)}>"


def _address(address: str) -> str:
    """Return the address with its domain in ASCII, if it is exactly one address."""
    local, at, domain = address.strip().rpartition("@")
    try:
        plain = local + at + (domain if domain.isascii() else domain.encode("idna").decode())
    except UnicodeError:
        plain = ""
    if not ADDRESS.fullmatch(plain):
        raise DraftError("A reply needs one plain address such as name@example.com for each recipient.")
    return plain


def _charset(value: str) -> str:
    return "us-ascii" if value.isascii() else "utf-8"


def _ids(value: str) -> list[str]:
    """Return the usable Message-IDs in a header's value, each in angle brackets."""
    found = (part.strip("<>") for part in value.replace("><", "> <").split())
    return [f"<{part}>" for part in found if MESSAGE_ID.fullmatch(part) and "=?" not in part]


def _bounded(references: list[str], answered: list[str]) -> list[str]:
    """Return the thread's first id and its newest ones, ending with the answered mail (RFC 5322, 3.6.4)."""
    chain = list(dict.fromkeys(reference for reference in references if reference not in answered))
    if len(chain) >= REFERENCES:
        chain = [chain[0], *chain[-(REFERENCES - 2) :]]
    return chain + answered
