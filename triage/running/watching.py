"""Runs the pipeline as soon as new mail is announced, and each minute anyway.

Being told is only a wake-up call: it can get lost, and what counts is each run's own look at the mailbox.
"""

import logging
import random
import threading
import time
from typing import NoReturn

from django.conf import settings
from django.db import DatabaseError, close_old_connections

from inbox_router.environment import MailboxAccount
from triage.mailbox import ImapMailbox, MailboxError
from triage.services import process

log = logging.getLogger(__name__)

MINUTE = 60.0  # seconds from the end of a run to the next one, at most
BUSY = 1.0  # seconds until the next one where another run had the mailbox and may just have missed the mail
RENEW = 300.0  # seconds in IDLE: a line that broke silently is noticed then; half an hour is the most allowed
POLL = 15.0  # seconds, where the server announces nothing
LONGEST_PAUSE = 300.0  # seconds, between attempts to connect


def watch() -> NoReturn:
    """Run for ever. SIGTERM ends it by the exception that its handler raises."""
    news = threading.Event()
    for account in settings.MAILBOXES.values():
        threading.Thread(target=listen, args=(account, news), name=f"listen {account.name}", daemon=True).start()
    while True:
        news.clear()
        news.wait(BUSY if run() else MINUTE)


def run() -> bool:
    """Run the pipeline once; whether somebody else was at it in one of the mailboxes. Never raises."""
    close_old_connections()
    try:
        report = process()
    except DatabaseError as error:
        log.error("the database cannot be used: %s", " ".join(str(error).split())[:200])
        return False
    except Exception:  # the loop never exits
        log.exception("a run failed unexpectedly")
        return False
    for name, counts in report.mailboxes.items():
        if shown := ", ".join(f"{count} {what}" for what, count in sorted(counts.items()) if count):
            log.info("%s: %s", name, shown)
    for name, trouble in report.errors.items():
        log.error("%s: %s", name, trouble)
    return bool(report.busy)


def listen(account: MailboxAccount, news: threading.Event) -> NoReturn:
    """Set `news` whenever mail may have come. Connects anew after any trouble, ever more slowly."""
    pause = 1.0
    while True:
        try:
            with ImapMailbox.open(account) as box:
                log.info("%s: listening for new mail", account.name)
                news.set()  # while nobody listened some may have come
                while True:
                    if wait(box):
                        news.set()
                    pause = 1.0
        except MailboxError as error:
            pause = min(max(2 * pause, error.retry_after), LONGEST_PAUSE)
            log.warning("%s: %s; connecting again in %.0f s", account.name, error, pause)
            time.sleep(pause * random.uniform(0.75, 1.25))  # noqa: S311 (no secret)


def wait(box: ImapMailbox) -> bool:
    """Whether it is worth looking for mail now."""
    if box.announces_mail:
        return box.wait_for_mail(RENEW)
    time.sleep(POLL)
    return True
