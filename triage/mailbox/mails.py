"""What the mailbox gateway hands out."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class FolderState:
    """A folder at a moment. UIDs mean something only together with its `uidvalidity`."""

    uidvalidity: int
    uidnext: int
    messages: int


@dataclass(frozen=True)
class TextPart:
    """A readable part as on the wire: `content` is still in its transfer `encoding` (lower case).

    `content_type` is text/plain, text/html, text/rfc822-headers (also for the header of a message within the
    message, just before its text), text/calendar or message/delivery-status. `truncated`: there was more than is
    read of a part.
    """

    content_type: str
    charset: str
    encoding: str
    content: bytes
    truncated: bool


@dataclass(frozen=True)
class Attachment:
    """What is attached, without its bytes; `size` in bytes, about, after decoding."""

    name: str
    content_type: str
    size: int


@dataclass(frozen=True)
class FetchedMail:
    """One mail: its header as on the wire and its readable parts, in their order. `size` in bytes on the server."""

    uid: int
    size: int
    flags: frozenset[str]
    received_at: datetime | None
    header: bytes
    parts: tuple[TextPart, ...]
    attachments: tuple[Attachment, ...]
