"""Stage 4: what follows from a judgement, in one transaction per message.

The claim on the message, the lead and its owner, the draft, the audit entries and the deliveries owed
commit together or not at all. Nothing outside the database is touched here.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction

from crm.models import Contact, Lead
from crm.services import recorded_at_once
from inbox_router.shown import recorded
from routing.services import colleagues
from triage.decisions import Known, claim, evidence, note, owe, to_review
from triage.leads import act_on_lead
from triage.models import Category, Classification, MailboxDelivery, Message, Run
from triage.models.mailbox import LeaseLost
from triage.threads import participants

if TYPE_CHECKING:
    from triage.pipeline import Context

log = logging.getLogger(__name__)

ACCOUNTING_LABEL = "Accounting"


def run(context: Context) -> int:
    """Act on each judged message. One that fails goes to a person and costs the others nothing."""
    waiting = Message.objects.filter(mailbox=context.mailbox, status=Message.Status.CLASSIFIED)
    messages = list(waiting.select_related("mailbox").order_by("received_at", "pk"))
    judgements = newest_judgements(messages)
    surroundings = known(messages)
    for message in messages:
        try:
            with transaction.atomic(), recorded_at_once():
                context.lease.renew()
                act_on(message, judgements[message.pk], surroundings[message.pk], run=context.run)
        except LeaseLost:
            raise
        except Exception as error:
            log.exception("message %s could not be acted on", message.pk)
            with transaction.atomic():
                context.lease.renew()
                to_review(message, f"acting on it failed: {type(error).__name__}", run=context.run)
        context.counts[message.category if message.status != Message.Status.REVIEW else "review"] += 1
    return len(messages)


def newest_judgements(messages: Sequence[Message]) -> dict[int, Classification]:
    rows = Classification.objects.filter(message__in=messages).order_by("pk")
    return {row.message_id: row for row in rows}


def known(messages: Sequence[Message]) -> dict[int, Known]:
    """What is known around each of these messages; the same few statements, however many they are."""
    team = colleagues()
    people = participants(messages, team)
    threads = {message.thread_id for message in messages}
    leads = {lead.thread_id: lead for lead in Lead.objects.filter(thread_id__in=threads)}
    senders = {message.sender_address for message in messages}
    contacts = set(Contact.objects.filter(address__in=senders).values_list("address", flat=True))
    return {
        message.pk: Known(people[message.pk], team, message.sender_address in contacts, leads.get(message.thread_id))
        for message in messages
    }


def act_on(
    message: Message, judgement: Classification, around: Known, *, run: Run | None = None, actor: str = ""
) -> None:
    """Carry out a judgement of a message; to be called in a transaction.

    `actor` is the person who decided, if one did: then it is not put up for review again.
    """
    reason = "" if actor else review_reason(message, judgement, around)
    if reason:
        to_review(message, reason, run=run)
        return
    if not claim(message, Message.Status.ACTED, run=run):
        return
    if message.category == Category.LEAD:
        act_on_lead(message, judgement, around, actor=actor)
    elif message.category in Category.trashed():
        rubbish = recorded(Category(message.category).label)
        note(message, "marked for trash", f"{rubbish}: to Trash on the next run", actor)
    elif message.category == Category.ACCOUNTING:
        owe(MailboxDelivery.of(message, MailboxDelivery.Deed.LABEL, label=ACCOUNTING_LABEL))
        note(message, "left for accounting", "Accounting: labelled and left in the inbox", actor)
    else:
        note(message, "left", "None of the categories: left in the inbox", actor)


def review_reason(message: Message, judgement: Classification, around: Known) -> str:
    """Why a person has to look at it; empty if nobody has to. Pure."""
    if judgement.error:
        return f"the model gave no usable answer: {judgement.error}"
    if judgement.category == Category.UNCERTAIN:
        return judgement.reason or "the classifier is not sure what it is"
    if judgement.confidence < settings.REVIEW_THRESHOLD:
        category = recorded(Category(judgement.category).label)
        return f"{category}, {judgement.sure}: below the line of {settings.REVIEW_THRESHOLD:.0%}"
    if judgement.category == Category.LEAD and message.doubt:
        return f"it is not clear who wrote it: {message.doubt}"
    if judgement.category == Category.LEAD and not around.lead and around.maybe_in_conversation:
        return f"a lead, but somebody may be in conversation already: {evidence(around)}"
    if judgement.category in Category.trashed() and judgement.needs_second_key:
        return f"looks like {judgement.category}, but the embedded classifier does not hold trashing it for safe"
    if judgement.category in Category.trashed() and around.participants:
        return f"looks like {judgement.category}, but in this thread {evidence(around)}"
    if judgement.category in Category.trashed() and (around.is_contact or around.lead):
        return f"looks like {judgement.category}, but the sender is a customer of ours"
    return ""
