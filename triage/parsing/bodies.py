"""The text parts of a mail, decoded and chosen from."""

import binascii
import quopri
import re
from collections.abc import Iterable
from dataclasses import dataclass

from triage.mailbox.mails import TextPart
from triage.parsing.charsets import codec, decoded
from triage.parsing.cleaning import clean_text, squeezed, without_invisible
from triage.parsing.html import LIMIT as HTML_LIMIT
from triage.parsing.html import text_of

PART_LIMIT = 1_000_000  # bytes of one part that are looked at
PARTS = 50  # parts that are looked at
TEXT_LIMIT = 300_000  # characters of text that are worked on before it is cut for keeping

EMBEDDED = "text/rfc822-headers"  # the headers of a mail within the mail; its text parts follow
STATUS = "message/delivery-status"
INVITATION = "text/calendar"
_META_CHARSET = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?\s*([\w.:-]{2,40})", re.IGNORECASE)
_PLACEHOLDER_LIMIT = 300  # characters; a plain part below may only say that there is HTML
_UU_BEGIN = re.compile(rb"^begin [0-7]{3,4} ", re.MULTILINE)


@dataclass(frozen=True)
class Bodies:
    """The readable text, the HTML as it came, and what was hidden in either."""

    text: str
    html: str
    hidden: tuple[str, ...]


def content(part: TextPart) -> bytes:
    """Undo the transfer encoding; damaged and cut content gives what can be read of it."""
    data = part.content[:PART_LIMIT]
    encoding = part.encoding.strip().strip("\"'").lower()
    if encoding == "base64":
        return _from_base64(data)
    if encoding == "quoted-printable":
        return quopri.decodestring(data)
    if encoding in {"x-uuencode", "uuencode", "x-uue", "uue"}:
        return _from_uuencode(data)
    return data


def _from_base64(data: bytes) -> bytes:
    letters = re.sub(rb"[^A-Za-z0-9+/]", b"", data.partition(b"=\r")[0] if b"=\r\n\r\n" in data else data)
    letters = letters[: len(letters) - 1] if len(letters) % 4 == 1 else letters
    return binascii.a2b_base64(letters + b"=" * (-len(letters) % 4))


def _from_uuencode(data: bytes) -> bytes:
    begin = _UU_BEGIN.search(data)
    lines = data[begin.end() if begin else 0 :].splitlines()[1 if begin else 0 :]
    decoded_lines = []
    for line in lines:
        if line.strip() in {b"", b"end", b"`"}:
            continue
        try:
            decoded_lines.append(binascii.a2b_uu(line))
        except binascii.Error:
            break
    return b"".join(decoded_lines) or data


def part_text(part: TextPart) -> str:
    """Decode one text part."""
    data = content(part)
    charset = part.charset
    if part.content_type == "text/html" and not codec(charset) and (meta := _META_CHARSET.search(data[:2048])):
        charset = meta[1].decode("ascii")
    return clean_text(decoded(data, charset, cut=part.truncated))


def read_bodies(parts: Iterable[TextPart]) -> Bodies:
    """Choose what a person would read: the plain text, or the HTML if the plain text only points to it."""
    plain, html = _texts(parts, "text/plain"), _texts(parts, "text/html")
    text, hidden_characters = plain, 0
    if html and len(plain) < _PLACEHOLDER_LIMIT:
        seen, hidden_characters = text_of(html)
        text = seen if len(seen.split()) > len(plain.split()) else plain
    text, notes = without_invisible(text[:TEXT_LIMIT])
    if hidden_characters:
        notes = (*notes, f"{hidden_characters} characters of hidden HTML text")
    return Bodies(text=squeezed(clean_text(text)), html=html[:HTML_LIMIT], hidden=notes)


def _texts(parts: Iterable[TextPart], content_type: str) -> str:
    texts = (part_text(part).strip() for part in parts if part.content_type == content_type)
    return "\n\n".join(text for text in texts if text)
