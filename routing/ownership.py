"""Who knows a customer already, and who of us is in a conversation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q, Value

from crm.models import Lead
from routing.models import Assignment, FreemailDomain, Salesperson

OWNED_FOR = timedelta(days=180)


@dataclass(frozen=True)
class Participant:
    """One of us in a mail thread; `weak`: only copied, or long ago, or gone. `evidence` is one sentence."""

    email: str
    evidence: str
    weak: bool = False


@dataclass(frozen=True)
class Known:
    """Who had the customer last, and how that is known."""

    assignment: Assignment
    evidence: str


def colleagues() -> Mapping[str, Salesperson]:
    """Every salesperson, those who have left too, by address in lower case."""
    return {person.email: person for person in Salesperson.objects.all()}


def in_conversation(participants: Sequence[Participant]) -> tuple[Salesperson, Participant] | None:
    """The first active salesperson who is in the thread by good evidence."""
    strong = [participant for participant in participants if not participant.weak]
    if not strong:
        return None
    people = {p.email: p for p in Salesperson.objects.filter(email__in=[s.email.lower() for s in strong], active=True)}
    return next(((people[s.email.lower()], s) for s in strong if s.email.lower() in people), None)


def known_owner(lead: Lead, now: datetime) -> Known | None:
    """The last owner of this contact's business, else of their company's, within OWNED_FOR days."""
    contact = lead.contact
    freemail = Exists(FreemailDomain.objects.filter(domain=OuterRef("lead__contact__domain")))
    same_contact = Q(lead__contact=contact)
    same_company = Q(lead__contact__domain=contact.domain) & ~Q(lead__contact__domain="") & ~Q(freemail)
    found = (
        Assignment.objects.annotate(freemail=freemail)
        .filter(same_contact | same_company, active=True, at__gte=now - OWNED_FOR)
        .exclude(lead=lead)
        .exclude(lead__stage=Lead.Stage.JUNK)
        .annotate(mine=Q(lead__contact=contact) & Q(pk__gt=Value(0)))
        .select_related("salesperson", "cc", "lead__contact")
        .order_by("-mine", "-at", "-pk")
        .first()
    )
    if found is None:
        return None
    day = f"{found.at:%-d %b %Y}"
    if found.lead.contact_id == contact.pk:
        return Known(found, f"{found.salesperson.name} has had this customer since {day}")
    return Known(found, f"{found.salesperson.name} has had {contact.domain} since {day}")
