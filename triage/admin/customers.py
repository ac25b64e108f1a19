"""Customers: "Did we respond to that customer?", answered in one sentence, and all that happened below it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.timesince import timesince

from crm.models import Contact, Lead
from inbox_router.admin.pages import Page
from routing.models import Assignment
from triage.models import Draft, Message, SentMail
from triage.search import matching

FOUND = 20  # customers in a list
STORY = 100  # mails of one customer
COMPANY = 50  # addresses of one company
LIGHT = (
    "pk",
    "sender_name",
    "sender_address",
    "subject",
    "received_at",
    "category",
    "confidence",
    "thread_id",
    "status",
)


@dataclass(frozen=True)
class Event:
    """One thing that happened with a customer."""

    at: datetime
    kind: str
    says: str
    more: str = ""
    url: str = ""


class CustomersPage(Page):
    """One search over customers, and the story of one of them."""

    title = "Customers"
    permission_required = "triage.view_message"
    template_name = "admin/triage/customers.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        asked = self.request.GET.get("q", "").strip()
        address = self.request.GET.get("address", "").strip().lower()
        found = search(asked) if asked and not address else []
        if len(found) == 1:
            address = found[0]
        whole = bool(self.request.GET.get("company"))
        context |= {"q": asked, "found": found, "address": address, "company": whole}
        return context | (story(addresses_of(address) if whole else [address]) if address else {})


def search(asked: str) -> list[str]:
    """Addresses of those whose name, address, company, or mail has these words; the newest first."""
    who = Q(name__icontains=asked) | Q(address__icontains=asked) | Q(company__icontains=asked)
    contacts = Contact.objects.filter(who).order_by("-pk").values_list("address", flat=True)[:FOUND]
    mails = Message.objects.filter(pk__in=matching(asked, FOUND * 10)).exclude(sender_address="")
    senders = mails.order_by("-pk").values_list("sender_address", flat=True)
    return list(dict.fromkeys([*contacts, *senders]))[:FOUND]


def addresses_of(address: str) -> list[str]:
    """All addresses that we know of this one's domain."""
    domain = address.rpartition("@")[2]
    mails = Message.objects.filter(pk__in=matching(domain), sender_address__endswith=f"@{domain}")
    return list(mails.values_list("sender_address", flat=True).distinct()[:COMPANY]) or [address]


def story(addresses: list[str]) -> dict[str, Any]:
    """What happened with these addresses, the newest first, and the answer."""
    mails = list(Message.objects.filter(sender_address__in=addresses).only(*LIGHT).order_by("-received_at")[:STORY])
    threads = {mail.thread_id for mail in mails if mail.thread_id}
    written = Q(thread_id__in=threads)
    for address in addresses[:10]:
        written |= Q(to_addresses__icontains=address)
    sent = list(SentMail.objects.filter(written).order_by("-sent_at")[:STORY])
    leads = list(Lead.objects.filter(contact__address__in=addresses).select_related("contact"))
    drafts = Draft.objects.filter(message__in=mails).select_related("decided_by").order_by("-pk")
    events = [*of_mails(mails), *of_sent(sent), *of_leads(leads), *of_drafts(drafts)]
    return {
        "addresses": addresses,
        "events": sorted(events, key=lambda event: event.at, reverse=True),
        "answer": answer(mails, sent, leads, list(drafts)),
    }


def answer(mails: list[Message], sent: list[SentMail], leads: list[Lead], drafts: list[Draft]) -> str:
    """Did we respond? One sentence. `mails` and `sent` are newest first."""
    asked = [mail.received_at for mail in mails if mail.received_at]
    if not asked:
        return "They never wrote to this inbox."
    replies = [mail for mail in sent if mail.sent_at and mail.sent_at >= min(asked)]
    owner = next((lead.owner_name for lead in leads if lead.owner_name), "nobody")
    if not replies:
        waiting = any(draft.state == Draft.State.WAITING for draft in drafts)
        mails_since = f"{len(asked)} mail{'s' * (len(asked) > 1)} since {_day(min(asked))}"
        state = "a reply waits for approval" if waiting else "no reply waits"
        return f"No. {mails_since}; assigned to {owner}, {state}."
    last, first = replies[0], replies[-1]
    assert last.sent_at
    assert first.sent_at
    took = timesince(min(asked), first.sent_at, depth=1)
    turn = "They wrote again since." if max(asked) > last.sent_at else "Waiting for the customer since."
    return (
        f"Yes. {last.from_name or last.from_address} wrote on {_day(last.sent_at)} (first reply after {took}). {turn}"
    )


def of_mails(mails: list[Message]) -> Iterator[Event]:
    for mail in mails:
        sure = f", {int((mail.confidence or 0) * 100)} % sure" if mail.category else ""
        told = f"Taken for {mail.get_category_display().lower()}{sure}" if mail.category else mail.get_status_display()
        url = reverse("admin:triage_message_change", args=(mail.pk,))
        if mail.received_at:
            who = mail.sender_name or mail.sender_address
            yield Event(mail.received_at, "In", f"{who} wrote: {mail.subject or 'no subject'}", told, url)


def of_sent(sent: list[SentMail]) -> Iterator[Event]:
    for mail in sent:
        if mail.sent_at:
            who = mail.from_name or mail.from_address
            yield Event(mail.sent_at, "Out", f"{who} wrote: {mail.subject}", f"to {mail.to_addresses}")


def of_leads(leads: list[Lead]) -> Iterator[Event]:
    for given in Assignment.objects.filter(lead__in=leads).select_related("salesperson", "lead").order_by("pk"):
        url = reverse("admin:crm_lead_change", args=(given.lead_id,))
        yield Event(given.at, "Assigned", f"{given.salesperson} got the lead", given.reason, url)


def of_drafts(drafts: QuerySet[Draft]) -> Iterator[Event]:
    for draft in drafts:
        url = reverse("admin:triage_draft_change", args=(draft.pk,))
        yield Event(
            draft.created_at, "Draft", f"A reply was drafted for {draft.owner_name}", draft.get_state_display(), url
        )
        if draft.decided_at:
            who = draft.decided_by or "somebody"
            yield Event(draft.decided_at, "Decided", f"{who}: {draft.get_state_display()}", draft.reject_reason, url)


def _day(moment: datetime) -> str:
    return f"{timezone.localtime(moment):%-d %b %H:%M}"
