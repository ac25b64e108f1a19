"""What waits for a person or for the program, and for how long; nobody should have to look to find out."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Count, Min
from django.utils import timezone

from routing.services import alert_managers
from triage.models import Message

WAITING = (Message.Status.REVIEW, Message.Status.QUARANTINED, Message.Status.FOUND, Message.Status.FILTERED)


def alert_waiting() -> int:
    """Tell the managers, once a day, how much has waited too long; how many messages that are."""
    now = timezone.now()
    late = Message.objects.filter(status__in=WAITING, created_at__lte=now - patience())
    found = late.aggregate(count=Count("pk"), oldest=Min("created_at"))
    if found["count"]:
        alert_managers(f"waiting:{now:%Y-%m-%d}", sentence(found["count"], found["oldest"], now))
    return int(found["count"])


def patience() -> timedelta:
    return timedelta(hours=settings.WAITING_ALERT_HOURS)


def sentence(count: int, oldest: datetime, now: datetime) -> str:
    hours = int((now - oldest) / timedelta(hours=1))
    many = "mail waits" if count == 1 else "mails wait"
    return f"{count} {many} for a person, the oldest for {hours} hours: {settings.SITE_URL}/admin/"
