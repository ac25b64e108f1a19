"""What waits for a person, and in which order."""

from django.conf import settings
from django.db.models import BooleanField, Case, F, Q, QuerySet, Value, When

from inbox_router.delivery import Delivery, kinds
from triage.learning import budget, put_off
from triage.models import CaptureCheck, Category, Decision, Draft, Mailbox, Message

LEAD_LIKE = 0.3  # a guess of "lead" with this confidence is worth more if it does not wait


def review_queue() -> QuerySet[Message]:
    """Messages that wait for a decision: what looks like a lead first, then the oldest.

    Old mail that was taken up later comes behind all new mail, and the audit sample last.
    """
    sampled = Q(sample=Message.Sample.WAITING, status__in=Message.FILED)
    lead_like = Q(category=Category.LEAD, confidence__gte=LEAD_LIKE)
    waiting = Message.objects.filter(Q(status=Message.Status.REVIEW) | sampled, ~Decision.held_of_message())
    waiting = waiting.annotate(sampled=flag(sampled), lead_like=flag(lead_like))
    return waiting.order_by("sampled", "backfilled", "-lead_like", "received_at", "pk")


def flag(condition: Q) -> Case:
    """Whether a row is so, as a column."""
    return Case(When(condition, then=Value(True)), default=Value(False), output_field=BooleanField())


def draft_queue() -> QuerySet[Draft]:
    """Drafts that wait for approval: those that were approved before and not sent first, then the oldest."""
    waiting = Draft.objects.filter(~Decision.held_of_draft(), state=Draft.State.WAITING)
    return waiting.order_by(F("sent_back_at").asc(nulls_last=True), "created_at", "pk")


def unread_mail() -> QuerySet[Message]:
    """Messages that could not be read."""
    return Message.objects.filter(status=Message.Status.QUARANTINED).order_by("-pk")


def troubled_mailboxes() -> QuerySet[Mailbox]:
    """Mailboxes whose last run failed."""
    return Mailbox.objects.filter(active=True).exclude(last_error="").order_by("name")


def gaps() -> list[CaptureCheck]:
    """The newest check of each mailbox in which mail was missing."""
    checks = CaptureCheck.objects.select_related("mailbox").order_by("-pk")
    newest = (checks.filter(mailbox=mailbox).first() for mailbox in Mailbox.objects.filter(active=True))
    return [check for check in newest if check and check.unexplained]


def troubled_deliveries() -> list[Delivery]:
    """Deliveries that failed, fail again and again, or may not have been done, of every kind, the newest first."""
    rows = [row for kind in kinds() for row in kind.in_trouble().order_by("-pk")[:50]]
    return sorted(rows, key=lambda row: row.created_at, reverse=True)


def spent_budget() -> budget.Spent | None:
    """The budget of the language model of which nothing is left, if it is asked at all."""
    return budget.exhausted() if settings.LLM_MODEL else None


def waiting_for_budget() -> int:
    """How many mails wait for a person only because the language model was not asked."""
    return put_off.unasked().count()


def reviews() -> int:
    return review_queue().count()


def drafts() -> int:
    return draft_queue().count()


def drafts_again() -> int:
    """How many of the drafts were approved before and not sent: the customer had written again."""
    return draft_queue().exclude(sent_back_at=None).count()


def problems() -> int:
    deliveries = sum(kind.in_trouble().count() for kind in kinds())
    mail = unread_mail().count() + troubled_mailboxes().count() + len(gaps())
    return deliveries + mail + (spent_budget() is not None)
