"""Who knows a customer already."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Case, Q, Value, When

from crm.models import Lead
from inbox_router.shown import office
from routing.models import Assignment, FreemailDomain, Salesperson
from routing.rules.eligibility import Situation, person_absence
from routing.rules.presence import leaves_of


@dataclass(frozen=True)
class Known:
    """Who had the customer last, how that is known, and why they cannot be given the lead now, if so."""

    assignment: Assignment
    evidence: str
    away: str = ""

    @property
    def owner(self) -> Salesperson:
        return self.assignment.salesperson


def colleagues() -> Mapping[str, Salesperson]:
    """Every salesperson, those who have left too, by address in lower case."""
    return {person.email: person for person in Salesperson.objects.all()}


def known_owner(lead: Lead, now: datetime) -> Known | None:
    """The last owner of this contact's business, else of their company's, within settings.OWNER_DAYS."""
    contact = lead.contact
    theirs = Q(lead__contact=contact.pk)  # by key: a lead that is only foretold has none
    if contact.domain and not FreemailDomain.objects.filter(domain=contact.domain).exists():
        theirs = Q(lead__contact__domain=contact.domain)
    days = settings.OWNER_DAYS
    rows = Assignment.objects.filter(theirs, ~Q(lead=lead.pk), active=True, at__gte=now - timedelta(days=days))
    rows = rows.exclude(lead__stage=Lead.Stage.JUNK)
    theirs_first = Case(When(lead__contact=contact.pk, then=Value(0)), default=Value(1))
    last = rows.order_by(theirs_first, "-at", "-pk").values_list("pk", flat=True).first()
    if last is None:  # most customers are new, so the people are only read for those who are not
        return None
    found = Assignment.objects.select_related("salesperson__cover", "cc", "lead").get(pk=last)
    whom = "this customer" if found.lead.contact_id == contact.pk else contact.domain
    evidence = f"{found.salesperson.name} has had {whom} since {office(found.at):%-d %b %Y}"
    return Known(found, evidence, away(found.salesperson, now))


def away(person: Salesperson, now: datetime) -> str:
    """Why a person is away for some time, or nothing."""
    return person_absence(person, Situation(now, leaves_of({person.pk}, now)))
