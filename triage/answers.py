"""Noticing that one of us answered a customer from a mail program: the clock stops, our draft is closed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from operator import attrgetter

from django.db import transaction
from django.utils import timezone

from crm.models import Lead
from crm.services import note_mailed, note_sent
from routing.services import stop_clock
from triage.decisions import note
from triage.leads import close_unsent
from triage.models import Draft, MailboxDelivery, SentMail


def note_answers(sent: Sequence[SentMail]) -> None:
    """Take new mails in Sent for answers to the leads in whose threads they are; note when contacts were written to."""
    note_mailed(latest(sent))
    first = {mail.thread_id: mail for mail in reversed(sent) if mail.thread_id}
    ours = set(
        Draft.objects.filter(sent_mail_id__in=[m.message_id for m in sent]).values_list("sent_mail_id", flat=True)
    )
    for lead in Lead.objects.filter(thread_id__in=first).select_related("contact"):
        mail = first[lead.thread_id]
        note_sent(lead, mail.sent_at or timezone.now())
        stop_clock(lead, mail.sent_at or timezone.now(), f"{mail.from_name or mail.from_address} wrote")
        if mail.message_id not in ours:
            close_drafts(lead, mail)


def latest(sent: Sequence[SentMail]) -> dict[str, datetime]:
    """When each address was written to last."""
    dated = sorted((mail for mail in sent if mail.sent_at), key=attrgetter("sent_at"))
    return {address: mail.sent_at for mail in dated for address in mail.to_addresses.split() if mail.sent_at}


def close_drafts(lead: Lead, mail: SentMail) -> None:
    """A reply was written without us: ours is not needed any more. What a person edited in Drafts stays."""
    drafts = Draft.objects.filter(message__thread_id=lead.thread_id, state__in=Draft.OPEN)
    for draft in drafts.select_related("message__mailbox"):
        if draft.is_waiting:
            close_unsent(draft, Draft.State.OUTSIDE, "answered outside")
        elif not stop_sending(draft):
            continue
        who = mail.from_name or mail.from_address
        note(draft.message, "answered outside", f"{who} answered from a mail program; our draft is closed")


@transaction.atomic
def stop_sending(draft: Draft) -> bool:
    """Call an approved reply off whose sending has not begun; whether that is so."""
    state = MailboxDelivery.State
    unsent = draft.deliveries.filter(deed=MailboxDelivery.Deed.SEND, in_doubt=False)
    unsent = unsent.filter(state__in=(*MailboxDelivery.WAITING, state.FAILED))
    if not unsent.update(state=state.CANCELLED, evidence="called off: answered outside"):
        return False
    Draft.objects.filter(pk=draft.pk).update(state=Draft.State.OUTSIDE)
    return True
