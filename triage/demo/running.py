"""A running demo: how other programs on this machine reach it, and putting mail into its inbox."""

import fcntl
import imaplib
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from email import message_from_bytes
from pathlib import Path

from django.conf import settings

from inbox_router.environment import MailboxAccount
from triage.demo.mails import DemoMail, with_crlf

TIMEOUT = 10  # seconds
KNOWN_HEADERS = ("from", "to", "subject", "date", "received", "message-id")


class DemoError(Exception):
    """Why the demo cannot go on; one line that says what to do."""


@dataclass(frozen=True)
class Running:
    """Where the demo that runs just now is."""

    url: str
    mailbox: MailboxAccount


def facts_file() -> Path:
    return Path(settings.DATA_DIR) / "demo.json"


@contextmanager
def announced(running: Running) -> Iterator[None]:
    """Let other programs of this user find the demo while it runs."""
    path = facts_file()
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_text(json.dumps(asdict(running)))
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


@contextmanager
def only_one() -> Iterator[None]:
    """Refuse a second demo in the same data folder: it would wipe the first one's database."""
    with (Path(settings.DATA_DIR) / "demo.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DemoError("A demo is running already. End it with Ctrl+C in its terminal first.") from None
        yield


def find() -> Running:
    """Return the running demo; raises DemoError if there is none."""
    try:
        facts = json.loads(facts_file().read_text())
    except (OSError, ValueError):
        raise DemoError("No demo is running. Start one with `make demo` in another terminal.") from None
    return Running(facts["url"], MailboxAccount(**facts["mailbox"]))


def read_mail(path: Path) -> DemoMail:
    """Return a file's mail as one that comes in now; raises DemoError if it is none."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise DemoError(f"{path} cannot be read: {error.strerror}.") from None
    headers = {name.lower() for name in message_from_bytes(raw).keys()}  # noqa: SIM118 (it is no dict)
    if not headers.intersection(KNOWN_HEADERS):
        raise DemoError(f"{path} is no mail: it does not begin with headers such as From: and Subject:.")
    return DemoMail(with_crlf(raw), "INBOX", datetime.now(UTC), unread=True)


def put(account: MailboxAccount, mails: Iterable[DemoMail]) -> None:
    """Add mails to a mailbox over IMAP, as a mail server would deliver them."""
    try:
        with imaplib.IMAP4(account.host, account.port, timeout=TIMEOUT) as client:
            client.login(account.user, account.password)
            for mail in mails:
                flags = "" if mail.unread else r"\Seen"
                status, answer = client.append(
                    mail.folder, flags, imaplib.Time2Internaldate(mail.received_at), mail.raw
                )
                if status != "OK":
                    raise DemoError(f"The demo's mail server refused the mail: {answer!r}.")
    except (OSError, imaplib.IMAP4.error) as error:
        raise DemoError(f"The demo's mail server does not answer ({error}). Is `make demo` still running?") from None
