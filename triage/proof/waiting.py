"""What waits for a person or for the program, and for how long; nobody should have to look to find out."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db.models import Count, Min
from django.utils import timezone

from inbox_router.delivery import kinds
from routing.services import alert_managers
from triage.models import Message

WAITING = (Message.Status.REVIEW, Message.Status.QUARANTINED, Message.Status.FOUND, Message.Status.FILTERED)


def alert_waiting() -> int:
    """Tell the managers, once a day, what has waited too long; how many mails and deliveries that are."""
    now = timezone.now()
    since = now - timedelta(hours=settings.WAITING_ALERT_HOURS)
    mails = Message.objects.filter(status__in=WAITING, created_at__lte=since, backfilled=False)
    found = mails.aggregate(count=Count("pk"), oldest=Min("created_at"))
    troubled = sum(kind.in_trouble().filter(created_at__lte=since).count() for kind in kinds())
    sentences = []
    if found["count"]:
        hours = int((now - found["oldest"]) / timedelta(hours=1))
        sentences.append(f"Mails that wait for a person: {found['count']}, the oldest for {hours} hours.")
    if troubled:
        sentences.append(f"Deliveries in trouble: {troubled}.")
    if sentences:
        alert_managers(f"waiting:{now:%Y-%m-%d}", " ".join([*sentences, f"{settings.SITE_URL}/admin/"]))
    return int(found["count"]) + troubled
