"""The kill switch as people throw it: in force at once, and in the log."""

from django.contrib.auth.models import User
from django.db import transaction

from crm.models import AuditEntry
from crm.services import Entry, record
from inbox_router.models import Halt


def stop(user: User, why: str) -> bool:
    """Do nothing outside any more; what is owed stays owed. False if it was stopped already."""
    with transaction.atomic():
        before = Halt.objects.count()
        Halt.begin(str(user), why)
        if Halt.objects.count() == before:
            return False
        record([entry("stopped", user, "Outside effects stopped", why)])
    return True


def go_on(user: User) -> bool:
    """Let the deliveries go on, with what is owed; False if nothing was stopped."""
    with transaction.atomic():
        if not Halt.in_force().exists():
            return False
        record([entry("go on", user, "Outside effects go on")])
        Halt.end(str(user))
    return True


def entry(deed: str, user: User, summary: str, why: str = "") -> Entry:
    halt = Halt.in_force().get()
    return Entry(
        key=f"halt:{halt.since.isoformat()}:{deed}",
        action=f"outside effects {deed}",
        subject=f"halt:{halt.pk}",
        summary=summary,
        reason=why,
        actor=str(user),
        actor_kind=AuditEntry.Actor.PERSON,
    )
