"""Stage 4: what follows from a judgement, in one transaction per message.

The claim on the message, the lead and its owner, the draft, the audit entries and the deliveries owed
commit together or not at all. Nothing outside the database is touched here.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from django.conf import settings
from django.db import OperationalError, transaction

from crm.models import Contact, Lead
from crm.services import recorded_at_once
from inbox_router.shown import recorded
from routing.services import colleagues
from triage.decisions import Known, claim, evidence, note, owe, to_review
from triage.leads import act_on_lead
from triage.learning import audit
from triage.machines import file_with_lead, keep_absence
from triage.models import Category, Classification, MailboxDelivery, Message, Run
from triage.models.mailbox import LeaseLost
from triage.stages.context import Context
from triage.threads import participants

log = logging.getLogger(__name__)

ACCOUNTING_LABEL = "Accounting"


def run(context: Context) -> int:
    """Act on each judged message. One that fails goes to a person and costs the others nothing.

    Where only the database was busy the run ends, and the next one goes on with the same message.
    """
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
            if is_busy(error):
                raise
            log.exception("message %s could not be acted on", message.pk)
            with transaction.atomic():
                context.lease.renew()
                to_review(message, f"acting on it failed: {type(error).__name__}", run=context.run)
        context.counts[message.category if message.status != Message.Status.REVIEW else "review"] += 1
    return len(messages)


def is_busy(error: Exception) -> bool:
    """Whether nothing is wrong with the message, but the database was too long at work for others."""
    return isinstance(error, OperationalError) and any(word in str(error) for word in ("locked", "deadlock", "timeout"))


def newest_judgements(messages: Sequence[Message]) -> dict[int, Classification]:
    rows = Classification.objects.filter(message__in=messages).order_by("pk")
    return {row.message_id: row for row in rows}


def known(messages: Sequence[Message]) -> dict[int, Known]:
    """What is known around each of these messages; the same few statements, however many they are."""
    team = colleagues()
    people = participants(messages, team)
    threads = {message.thread_id for message in messages}
    rows = Lead.objects.filter(thread_id__in=threads).select_related("contact")
    leads = {lead.thread_id: lead for lead in rows}
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
    keep_absence(message)
    if not actor and file_with_lead(message, around, run=run):
        return
    reason = "" if actor else review_reason(message, judgement, around)
    if reason and not is_answer_to_owner(message, judgement, around):
        to_review(message, reason, run=run)
        return
    if not claim(message, Message.Status.ACTED, run=run):
        return
    if reason:
        judgement = judged_by_thread(message, judgement, reason)
    if not actor and not message.backfilled:
        audit.draw(message)
    if message.category == Category.LEAD:
        act_on_lead(message, judgement, around, actor=actor)
    elif message.backfilled:
        note(message, "left", f"{recorded(Category(message.category).settled)}: old mail, left where it is", actor)
    elif message.category in Category.trashed():
        rubbish = recorded(Category(message.category).label)
        note(message, "marked for trash", f"{rubbish}: to Trash on the next run", actor)
    elif message.category == Category.ACCOUNTING:
        owe(MailboxDelivery.of(message, MailboxDelivery.Deed.LABEL, label=ACCOUNTING_LABEL))
        note(message, "left for accounting", "Accounting: labelled and left in the inbox", actor)
    else:
        note(message, "left", "None of the categories: left in the inbox", actor)


def is_answer_to_owner(message: Message, judgement: Classification, around: Known) -> bool:
    """Whether the customer of a lead writes in its thread to one of us who has it.

    That is better evidence than what a judge makes of "Yes, please": whoever has the lead reads it. Only mail that
    is taken for spam or a newsletter, or whose writer is in doubt, waits for a person all the same.
    """
    known_customer = around.owner and around.lead and message.sender_address == around.lead.contact.address
    return bool(known_customer) and not message.doubt and judgement.category not in Category.trashed()


def judged_by_thread(message: Message, judgement: Classification, reason: str) -> Classification:
    """The judgement that its thread passes on a message, in place of a doubtful one, which stays on record."""
    made = Classification.objects.create(
        message=message,
        judge=Classification.Judge.RULE,
        model="thread of a lead",
        category=Category.LEAD,
        confidence=1.0,
        language=judgement.language,
        technical=judgement.technical,
        sender_first_name=judgement.sender_first_name,
        company=judgement.company,
        reason=f"Their customer answers in the thread of a lead; the judge was not sure: {reason}"[:500],
    )
    message.adopt(made)
    message.save(update_fields=Message.JUDGED)
    return made


def review_reason(message: Message, judgement: Classification, around: Known) -> str:
    """Why a person has to look at it; empty if nobody has to. Pure."""
    return unsure(message, judgement) or ("" if message.backfilled else risk(message, judgement, around))


def unsure(message: Message, judgement: Classification) -> str:
    """Why it is not clear what it is, or who wrote it; empty if that is clear. Pure."""
    if judgement.error:
        return f"the model gave no usable answer: {judgement.error}"
    if judgement.category == Category.UNCERTAIN:
        return judgement.reason or "the classifier is not sure what it is"
    if judgement.confidence < settings.REVIEW_THRESHOLD:
        category = recorded(Category(judgement.category).label)
        return f"{category}, {judgement.percent} % sure: below the line of {settings.REVIEW_THRESHOLD * 100:g} %"
    if judgement.category == Category.LEAD and message.doubt:
        return f"it is not clear who wrote it: {message.doubt}"
    return ""


def risk(message: Message, judgement: Classification, around: Known) -> str:
    """Why what follows from its judgement could do harm; empty if it cannot. Pure."""
    if judgement.category == Category.LEAD and not around.lead and around.maybe_in_conversation:
        return f"a lead, but somebody may be in conversation already: {evidence(around)}"
    if judgement.category in Category.trashed() and judgement.needs_second_key:
        return f"looks like {judgement.category}, but the embedded classifier does not hold trashing it for safe"
    if judgement.category in Category.trashed() and around.participants:
        return f"looks like {judgement.category}, but in this thread {evidence(around)}"
    if judgement.category in Category.trashed() and (around.is_contact or around.lead):
        return f"looks like {judgement.category}, but the sender is a customer of ours"
    return ""
