"""The demo's mails: plain files, written as if it were noon of 15 January 2026, moved to any other time."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from pathlib import Path

from django.conf import settings

FOLDER = Path(settings.BASE_DIR) / "templates" / "demo" / "mails"
WRITTEN_AT = datetime(2026, 1, 15, 12, tzinfo=UTC)
UNDATED = timedelta(minutes=20)  # how old a mail without any date is
# folder of the files: (folder of the mailbox, unread)
PLACES = {"inbox": ("INBOX", True), "read": ("INBOX", False), "sent": ("Sent", False)}
DATE = re.compile(rb"\w{3},\s+\d{1,2}\s+\w{3}\s+\d{4}\s+\d\d:\d\d:\d\d\s+[+-]\d{4}")


@dataclass(frozen=True)
class DemoMail:
    """One mail and where it lies: its bytes with CRLF line ends, the folder, when it came, and whether it was read."""

    raw: bytes
    folder: str
    received_at: datetime
    unread: bool


def demo_mails(now: datetime) -> list[DemoMail]:
    """Return all mails, oldest first, as if the newest had come some minutes before `now`."""
    mails = [
        mail_from(path.read_bytes(), folder, unread, now - WRITTEN_AT)
        for name, (folder, unread) in PLACES.items()
        for path in sorted((FOLDER / name).glob("*.eml"))
    ]
    return sorted(mails, key=lambda mail: mail.received_at)


def mail_from(raw: bytes, folder: str, unread: bool, later: timedelta) -> DemoMail:
    """Return the mail with the dates in its headers moved; the topmost one is when it came."""
    head, gap, body = with_crlf(raw).partition(b"\r\n\r\n")
    moved = DATE.sub(lambda found: format_datetime(_date(found[0]) + later).encode(), head)
    topmost = DATE.search(moved)
    received_at = _date(topmost[0]) if topmost else WRITTEN_AT + later - UNDATED
    return DemoMail(moved + gap + body, folder, received_at, unread)


def with_crlf(raw: bytes) -> bytes:
    """Return the mail with the line ends that mail has on a server."""
    return raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def _date(value: bytes) -> datetime:
    return parsedate_to_datetime(value.decode("ascii", "replace"))
