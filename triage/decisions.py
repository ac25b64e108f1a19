"""Writing a decision about a message down: claim it, log it, owe what follows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.utils import timezone

from crm.models import AuditEntry, Lead
from crm.services import Entry, record
from routing.models import Salesperson
from triage.models import MailboxDelivery, Message, Run
from triage.threads import Participant

REVIEW_LABEL = "Review"


@dataclass(frozen=True)
class Known:
    """What we know around a message that its judgement cannot know."""

    participants: Sequence[Participant] = ()
    colleagues: Mapping[str, Salesperson] = field(default_factory=dict)
    is_contact: bool = False
    lead: Lead | None = None

    @property
    def colleagues_in_thread(self) -> list[tuple[Salesperson, Participant]]:
        """Those of our salespeople who wrote in the thread, each with their latest mail."""
        latest = {p.address: p for p in self.participants if p.wrote and self._is_here(p.address)}
        return [(self.colleagues[address], wrote) for address, wrote in latest.items()]

    def _is_here(self, address: str) -> bool:
        """One of us, who has not left."""
        return address in self.colleagues and self.colleagues[address].active


def claim(message: Message, status: Message.Status, *, run: Run | None, reason: str = "") -> bool:
    """Move a judged message on, if nobody else did so meanwhile; the version counts the decisions."""
    message.status, message.review_reason = status, reason[:300]
    message.decided_at, message.decided_run = timezone.now(), run
    mine = Message.objects.filter(pk=message.pk, version=message.version, status=Message.Status.CLASSIFIED)
    message.version += 1
    return bool(
        mine.update(
            status=status,
            review_reason=message.review_reason,
            decided_at=message.decided_at,
            decided_run=run,
            version=message.version,
        )
    )


def to_review(message: Message, reason: str, *, run: Run | None) -> None:
    """Flag a message for a person, with the reason."""
    if claim(message, Message.Status.REVIEW, run=run, reason=reason):
        owe(MailboxDelivery.of(message, MailboxDelivery.Deed.LABEL, label=REVIEW_LABEL))
        note(message, "to review", "Waits for a person", reason=reason)


def owe(*deliveries: MailboxDelivery) -> None:
    MailboxDelivery.objects.bulk_create(deliveries)


def note(message: Message, action: str, summary: str, actor: str = "", reason: str = "") -> None:
    """Log a decision about a message."""
    record([entry(message, action, summary, actor, reason)])


def entry(message: Message, action: str, summary: str, actor: str = "", reason: str = "") -> Entry:
    return Entry(
        key=f"message:{message.pk}:{action}:{message.version}",
        action=action,
        subject=f"message:{message.pk}",
        summary=summary,
        reason=reason,
        actor=actor or "Inbox Router",
        actor_kind=AuditEntry.Actor.PERSON if actor else AuditEntry.Actor.SYSTEM,
        sender=message.sender_address,
        mail_subject=message.subject,
    )
