"""The credit ledger, line by line."""

from django.contrib import admin
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RangeDateFilter, RelatedDropdownFilter

from inbox_router.admin.rows import ReadOnly, Rows, column
from inbox_router.shown import ago, signed
from routing.models import LedgerLine
from routing.rotation import TURN


@admin.register(LedgerLine)
class LedgerPage(ReadOnly, Rows):
    list_display = ["salesperson", "pool", "told", "changed", "when"]
    list_filter = [
        ("pool", RelatedDropdownFilter),
        ("salesperson", RelatedDropdownFilter),
        ("kind", ChoicesDropdownFilter),
        ("at", RangeDateFilter),
    ]
    search_fields = ["salesperson__name", "reason"]
    search_help_text = _("Person or reason")
    list_select_related = ["salesperson", "pool"]
    ordering = ["-pk"]
    fields = ["pool", "salesperson", "assignment", "kind", "changed", "reason", "by", "at"]
    readonly_fields = ["changed"]

    @column(_("What"))
    def told(self, line: LedgerLine) -> str:
        return line.reason or line.get_kind_display()

    @column(_("Turns"))
    def changed(self, line: LedgerLine) -> str:
        figures = {"change": signed(line.change / TURN), "credit": signed(line.credit / TURN)}
        return gettext("%(change)s, then %(credit)s") % figures

    @column(_("When"), ordering="at")
    def when(self, line: LedgerLine) -> str:
        return ago(line.at)
