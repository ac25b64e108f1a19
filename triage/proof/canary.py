"""A mail of our own that must come through: put into the inbox each hour, noticed by the pipeline, moved to Trash.

It shows what no look at our own rows can: that new mail is still taken in. Off unless CANARY_MINUTES is set.
"""

from __future__ import annotations

import hmac
import re
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime

from django.conf import settings
from django.utils import timezone

from inbox_router.models import Halt
from routing.services import alert_managers
from triage.mailbox import ImapMailbox, MailboxError, Role
from triage.models import CaptureCheck, Mailbox, Message

CANARY = "canary-"  # how its Message-ID begins


def plant(mailbox: Mailbox) -> str:
    """Put one into the inbox, if that is wanted and allowed; its Message-ID, or "". Raises MailboxError."""
    allowed = "trash" in settings.ARMED and mailbox.started_at and not Halt.in_force().exists()
    if not settings.CANARY_MINUTES or not allowed:
        return ""
    now = timezone.now()
    message_id = canary_id(mailbox, f"{now:%Y%m%d%H%M%S}")
    with ImapMailbox.open(settings.MAILBOXES[mailbox.name]) as box:
        for outcome in box.append(Role.INBOX, [mail(mailbox, message_id, now)], ["\\Seen"]):
            if isinstance(outcome, MailboxError):
                raise outcome
    return message_id


def watch(mailbox: Mailbox) -> bool:
    """Whether the newest one that has had its time came through; the managers are told, once a day, if not."""
    before = timezone.now() - timedelta(minutes=settings.CANARY_MINUTES)
    check = CaptureCheck.objects.filter(mailbox=mailbox, at__lte=before).first() if settings.CANARY_MINUTES else None
    message_id = check.facts.get("canary") if check else ""
    if not message_id or Message.objects.filter(mailbox=mailbox, message_id=message_id).exists():
        return True
    alarm(mailbox, f"the test mail {message_id} was not taken in within {settings.CANARY_MINUTES} minutes")
    return False


def alarm(mailbox: Mailbox, why: str) -> None:
    """Tell the managers, once a day, that new mail may not come through; only where a canary is wanted."""
    if settings.CANARY_MINUTES:
        day = f"{timezone.now():%Y-%m-%d}"
        alert_managers(f"canary:{mailbox.name}:{day}", f"{mailbox}: new mail may not come through: {why}.")


def is_canary(message: Message) -> bool:
    """Whether a mail is one of ours: nobody else can make its Message-ID."""
    found = re.match(rf"<{CANARY}(\d+)\.", message.message_id)
    return found is not None and message.message_id == canary_id(message.mailbox, found[1])


def canary_id(mailbox: Mailbox, when: str) -> str:
    token = hmac.digest(settings.SECRET_KEY.encode(), f"canary:{mailbox.name}:{when}".encode(), "sha256").hex()[:32]
    return f"<{CANARY}{when}.{token}@inbox-router.invalid>"


def mail(mailbox: Mailbox, message_id: str, now: datetime) -> bytes:
    """A mail that tells people what it is, should they see it."""
    message = EmailMessage()
    address = settings.MAIL_FROM or mailbox.address or settings.MAILBOXES[mailbox.name].user
    message["From"] = message["To"] = address
    message["Subject"] = "Test mail of the inbox router"
    message["Date"] = format_datetime(now)
    message["Message-ID"] = message_id
    message["Auto-Submitted"] = "auto-generated"
    message.set_content("This mail shows that new mail is taken in. It goes to Trash by itself.\n")
    return message.as_bytes(policy=message.policy.clone(linesep="\r\n"))
