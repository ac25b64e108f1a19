"""Mail that the language model was not asked about, as its budget was spent: it is asked when there is one again.

Until then such mail waits for a person, who may be faster.
"""

from __future__ import annotations

from django.conf import settings
from django.db import transaction
from django.db.models import F, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from triage.decisions import REVIEW_LABEL, note, owe
from triage.learning import budget
from triage.models import Aside, Claim, Classification, Decision, Mailbox, MailboxDelivery, Message, Queue

AT_ONCE = 50  # messages


def unasked() -> QuerySet[Message]:
    """What waits for a person only because the model was not asked."""
    newest = Classification.objects.filter(message=OuterRef("pk")).order_by("-pk").values("spared")[:1]
    waiting = Message.objects.filter(status=Message.Status.REVIEW)
    return waiting.annotate(spared=Subquery(newest)).filter(spared=Classification.Spared.BUDGET)


def take_up(mailbox: Mailbox) -> int:
    """Send mail back to the judges, the oldest first, as much as the budget pays for; how many.

    What somebody looks at, decided or put aside stays theirs. Nothing is sent back twice for the same money.
    """
    if not settings.LLM_MODEL:
        return 0
    rows = list(
        unasked()
        .filter(_untouched(), mailbox=mailbox)
        .select_related("mailbox")
        .order_by("backfilled", "received_at", "pk")[:AT_ONCE]
    )
    purse = budget.purse() if rows else None
    if purse is None or purse.spent:
        return 0
    return sum(_send_back(message) for message in rows[: purse.enough_for(len(rows))])


def _untouched() -> Q:
    claimed = Claim.objects.filter(queue=Queue.REVIEWS, until__gt=timezone.now()).values("row")
    aside = Aside.objects.filter(queue=Queue.REVIEWS).values("row")
    return ~Q(Decision.held_of_message()) & ~Q(pk__in=claimed) & ~Q(pk__in=aside)


@transaction.atomic
def _send_back(message: Message) -> bool:
    """Let the judges have a message again, unless somebody was faster."""
    same = Message.objects.filter(_untouched(), pk=message.pk, version=message.version, status=Message.Status.REVIEW)
    if not same.update(status=Message.Status.FILTERED, review_reason="", version=F("version") + 1):
        return False
    message.version += 1
    owe(MailboxDelivery.of(message, MailboxDelivery.Deed.UNLABEL, label=REVIEW_LABEL))
    note(message, "judged again", "The language model is asked again: back to the judges")
    return True
