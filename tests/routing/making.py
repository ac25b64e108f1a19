"""Teams and leads for the tests, in a few words."""

from itertools import count

from django.db import transaction

from crm.models import Lead
from crm.services import contact_for, open_lead
from routing.models import Assignment, Hold, LedgerLine, Membership, Pool, Salesperson
from routing.services import assign

numbers = count(1)


def person(name: str, *languages: str, **fields: object) -> Salesperson:
    return Salesperson.objects.create(
        name=name, email=f"{name.lower()}@acme.example", languages=list(languages), **fields
    )


def pool(name: str, *people: Salesperson, **fields: object) -> Pool:
    made = Pool.objects.create(name=name, **fields)
    for place, who in enumerate(people):
        Membership.objects.create(pool=made, salesperson=who, position=place)
    return made


def member(pool: Pool, who: Salesperson) -> Membership:
    return Membership.objects.get(pool=pool, salesperson=who)


def lead(address: str = "", *, language: str = "en", technical: bool = False, subject: str = "Pumps") -> Lead:
    """A lead of a new customer, or of the one with this address."""
    number = next(numbers)
    contact = contact_for(address or f"buyer@customer{number}.example", "Berta Buyer")
    return open_lead(
        contact,
        thread_id=f"<thread-{number}@customer.example>",
        source="e-mail to sales@acme.example",
        subject=subject,
        first_message="We need forty of them.",
        language=language,
        technical=technical,
    )[0]


def give(of: Lead | None = None, **options: object) -> Assignment | Hold:
    """Assign a lead, a new one if none is told, as the pipeline does."""
    with transaction.atomic():
        return assign(of or lead(), **options)


def owners(number: int) -> list[str]:
    """Who gets so many new leads."""
    return [give().salesperson.name for _ in range(number)]


def check_books() -> None:
    """The lines of each member add up to their credit, and what was earned in a turn is what was paid."""
    for row in Membership.objects.all():
        lines = LedgerLine.objects.filter(pool=row.pool, salesperson=row.salesperson).order_by("pk")
        assert sum(line.change for line in lines) == (row.credit or 0)
        assert not lines or lines.last().credit == row.credit
