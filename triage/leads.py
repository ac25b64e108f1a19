"""What a lead leads to: a record in the CRM, one owner, one draft."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from email.utils import parseaddr
from typing import Any

from django.conf import settings
from django.db.models import Max, Q
from django.utils import timezone

from crm.models import Lead
from crm.services import contact_for, note_sent, note_written, open_lead, set_owner
from routing.models import Assignment, Hold
from routing.services import HandoverError, assign, credit_back, customer_wrote, known_owner
from triage.decisions import Known, call_off, evidence, note, owe
from triage.drafts import drafting
from triage.drafts.replies import occasion_of, texts_for, written
from triage.models import Category, Classification, Draft, MailboxDelivery, Message, SentMail

CONVERSATION = "in conversation"  # the audit entry of a lead that one of us talks about already
DRAFT = "draft-"  # how the Message-ID of a draft of ours begins
FIRST_MESSAGE = 4000  # characters of the inquiry that the CRM keeps


def act_on_lead(message: Message, judgement: Classification, around: Known, *, actor: str = "") -> None:
    """Record a lead and give it to somebody, unless somebody is in the conversation already.

    An old mail's lead is only recorded; it is given to somebody when the customer writes again.
    """
    lead, new = record_lead(message, judgement, around)
    if message.backfilled:
        keep_old(message, lead, around, new=new, actor=actor)
        return
    if lead.stage == Lead.Stage.JUNK:
        reopen(lead)
        note(message, "reopened", f"Is a lead after all: with {lead.owner_name or 'nobody yet'} again", actor)
        if not is_nobodys(lead):
            return
    elif not new and not is_nobodys(lead):
        customer_wrote(lead, message.content_hash)
        who = lead.owner_name or "nobody yet"
        note(message, "follow-up", f"Belongs to the lead of {who}: no new assignment", actor)
        return
    if colleague := around.in_conversation:
        person = around.team[colleague.email]
        set_owner(lead, person.name, person.email)
        customer_wrote(lead, message.content_hash)
        summary = f"In conversation with {person.name}: no assignment, no draft"
        note(message, CONVERSATION, summary, actor, evidence(around))
        return
    outcome = assign(
        lead,
        language=message.language,
        technical=message.technical,
        background=[participant.evidence for participant in around.participants],
        classification=f"{judgement.category} {judgement.percent} % sure by {judgement.judge} #{judgement.pk}",
    )
    owner = outcome.salesperson.name if isinstance(outcome, Assignment) else ""
    note(message, "lead", f"Lead: {f'given to {owner}' if owner else 'held, nobody is available'}", actor)
    if isinstance(outcome, Assignment):
        draft_reply(message, judgement.sender_first_name, outcome)


def is_nobodys(lead: Lead) -> bool:
    """Whether a lead was never given to anybody and does not wait for that either: an old mail's."""
    return not lead.owner_email and not Hold.objects.filter(lead=lead, resolved_at=None).exists()


def keep_old(message: Message, lead: Lead, around: Known, *, new: bool, actor: str) -> None:
    """Keep what an old mail says on record: no turn is taken, nobody is told, nothing is drafted.

    Its lead belongs to whoever of us is in the conversation, else to who has the customer; else to nobody.
    """
    if not new:
        note(message, "follow-up", f"Old mail of the lead of {lead.owner_name or 'nobody yet'}", actor)
        return
    Lead.objects.filter(pk=lead.pk).update(created_at=message.received_at or message.created_at)
    action, owner, why = "old lead", None, ""
    if colleague := around.in_conversation:
        action, owner, why = CONVERSATION, around.team[colleague.email], evidence(around)
    elif (known := known_owner(lead, timezone.now())) and known.owner.active:
        owner, why = known.owner, known.evidence
    if owner:
        set_owner(lead, owner.name, owner.email)
    note(message, action, f"Old lead, of {owner.name if owner else 'nobody yet'}: kept in the CRM", actor, why)


def reopen(lead: Lead) -> None:
    """Take a lead up again that was found to be none, with the owner that it had."""
    lead.stage = Lead.Stage.OPEN
    lead.save(update_fields=["stage"])
    if assignment := Assignment.objects.filter(lead=lead, active=True).first():
        draft_for(assignment)


def withdraw(message: Message, by: str, why: str) -> None:
    """Undo what made a message a lead: it is junk, whoever paid a turn is credited, no reply is proposed.

    A lead that began with an earlier mail stays one; if it was given to somebody only for this message, as an
    old mail's lead is, it is nobody's again.
    """
    leads = Lead.objects.select_for_update().filter(thread_id=message.thread_id)
    lead = leads.exclude(stage=Lead.Stage.JUNK).first()
    if lead is None:
        return
    earlier = Message.objects.filter(thread_id=message.thread_id, category=Category.LEAD, pk__lt=message.pk)
    stays = earlier.exists()
    if stays and not was_given_for(message, lead):
        return
    Hold.objects.filter(lead=lead, resolved_at=None).update(resolved_at=timezone.now())
    if assignment := Assignment.objects.filter(lead=lead, active=True).first():
        with suppress(HandoverError):  # its turn was credited when it was found to be junk the time before
            credit_back(assignment, by, why, stays=stays)
    if not stays:
        Lead.objects.filter(pk=lead.pk).update(stage=Lead.Stage.JUNK)
    for draft in message.drafts.filter(state=Draft.State.WAITING):
        close_unsent(draft, Draft.State.REJECTED, why)


def was_given_for(message: Message, lead: Lead) -> bool:
    """Whether a message is why a lead was given to somebody, or waits: neither was so before it was decided."""
    given = Assignment.objects.filter(lead=lead).order_by("at").values_list("at", flat=True).first()
    since = given or Hold.objects.filter(lead=lead, resolved_at=None).values_list("since", flat=True).first()
    return bool(since and message.decided_at and since >= message.decided_at)


def close_unsent(draft: Draft, state: Draft.State, why: str) -> None:
    """Close a waiting draft; the unchanged mail is taken out of Drafts."""
    if Draft.objects.filter(pk=draft.pk, state=Draft.State.WAITING).update(state=state):
        call_off(draft.deliveries.all(), why)
        owe(MailboxDelivery.of(draft.message, MailboxDelivery.Deed.DISCARD, draft=draft))


def record_lead(message: Message, judgement: Classification, around: Known) -> tuple[Lead, bool]:
    """The lead of this thread, and whether it is new."""
    if around.lead:
        return around.lead, False
    contact = contact_for(message.sender_address, message.sender_name, judgement.company, message.language)
    lead, is_new = open_lead(contact, thread_id=message.thread_id, **facts(message))
    if is_new:
        look_back(lead)
    return lead, is_new


def look_back(lead: Lead) -> None:
    """Note for a new lead's contact what was written before it was one."""
    mails = Message.objects.filter(sender_address=lead.contact.address, automatic="")
    if asked := mails.aggregate(at=Max("received_at"))["at"]:
        note_written({lead.contact.address: asked})
    ours = Q(thread_id=lead.thread_id)
    if lead.contact.last_out_at is None:  # else each mail to them was noted when it was seen
        ours |= Q(to_addresses__icontains=lead.contact.address)
    if said := SentMail.objects.filter(ours).aggregate(at=Max("sent_at"))["at"]:
        note_sent(lead, said)


def facts(message: Message) -> dict[str, Any]:
    """What a lead keeps of the mail that it began with."""
    return {
        "source": f"e-mail to {message.mailbox}",
        "subject": message.subject,
        "first_message": (message.new_text or message.text)[:FIRST_MESSAGE],
        "language": message.language,
        "technical": message.technical,
    }


def is_answerable(message: Message) -> bool:
    """Whether a reply would go to whoever wrote the mail."""
    return not message.automatic and (message.reply_to or message.from_address) == message.sender_address


def draft_for(assignment: Assignment) -> None:
    """Propose the reply of a lead's new owner, in place of an earlier owner's.

    Nothing is proposed where somebody answered already, or worked on the earlier draft: that stays.
    """
    mails = Message.objects.filter(thread_id=assignment.lead.thread_id, category=Category.LEAD)
    message = mails.select_related("mailbox").order_by("backfilled", "pk").first()
    if message is None:
        return
    old = message.drafts.exclude(state=Draft.State.REPLACED).order_by("pk").last()
    if old and old.state != Draft.State.REJECTED and (old.state != Draft.State.WAITING or old.version > 1):
        return
    if old and old.state == Draft.State.WAITING:
        close_unsent(old, Draft.State.REPLACED, "the lead has another owner")
    judgement = message.classifications.order_by("pk").last()
    draft_reply(message, judgement.sender_first_name if judgement else "", assignment)


def draft_reply(message: Message, first_name: str, assignment: Assignment) -> None:
    """Propose a reply to whoever wrote; none where it would not answer the mail's own sender."""
    if not is_answerable(message):
        summary = "No draft: the mail's sender is not the person who wrote it"
        note(message, "no draft", summary, reason=message.sender_evidence)
        return
    owner, cc = assignment.salesperson, assignment.cc
    reply = written(occasion_of(message, first_name, owner), message.language, texts_for(assignment.pool))
    token = draft_token(message)
    draft = Draft(
        message=message,
        token=token,
        mail_id=f"<{DRAFT}{token}@{own_domain(message)}>",
        from_address=own_address(message),
        to_address=message.sender_address,
        to_name=message.sender_name,
        cc=cc.email if cc else "",
        subject=reply.subject,
        original_subject=reply.subject,
        body=reply.body,
        original_body=reply.body,
        language=reply.language,
        owner_name=owner.name,
    )
    try:
        draft.mime()
    except drafting.DraftError as error:
        note(message, "no draft", "No draft: no reply can be written to this sender", reason=str(error))
        return
    draft.save()
    owe(MailboxDelivery.of(message, MailboxDelivery.Deed.DRAFT, draft=draft))
    summary = f"A reply waits for approval, in the name of {owner.name}"
    note(message, f"drafted {token[:8]}", summary)


def draft_token(message: Message) -> str:
    """What marks a draft as ours: nobody else can make it, and each draft of a message has its own.

    Made from what the message is, so that after a restored backup the draft that lies in Drafts is known again.
    """
    number = message.drafts.count()
    text = f"{settings.SECRET_KEY}:draft:{message.mailbox.name}:{message.content_hash or message.name}:{number}"
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def own_address(message: Message) -> str:
    """Whom our replies come from: MAIL_FROM, else what customers write to."""
    account = settings.MAILBOXES.get(message.mailbox.name)
    return settings.MAIL_FROM or message.mailbox.address or (account.user if account else "")


def own_domain(message: Message) -> str:
    return parseaddr(own_address(message))[1].rpartition("@")[2] or "localhost"
