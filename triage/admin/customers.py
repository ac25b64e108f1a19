"""Customers: "Did we respond to that customer?", answered in one sentence, and all that happened below it."""

from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_lazy

from crm.models import Contact
from inbox_router.admin.pages import Page
from routing.models import FreemailDomain
from triage.admin import timeline
from triage.models import Message
from triage.search import matching

FOUND = 20  # customers in a list
COMPANY = 50  # addresses of one company


class CustomersPage(Page):
    """One search over customers, and the story of one of them."""

    title = gettext_lazy("Customers")
    permission_required = "triage.view_message"
    template_name = "admin/triage/customers.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        asked, address, kind = (self.request.GET.get(name, "").strip() for name in ("q", "address", "kind"))
        address = address.lower()
        found = search(asked) if asked and not address else []
        if len(found) == 1:
            address = found[0]
        context |= {"q": asked, "found": found, "address": address}
        if not address:
            return context
        shared = is_shared(address)
        whole = bool(self.request.GET.get("company")) and not shared
        addresses = addresses_of(address) if whole else [address]
        return context | {"company": whole, "shared": shared} | timeline.shown(addresses, kind)


def search(asked: str) -> list[str]:
    """Addresses of those whose name, address, company, or mail has these words; the newest first."""
    who = Q(name__icontains=asked) | Q(address__icontains=asked) | Q(company__icontains=asked)
    contacts = Contact.objects.filter(who).order_by("-pk").values_list("address", flat=True)[:FOUND]
    mails = Message.objects.filter(pk__in=matching(asked, FOUND * 10)).exclude(sender_address="")
    senders = mails.order_by("-pk").values_list("sender_address", flat=True)
    return list(dict.fromkeys([*contacts, *senders]))[:FOUND]


def is_shared(address: str) -> bool:
    """Whether its domain says nothing about a company: all the world has addresses there."""
    return FreemailDomain.objects.filter(domain=address.rpartition("@")[2]).exists()


def addresses_of(address: str) -> list[str]:
    """All addresses that we know of this one's domain."""
    domain = address.rpartition("@")[2]
    mails = Message.objects.filter(pk__in=matching(domain), sender_address__endswith=f"@{domain}")
    return list(mails.values_list("sender_address", flat=True).distinct()[:COMPANY]) or [address]
