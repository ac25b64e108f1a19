"""What a lead leads to: a record in the CRM, one owner, one draft."""

from __future__ import annotations

import hashlib
from email.utils import parseaddr

from django.conf import settings

from crm.models import Lead
from crm.services import contact_for, open_lead, set_owner
from routing.models import Assignment
from routing.services import assign, customer_wrote
from triage import drafting
from triage.decisions import Known, call_off, note, owe
from triage.models import Category, Classification, Draft, MailboxDelivery, Message

FIRST_MESSAGE = 4000  # characters of the inquiry that the CRM keeps


def act_on_lead(message: Message, judgement: Classification, around: Known, *, actor: str = "") -> None:
    """Record a lead and give it to somebody, unless somebody is in the conversation already."""
    lead, new = record_lead(message, judgement, around)
    if not new:
        customer_wrote(lead, message.content_hash)
        who = lead.owner_name or "nobody yet"
        note(message, "follow-up", f"Belongs to the lead of {who}: no new assignment", actor)
        return
    if colleague := around.in_conversation:
        person = around.team[colleague.email]
        set_owner(lead, person.name, person.email)
        customer_wrote(lead, message.content_hash)
        summary = f"In conversation with {person.name}: no assignment, no draft"
        note(message, "in conversation", summary, actor, colleague.evidence)
        return
    outcome = assign(lead, language=message.language, technical=message.technical)
    owner = outcome.salesperson.name if isinstance(outcome, Assignment) else ""
    note(message, "lead", f"Lead: {f'given to {owner}' if owner else 'held, nobody is available'}", actor)
    if isinstance(outcome, Assignment):
        draft_reply(message, judgement.sender_first_name, outcome)


def record_lead(message: Message, judgement: Classification, around: Known) -> tuple[Lead, bool]:
    """The lead of this thread, and whether it is new."""
    if around.lead:
        return around.lead, False
    contact = contact_for(message.sender_address, message.sender_name, judgement.company, message.language)
    return open_lead(
        contact,
        thread_id=message.thread_id,
        source=f"e-mail to {message.mailbox}",
        subject=message.subject,
        first_message=(message.new_text or message.text)[:FIRST_MESSAGE],
        language=message.language,
        technical=message.technical,
    )


def draft_for(assignment: Assignment) -> None:
    """Propose the reply of a lead's new owner, in place of an earlier owner's.

    Nothing is proposed where somebody answered already, or worked on the earlier draft: that stays.
    """
    mails = Message.objects.filter(thread_id=assignment.lead.thread_id, category=Category.LEAD)
    message = mails.select_related("mailbox").order_by("pk").first()
    if message is None:
        return
    old = message.drafts.exclude(state=Draft.State.REPLACED).order_by("pk").last()
    if old and (old.state != Draft.State.WAITING or old.version > 1):
        return
    if old:
        Draft.objects.filter(pk=old.pk).update(state=Draft.State.REPLACED)
        call_off(old.deliveries.all(), "the lead has another owner")
        owe(MailboxDelivery.of(message, MailboxDelivery.Deed.DISCARD, draft=old))
    judgement = message.classifications.order_by("pk").last()
    draft_reply(message, judgement.sender_first_name if judgement else "", assignment)


def draft_reply(message: Message, first_name: str, assignment: Assignment) -> None:
    """Propose a reply to whoever wrote; none where it would not answer the mail's own sender."""
    recipient = message.reply_to or message.from_address
    if message.automatic or recipient != message.sender_address:
        summary = "No draft: the mail's sender is not the person who wrote it"
        note(message, "no draft", summary, reason=message.sender_evidence)
        return
    owner, cc = assignment.salesperson, assignment.cc
    reply = drafting.text(
        message.language,
        first_name=first_name or None,
        subject=message.subject,
        owner_name=owner.name,
        signature=owner.signature,
        company_name=settings.COMPANY_NAME,
        company_language=settings.COMPANY_LANGUAGE,
    )
    token = draft_token(message)
    draft = Draft.objects.create(
        message=message,
        token=token,
        mail_id=f"<draft-{token}@{own_domain(message)}>",
        from_address=own_address(message),
        to_address=recipient,
        to_name=message.sender_name,
        cc=cc.email if cc else "",
        subject=reply.subject,
        original_subject=reply.subject,
        body=reply.body,
        original_body=reply.body,
        language=reply.language,
        owner_name=owner.name,
    )
    owe(MailboxDelivery.of(message, MailboxDelivery.Deed.DRAFT, draft=draft))
    summary = f"A reply waits for approval, in the name of {owner.name}"
    note(message, f"drafted {token[:8]}", summary)


def draft_token(message: Message) -> str:
    """What marks a draft as ours: nobody else can make it, and each draft of a message has its own."""
    number = message.drafts.count()
    text = f"{settings.SECRET_KEY}:draft:{message.pk}:{number}"
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def own_address(message: Message) -> str:
    """Whom our replies come from: MAIL_FROM, else what customers write to."""
    account = settings.MAILBOXES.get(message.mailbox.name)
    return settings.MAIL_FROM or message.mailbox.address or (account.user if account else "")


def own_domain(message: Message) -> str:
    return parseaddr(own_address(message))[1].rpartition("@")[2] or "localhost"
