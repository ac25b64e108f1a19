"""Who has what, as a column and as a filter of a list. The field of the filter finds a name while it is typed."""

from collections.abc import Mapping
from typing import Any

from django.db.models import Model, OuterRef, Q, QuerySet, Subquery
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import DropdownFilter

from crm.models import Lead
from routing.models import Salesperson
from triage.models import Message

NOBODY = "nobody"


class OwnerFilter(DropdownFilter):
    """Keeps what one salesperson has, or nobody. `has_email` is the lookup of a row for its owner's address."""

    title = gettext_lazy("owner")
    parameter_name = "owner"
    has_email = "owner_email"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        people = Salesperson.objects.order_by("-active", "name").values_list("pk", "name")
        return [(NOBODY, _("nobody yet")), *((str(pk), name) for pk, name in people)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        asked = str(self.value() or "")
        if not asked:
            return queryset
        person = Salesperson.objects.filter(pk=asked).first() if asked.isdecimal() else None
        if person is None and asked != NOBODY:
            return queryset.none()
        return queryset.filter(self.kept(person))

    def kept(self, person: Salesperson | None) -> Q:
        return Q(**{self.has_email: person.email if person else ""})


class OwnerOfThread(OwnerFilter):
    """The same for mail, which its thread's lead belongs to."""

    def kept(self, person: Salesperson | None) -> Q:
        leads = Lead.objects.filter(owner_email=person.email if person else "")
        return Q(thread_id__in=leads.values("thread_id"))


class OwnerByName(OwnerFilter):
    """The same for what keeps the owner's name alone."""

    def kept(self, person: Salesperson | None) -> Q:
        return Q(owner_name=person.name if person else "")


def lead_of_thread() -> QuerySet[Lead]:
    """The lead of the thread of the outer row."""
    return Lead.objects.filter(thread_id=OuterRef("thread_id")).exclude(thread_id="")


def with_owner(rows: QuerySet[Message]) -> QuerySet[Message]:
    """Mails with the name of who has their lead, "" where nobody has it yet, None where there is no lead."""
    return rows.annotate(lead_owner=Subquery(lead_of_thread().values("owner_name")[:1]))


def named(row: Model, attribute: str = "lead_owner") -> str:
    """The owner as the column shows it."""
    found: Mapping[str | None, str] = {None: "", "": _("nobody yet")}
    name: str | None = getattr(row, attribute, None)
    return found.get(name, name or "")
