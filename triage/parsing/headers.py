"""The header block: found, unfolded and decoded field by field, within bounds.

Only what is asked for is decoded, and with the older, forgiving half of the standard library: the modern policy
raises on one real mail in two hundred and takes seconds on some.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from email.utils import parsedate_to_datetime
from functools import cached_property

from triage.parsing.charsets import decoded
from triage.parsing.cleaning import clean_line

BLOCK_LIMIT = 512_000  # bytes of a header block that are looked at
FIELD_LIMIT = 100_000  # bytes of one field
FIELDS = 500
KEPT_LIMIT = 500  # characters of a header that is kept for judges and reviewers

# fmt: off
KEPT = (
    "authentication-results", "auto-submitted", "content-type", "disposition-notification-to", "feedback-id",
    "from", "importance", "in-reply-to", "list-id", "list-post", "list-unsubscribe", "list-unsubscribe-post",
    "mailing-list", "organization", "precedence", "priority", "reply-to", "return-path", "sender", "user-agent",
    "x-auto-response-suppress", "x-autoreply", "x-autorespond", "x-autoresponder", "x-failed-recipients",
    "x-mailer", "x-mailgun-tag", "x-originating-ip", "x-priority", "x-spam-flag", "x-spam-level", "x-spam-score",
    "x-spam-status", "x-campaign", "x-campaignid", "x-form-name", "x-original-from", "x-original-sender",
)
# fmt: on

_FIELD = re.compile(rb"([!-9;-~]{1,100})[ \t]*:(.*)", re.DOTALL)
_MANY_ENCODED_WORDS = 400


@dataclass(frozen=True)
class Headers:
    """The fields of one header block, in order: (lower-case name, unfolded bytes)."""

    fields: tuple[tuple[str, bytes], ...]

    @cached_property
    def _by_name(self) -> dict[str, list[bytes]]:
        values: dict[str, list[bytes]] = {}
        for name, value in self.fields:
            values.setdefault(name, []).append(value)
        return values

    def raw(self, name: str) -> list[bytes]:
        """Every occurrence of a field, undecoded."""
        return self._by_name.get(name, [])

    def has(self, name: str) -> bool:
        return name in self._by_name

    def text(self, name: str) -> str:
        """The first occurrence of a field, undecoded words and all; "" if it is absent. For structured fields."""
        return decoded(next(iter(self.raw(name)), b""))

    def texts(self, name: str) -> list[str]:
        """Every occurrence of a field, as `text`."""
        return [decoded(value) for value in self.raw(name)]

    def line(self, name: str, limit: int = 1000) -> str:
        """The first occurrence of a field as one readable line; "" if it is absent. For unstructured fields."""
        return clean_line(readable(self.text(name)[: limit * 20]), limit)

    def kept(self) -> dict[str, str]:
        """The headers that judges and reviewers see."""
        return {name: self.line(name, KEPT_LIMIT) for name in KEPT if self.has(name)}


def read_headers(block: bytes) -> Headers:
    """Split a header block into its fields; lines that belong to no field are ignored."""
    return Headers(tuple(_fields(block[:BLOCK_LIMIT])))


def _fields(block: bytes) -> Iterator[tuple[str, bytes]]:
    for line in _unfolded(block)[:FIELDS]:
        if match := _FIELD.match(line):
            yield match[1].decode("ascii").lower(), match[2].strip()[:FIELD_LIMIT]


def _unfolded(block: bytes) -> list[bytes]:
    """One entry a field: continuation lines are joined to theirs; the empty line ends the block."""
    entries: list[list[bytes]] = []
    for line in re.split(rb"\r\n|\n|\r", block.lstrip(b"\r\n")):
        if not line:
            break
        if line[:1] in b" \t" and entries:
            entries[-1].append(line)
        else:
            entries.append([line])
    return [b"".join(entry) for entry in entries]


def readable(value: str) -> str:
    """Decode the encoded words of RFC 2047 in `value`; what cannot be decoded stays as it is."""
    if "=?" not in value or value.count("=?") > _MANY_ENCODED_WORDS:
        return value
    try:
        chunks = decode_header(value)
    except (HeaderParseError, ValueError):
        return value
    return "".join(chunk if isinstance(chunk, str) else decoded(chunk, charset or "") for chunk, charset in chunks)


def content_type(value: str) -> tuple[str, dict[str, str]]:
    """Read a Content-Type: ("multipart/report", {"report-type": "delivery-status", ...})."""
    kind, _, rest = value[:2000].partition(";")
    holder = Message()
    holder["content-type"] = " ".join(f"{kind};{rest}".split())
    try:
        params = {key.lower(): str(text) for key, text in (holder.get_params() or [])[1:] if isinstance(text, str)}
    except (ValueError, IndexError):
        params = {}
    return kind.strip().lower(), params


def date(value: str) -> datetime | None:
    """Read a Date field as an aware time; None if it is no date or an absurd one."""
    try:
        moment = parsedate_to_datetime(value[:200])
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        moment = moment.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return moment if 1980 <= moment.year < 2100 else None
