"""Who has what, as a column and as a filter of a list. The field of the filter finds a name while it is typed.

A person is known by their row: two people may share a name, and a name or an address may change.
"""

from collections.abc import Mapping
from typing import Any

from django.db.models import Exists, Model, OuterRef, Q, QuerySet, Subquery
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import DropdownFilter

from crm.models import Lead
from routing.models import Assignment, Salesperson
from triage.models import Message

NOBODY = "nobody"


def leads_of(person: Salesperson | None) -> QuerySet[Lead]:
    """The leads that were given to this person; None: those that nobody has.

    Whoever is in the conversation already has a lead that was never given out; it keeps their address of that day.
    """
    if person is None:
        return Lead.objects.filter(owner_email="")
    given = Assignment.objects.filter(active=True)
    theirs = Q(pk__in=given.filter(salesperson=person).values("lead"))
    known = Q(owner_email__in=ever(person, "email")) & ~Exists(given.filter(lead=OuterRef("pk")))
    return Lead.objects.filter(theirs | known)


def ever(person: Salesperson, field: str) -> set[str]:
    """What a person is called in this field, and was called before."""
    return {getattr(person, field), *person.history.values_list(field, flat=True)}


class OwnerFilter(DropdownFilter):
    """Keeps the leads that one salesperson has, or nobody."""

    title = gettext_lazy("owner")
    parameter_name = "owner"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        people = list(Salesperson.objects.order_by("-active", "name").values_list("pk", "name", "email"))
        names = [name for _pk, name, _email in people]
        told = [(str(pk), name if names.count(name) == 1 else f"{name} <{email}>") for pk, name, email in people]
        return [(NOBODY, _("nobody yet")), *told]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        asked = str(self.value() or "")
        if not asked:
            return queryset
        person = Salesperson.objects.filter(pk=asked).first() if asked.isdecimal() else None
        if person is None and asked != NOBODY:
            return queryset.none()
        return queryset.filter(self.kept(person))

    def kept(self, person: Salesperson | None) -> Q:
        return Q(pk__in=leads_of(person))


class OwnerOfThread(OwnerFilter):
    """The same for mail, which its thread's lead belongs to."""

    def kept(self, person: Salesperson | None) -> Q:
        return Q(thread_id__in=leads_of(person).values("thread_id"))


class OwnerOfContact(OwnerFilter):
    """The same for contacts, by the newest lead of theirs: an annotation of the page."""

    def kept(self, person: Salesperson | None) -> Q:
        return Q(newest_lead__in=leads_of(person))


class OwnerOfDraft(OwnerFilter):
    """The same for drafts, by whom they were written for: one who had the lead, under a name of theirs."""

    def kept(self, person: Salesperson | None) -> Q:
        if person is None:
            return Q(owner_name="")
        had = Lead.objects.filter(assignments__salesperson=person)
        return Q(owner_name__in=ever(person, "name"), message__thread_id__in=had.values("thread_id"))


def lead_of_thread() -> QuerySet[Lead]:
    """The lead of the thread of the outer row."""
    return Lead.objects.filter(thread_id=OuterRef("thread_id")).exclude(thread_id="")


def with_owner(rows: QuerySet[Message]) -> QuerySet[Message]:
    """Mails with the name of who has their lead, "" where nobody has it yet, None where there is no lead."""
    return rows.annotate(lead_owner=Subquery(lead_of_thread().values("owner_name")[:1]))


def named(row: Model, attribute: str = "lead_owner") -> str:
    """The owner as the column shows it."""
    found: Mapping[str | None, str] = {None: "-", "": _("nobody yet")}
    name: str | None = getattr(row, attribute, None)
    return found.get(name, name or "")
