"""Stage 6: the inbox stays clean. Leads are archived; spam and newsletters go to Trash, a run later.

Accounting and review mail stays in the inbox for people. Here the moves are only owed; the courier looks
once more, just before it moves a mail, whether a person moved or flagged it.
"""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from crm.models import Contact
from triage.models import Category, Classification, MailboxDelivery, Message
from triage.stages.context import Context

Deed, Status = MailboxDelivery.Deed, Message.Status


def run(context: Context) -> int:
    """Owe the move of each logged message that is ready for it; how many there were."""
    again = judged_anew(context)
    ready = [*leads(context), *ripe_trash(context)]
    if not ready:
        return again
    moves = [MailboxDelivery.of(message, deed) for message in ready if (deed := move_of(message))]
    with transaction.atomic():
        context.lease.renew()
        taken = Message.objects.filter(pk__in=[message.pk for message in ready], status=Status.LOGGED)
        if taken.update(status=Status.DONE) != len(ready):
            raise RuntimeError("a message changed while it was cleaned up")  # rolled back; the next run sees it anew
        MailboxDelivery.objects.bulk_create(moves)
    return len(ready) + again


def judged_anew(context: Context) -> int:
    """Put mail that waits for Trash back before the act stage, if its sender became a customer meanwhile.

    There a person is asked; unless it was a person who decided on Trash.
    """
    customers = Contact.objects.filter(address=OuterRef("sender_address"), created_at__gte=OuterRef("decided_at"))
    by_person = Classification.objects.filter(message=OuterRef("pk"), judge=Classification.Judge.PERSON)
    doubtful = Message.objects.filter(
        Exists(customers),
        ~Exists(by_person),
        mailbox=context.mailbox,
        backfilled=False,
        status=Status.LOGGED,
        category__in=Category.trashed(),
    )
    with transaction.atomic():
        context.lease.renew()
        return doubtful.update(status=Status.CLASSIFIED)


def leads(context: Context) -> QuerySet[Message]:
    """Everything that is not for Trash: its move, if it has one, may follow at once."""
    rows = Message.objects.filter(mailbox=context.mailbox, status=Status.LOGGED)
    return rows.exclude(category__in=Category.trashed(), backfilled=False).select_related("mailbox").order_by("pk")


def ripe_trash(context: Context) -> QuerySet[Message]:
    """Spam and newsletters that an earlier run, long enough ago, marked for Trash; as many as a day may have."""
    before = context.run.started_at - timedelta(seconds=settings.TRASH_DELAY)
    rows = Message.objects.filter(
        mailbox=context.mailbox,
        backfilled=False,
        status=Status.LOGGED,
        category__in=Category.trashed(),
        decided_at__lte=before,
    )
    a_day = MailboxDelivery.objects.filter(deed=Deed.TRASH, created_at__gte=timezone.now() - timedelta(days=1))
    left = max(0, settings.TRASH_DAILY_CAP - a_day.count())
    return rows.exclude(decided_run=context.run).select_related("mailbox").order_by("pk")[:left]


def move_of(message: Message) -> MailboxDelivery.Deed | None:
    """Where a message goes in the end; None for what stays in the inbox for people, and for old mail."""
    if message.backfilled:
        return None
    if message.category in Category.trashed():
        return Deed.TRASH
    return Deed.ARCHIVE if message.category == Category.LEAD else None
