"""What a lead leads to: a record in the CRM, one owner, one draft."""

from __future__ import annotations

import hashlib

from django.conf import settings

from crm.models import Lead
from crm.services import contact_for, open_lead, set_owner
from routing.models import Assignment, Salesperson
from routing.services import assign
from triage import drafting
from triage.decisions import Known, note, owe
from triage.models import Classification, Draft, MailboxDelivery, Message

FIRST_MESSAGE = 4000  # characters of the inquiry that the CRM keeps


def act_on_lead(message: Message, judgement: Classification, around: Known, *, actor: str = "") -> None:
    """Record a lead and give it to somebody, unless somebody is in the conversation already."""
    lead, new = record_lead(message, judgement, around)
    if not new:
        note(message, "follow-up", f"Belongs to the lead of {lead.owner_name or 'nobody yet'}: no new assignment", actor)
        return
    if around.colleagues_in_thread:
        person, wrote = around.colleagues_in_thread[-1]
        set_owner(lead, person.name, person.email)
        note(message, "in conversation", f"In conversation with {person.name}: no assignment, no draft", actor, str(wrote))
        return
    outcome = assign(lead, language=message.language, technical=message.technical)
    owner = outcome.salesperson if isinstance(outcome, Assignment) else None
    cc = outcome.cc if isinstance(outcome, Assignment) else None
    note(message, "lead", f"Lead: {f'given to {owner}' if owner else 'held, nobody is available'}", actor)
    if owner:
        draft_reply(message, judgement.sender_first_name, owner, cc)


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


def draft_reply(message: Message, first_name: str, owner: Salesperson, cc: Salesperson | None) -> Draft | None:
    """Propose a reply to whoever wrote. None where that would not be an answer to the mail's own sender."""
    recipient = message.reply_to or message.from_address
    if message.automatic or recipient != message.sender_address:
        note(message, "no draft", "No draft: the mail's sender is not the person who wrote it", reason=message.sender_evidence)
        return None
    reply = drafting.text(
        message.language,
        first_name=first_name or None,
        subject=message.subject,
        owner_name=owner.name,
        signature=owner.signature,
        company_name=settings.COMPANY_NAME,
        company_language=settings.COMPANY_LANGUAGE,
    )
    token = hashlib.sha256(f"{settings.SECRET_KEY}:draft:{message.pk}".encode()).hexdigest()[:32]
    draft = Draft.objects.create(
        message=message,
        token=token,
        mail_id=f"<draft-{token}@{own_domain(message)}>",
        from_address=own_address(message),
        to_address=recipient,
        to_name=message.sender_name,
        cc=cc.email if cc else "",
        subject=reply.subject,
        body=reply.body,
        original_body=reply.body,
        language=reply.language,
        owner_name=owner.name,
    )
    owe(MailboxDelivery.of(message, MailboxDelivery.Deed.DRAFT, draft=draft))
    note(message, "drafted", f"A reply waits for approval, in the name of {owner.name}")
    return draft


def own_address(message: Message) -> str:
    """Whom our replies come from: MAIL_FROM, else what customers write to."""
    account = settings.MAILBOXES.get(message.mailbox.name)
    return settings.MAIL_FROM or message.mailbox.address or (account.user if account else "")


def own_domain(message: Message) -> str:
    return own_address(message).rpartition("@")[2] or "localhost"
