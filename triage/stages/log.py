"""Stage 5: the closing line of each mail in the audit log, which is mirrored to the spreadsheet.

Every step was logged in the transaction that did it. This is the line that tells a mail's whole story: what
it was, how sure that is, who has it now.
"""

from __future__ import annotations

from django.db import transaction

from crm.models import Lead
from crm.services import record
from inbox_router.shown import recorded
from triage.decisions import entry
from triage.models import Category, Message
from triage.stages.context import Context


def run(context: Context) -> int:
    """Log each message that was acted on."""
    waiting = Message.objects.filter(mailbox=context.mailbox, status=Message.Status.ACTED)
    messages = list(waiting.select_related("mailbox").order_by("pk"))
    if not messages:
        return 0
    threads = {message.thread_id for message in messages if message.category == Category.LEAD}
    owners = dict(Lead.objects.filter(thread_id__in=threads).values_list("thread_id", "owner_name"))
    with transaction.atomic():
        context.lease.renew()
        record([entry(message, "processed", story(message, owners)) for message in messages])
        Message.objects.filter(pk__in=[message.pk for message in messages], status=Message.Status.ACTED).update(
            status=Message.Status.LOGGED
        )
    return len(messages)


def story(message: Message, owners: dict[str, str]) -> str:
    """One line about a mail: what it is, how sure that is, whose it is."""
    sure = f" ({message.confidence:.0%} sure)" if message.confidence is not None else ""
    owner = owners.get(message.thread_id, "")
    return f"{recorded(Category(message.category).label)}{sure}{f', with {owner}' if owner else ''}"
