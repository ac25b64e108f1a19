"""What is in a mail: from its BODYSTRUCTURE, or where that is unusable from the beginning of the mail itself."""

import email
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message
from email.utils import collapse_rfc2231_value, decode_params, unquote
from itertools import accumulate, takewhile
from typing import Any

from triage.mailbox.mails import Attachment, TextPart

READABLE = ("text/plain", "text/html", "text/rfc822-headers", "text/calendar", "message/delivery-status")
HEADERS = "text/rfc822-headers"
MAX_PARTS = 16  # readable parts of one mail
MAX_ATTACHMENTS = 200  # of one mail that are told
MAX_WORD = 255  # characters of a name or type
TOTAL_LIMIT = 600_000  # bytes of all readable parts of one mail, beyond which no further part is read
MAX_DEPTH = 20  # multiparts and messages within each other
PART_LIMIT = 200_000  # bytes of one readable part
# Where each kind of part has its disposition, counted as in RFC 3501, section 7.4.2 (body-fld-dsp).
DISPOSITION = {"text": 9, "message/rfc822": 11}
DISPOSITION_OF_OTHERS = 8


@dataclass(frozen=True)
class Wanted:
    """A part to fetch, by its FETCH section, such as 1.2 or 3.HEADER."""

    section: str
    content_type: str
    charset: str
    encoding: str
    size: int = 0

    @property
    def item(self) -> str:
        return f"BODY.PEEK[{self.section}]<0.{PART_LIMIT}>"

    def part(self, content: bytes) -> TextPart:
        return TextPart(self.content_type, self.charset, self.encoding, content, len(content) >= PART_LIMIT)


@dataclass(frozen=True)
class Contents:
    wanted: tuple[Wanted, ...]
    attachments: tuple[Attachment, ...]


def contents(structure: Sequence[Any]) -> Contents:
    """Read a BODYSTRUCTURE as imapclient gives it. Raises ValueError, TypeError or IndexError for a broken one."""
    found = list(_parts(structure, "", 0))
    attachments = [part for part in found if isinstance(part, Attachment)]
    return Contents(
        _bounded([part for part in found if isinstance(part, Wanted)]), tuple(attachments[:MAX_ATTACHMENTS])
    )


def _bounded(parts: Sequence[Wanted]) -> tuple[Wanted, ...]:
    """The first parts, as many as are read of one mail."""
    before = accumulate((min(part.size, PART_LIMIT) for part in parts), initial=0)
    return tuple(part for part, sum_before in zip(parts, before, strict=False) if sum_before < TOTAL_LIMIT)[:MAX_PARTS]


def _parts(node: Sequence[Any], prefix: str, depth: int) -> Iterator[Wanted | Attachment]:
    """The parts of a body; `prefix` is the number of what it is in, with a dot."""
    if depth > MAX_DEPTH:
        return
    children = _children(node)
    if not children:
        yield from _leaf(node, f"{prefix}1", depth)
    for number, child in enumerate(children, 1):
        if _children(child):
            yield from _parts(child, f"{prefix}{number}.", depth + 1)
        else:
            yield from _leaf(child, f"{prefix}{number}", depth)


def _children(node: Sequence[Any]) -> list[Any]:
    """The parts of a multipart: imapclient collects them in a list, but not in a message within the message."""
    first = node[0]
    return first if isinstance(first, list) else list(takewhile(lambda item: isinstance(item, tuple), node))


def _leaf(node: Sequence[Any], number: str, depth: int) -> Iterator[Wanted | Attachment]:
    kind = f"{_text(node[0])}/{_text(node[1])}".lower()[:MAX_WORD]
    parameters = _parameters(node[2])
    index = DISPOSITION.get(kind, DISPOSITION.get(kind.split("/")[0], DISPOSITION_OF_OTHERS))
    disposition, more = _disposition(node[index] if len(node) > index else None)
    encoding = _text(node[5]).lower()[:MAX_WORD]
    if kind == "message/rfc822":
        yield Wanted(f"{number}.HEADER", HEADERS, "", "7bit")
        yield from _parts(node[8], f"{number}.", depth + 1)
    elif kind in READABLE and disposition != "attachment":
        yield Wanted(number, kind, parameters.get("charset", ""), encoding, int(node[6] or 0))
    else:
        name = more.get("filename") or parameters.get("name", "")
        yield Attachment(name, kind, _decoded(int(node[6] or 0), encoding))


def _decoded(size: int, encoding: str) -> int:
    """About how many bytes there are behind a transfer encoding: base64 makes lines of 78 bytes of 57."""
    return size * 57 // 78 if encoding == "base64" else size


def _disposition(value: Any) -> tuple[str, dict[str, str]]:
    """("attachment", {"filename": ...}); pymap sends the header's text instead of a list."""
    if isinstance(value, bytes):
        holder = Message()
        holder["Content-Disposition"] = _text(value)
        return holder.get_content_disposition() or "", {"filename": holder.get_filename("")}
    return (_text(value[0]).lower(), _parameters(value[1])) if value else ("", {})


def _parameters(pairs: Sequence[Any] | None) -> dict[str, str]:
    """Parameters by lower-case name, with the encodings of RFC 2231 and, against the rules but common, RFC 2047."""
    flat = [_text(value) for value in pairs or ()]
    named = [(name.lower(), value) for name, value in zip(flat[::2], flat[1::2], strict=False)]
    decoded = decode_params([("", ""), *named])[1:]
    return {name: _words(unquote(collapse_rfc2231_value(value)))[:MAX_WORD] for name, value in decoded}


def _words(value: str) -> str:
    try:
        return str(make_header(decode_header(value))) if "=?" in value else value
    except (LookupError, UnicodeError, ValueError, HeaderParseError):
        return value


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value or "")


def split(raw: bytes) -> tuple[tuple[TextPart, ...], tuple[Attachment, ...]]:
    """The same from the mail itself, or from its beginning; the contents are decoded already."""
    parts: list[TextPart] = []
    attachments: list[Attachment] = []
    for part in email.message_from_bytes(raw).walk():
        kind = part.get_content_type()
        if part.is_multipart():
            continue
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        if kind in READABLE and part.get_content_disposition() != "attachment" and len(parts) < MAX_PARTS:
            charset = part.get_content_charset("")
            parts.append(TextPart(kind, charset, "8bit", content[:PART_LIMIT], len(content) > PART_LIMIT))
        else:
            name = _words(part.get_filename(""))[:MAX_WORD]
            attachments.append(Attachment(name, kind[:MAX_WORD], len(content)))
    return tuple(parts), tuple(attachments[:MAX_ATTACHMENTS])
