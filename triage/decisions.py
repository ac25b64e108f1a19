"""Writing a decision about a message down: claim it, log it, owe what follows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.db.models import QuerySet
from django.utils import timezone

from crm.models import AuditEntry, Lead
from crm.services import Entry, record
from routing.models import Salesperson
from routing.services import Participant
from triage.models import MailboxDelivery, Message, Run

REVIEW_LABEL = "Review"


@dataclass(frozen=True)
class Known:
    """What we know around a message that its judgement cannot know. `team` is everybody by address."""

    participants: Sequence[Participant] = ()
    team: Mapping[str, Salesperson] = field(default_factory=dict)
    is_contact: bool = False
    lead: Lead | None = None

    @property
    def in_conversation(self) -> Participant | None:
        """One of us who is in the thread, by good evidence."""
        return next((participant for participant in self.participants if not participant.weak), None)

    @property
    def owner(self) -> Salesperson | None:
        """Who of us has the lead of this thread and is still there."""
        person = self.team.get(self.lead.owner_email) if self.lead and self.lead.stage != Lead.Stage.JUNK else None
        return person if person and person.active else None

    @property
    def maybe_in_conversation(self) -> Participant | None:
        """One of us who may be in the thread: only copied, or long ago. Who has left is not asked for."""
        weak = (one for one in self.participants if one.weak and self.team[one.email].active)
        return None if self.in_conversation else next(weak, None)


def evidence(around: Known) -> str:
    """Who of us is in the thread and how that is known: "Ana wrote on 12 Nov; Ben was only CC'd on 3 Mar"."""
    return "; ".join(participant.evidence for participant in around.participants)


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
    """Owe these to the mailbox. An old mail is not labelled or moved; it has a reply only if somebody asks for one."""
    wanted = [each for each in deliveries if each.draft_id or not each.message.backfilled]
    MailboxDelivery.objects.bulk_create(wanted)


def call_off(deliveries: QuerySet[MailboxDelivery], why: str) -> None:
    """Drop those that are still owed."""
    state = MailboxDelivery.State
    open_ones = deliveries.filter(state__in=(*MailboxDelivery.WAITING, state.FAILED))
    open_ones.update(state=state.CANCELLED, evidence=f"called off: {why}")


def note(message: Message, action: str, summary: str, actor: str = "", reason: str = "") -> None:
    """Log a decision about a message."""
    record([entry(message, action, summary, actor, reason)])


def entry(message: Message, action: str, summary: str, actor: str = "", reason: str = "") -> Entry:
    return Entry(
        key=f"message:{message.name}:{action}:{message.version}",
        action=action,
        subject=f"message:{message.pk}",
        summary=summary,
        reason=reason,
        actor=actor or "Inbox Router",
        actor_kind=AuditEntry.Actor.PERSON if actor else AuditEntry.Actor.SYSTEM,
        sender=message.sender_address,
        mail_subject=message.subject,
    )
