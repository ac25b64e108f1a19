"""Whether the spreadsheet has what is known of a lead."""

from typing import Any

from django.db.models import CharField, Exists, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Cast, Concat
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import DropdownFilter

from crm.models import Lead, SheetRow

YES, NO = "yes", "no"


def rows_of_lead() -> QuerySet[SheetRow]:
    """The rows of the spreadsheet that tell of the outer row, a lead."""
    return SheetRow.objects.filter(entry__subject=Concat(Value("lead:"), Cast(OuterRef("pk"), CharField())))


def with_mirror(leads: QuerySet[Lead]) -> QuerySet[Lead]:
    """Leads with the state of one row that the spreadsheet lacks, else of their newest; None where there is none."""
    done = SheetRow.State.DONE
    missing = rows_of_lead().exclude(state=done).order_by("-pk").values("state")[:1]
    newest = rows_of_lead().order_by("-pk").values("state")[:1]
    return leads.annotate(mirror_missing=Subquery(missing), mirror_newest=Subquery(newest))


class MirroredFilter(DropdownFilter):
    """Keeps leads of which the spreadsheet has all, or lacks something."""

    title = gettext_lazy("in the sheet")
    parameter_name = "mirrored"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(YES, _("all of it")), (NO, _("something is missing"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Lead]) -> QuerySet[Lead]:
        missing = Exists(rows_of_lead().exclude(state=SheetRow.State.DONE))
        kept = {YES: ~missing, NO: missing}.get(str(self.value() or ""))
        return queryset if kept is None else queryset.filter(kept)
