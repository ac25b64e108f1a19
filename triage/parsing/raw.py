"""A whole mail as bytes, split as the mailbox gateway hands it out."""

import email
import re
from collections.abc import Iterator
from email.message import Message
from typing import Any

from triage.mailbox.mails import Attachment, FetchedMail, TextPart
from triage.parsing.bodies import EMBEDDED, INVITATION, PART_LIMIT, PARTS, STATUS
from triage.parsing.cleaning import clean_line
from triage.parsing.headers import BLOCK_LIMIT, readable

SIZE_LIMIT = 50_000_000  # bytes of a mail that are looked at
DEPTH = 20  # multiparts within each other that are followed
_READABLE = {"text/plain", "text/html", EMBEDDED, INVITATION}
_END_OF_HEADER = re.compile(rb"\r\n\r\n|\n\n|\r\r")


def fetched_from_bytes(raw: bytes) -> FetchedMail:
    """Split a raw mail; the contents are decoded already. Never fails: what has no structure is one plain part."""
    raw = raw.removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n")[:SIZE_LIMIT]
    if raw.startswith(b"From "):
        raw = raw.partition(b"\n")[2]  # the separator of an mbox file
    end = _END_OF_HEADER.search(raw)
    header = raw[: end.end() if end else len(raw)][:BLOCK_LIMIT]
    try:
        pieces = list(_pieces(email.message_from_bytes(raw), 0))
    except (RecursionError, ValueError, LookupError, IndexError, AttributeError, TypeError):
        pieces = [TextPart("text/plain", "", "", raw[len(header) :][:PART_LIMIT], len(raw) > PART_LIMIT)]
    parts = [piece for piece in pieces if isinstance(piece, TextPart)][:PARTS]
    attachments = [piece for piece in pieces if isinstance(piece, Attachment)]
    return FetchedMail(0, len(raw), frozenset(), None, header, tuple(parts), tuple(attachments))


def _pieces(message: Message, depth: int) -> Iterator[TextPart | Attachment]:
    kind = message.get_content_type()
    payload: Any = message.get_payload()
    if kind == STATUS:
        blocks = payload if isinstance(payload, list) else [payload]
        yield _part(kind, message, "\n\n".join(map(str, blocks)).encode("utf-8", "replace"))
    elif isinstance(payload, list):
        for child in payload if depth < DEPTH else ():
            if kind == "message/rfc822":
                yield TextPart(EMBEDDED, "", "", _header(child), False)
            yield from _pieces(child, depth + 1)
    elif kind in _READABLE and message.get_content_disposition() != "attachment":
        yield _part(kind, message, message.get_payload(decode=True))  # type: ignore[arg-type]
    else:
        size = len(payload or "") * 57 // 78 if _is_base64(message) else len(payload or "")
        yield Attachment(_filename(message), kind, size)


def _part(kind: str, message: Message, content: bytes) -> TextPart:
    charset = str(message.get_param("charset", "") or "")
    return TextPart(kind, charset, "", content[:PART_LIMIT], len(content) > PART_LIMIT)


def _is_base64(message: Message) -> bool:
    return str(message.get("content-transfer-encoding", "")).strip().lower() == "base64"


def _header(message: Message) -> bytes:
    lines = (f"{name}: {value}\n" for name, value in message.raw_items())
    return "".join(lines).encode("utf-8", "surrogateescape")[:BLOCK_LIMIT]


def _filename(message: Message) -> str:
    try:
        return clean_line(readable(message.get_filename("") or ""), 200)
    except (ValueError, LookupError):
        return ""
