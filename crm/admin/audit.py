"""The audit log: what happened, who did it, whether the spreadsheet has it, and all of it to take away."""

import re
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from import_export.admin import ExportMixin
from import_export.fields import Field
from import_export.formats.base_formats import CSV, XLSX
from import_export.resources import ModelResource
from unfold.contrib.filters.admin import ChoicesDropdownFilter, DropdownFilter, RangeDateFilter
from unfold.contrib.import_export.forms import ExportForm

from crm.models import AuditEntry, SheetRow
from inbox_router.admin.deliveries import COLOURS
from inbox_router.admin.rows import ReadOnly, Rows, column
from inbox_router.shown import ago, office

EXPORTED = 50_000  # entries in one file
# What makes a spreadsheet take a cell for a formula: https://owasp.org/www-community/attacks/CSV_Injection
FORMULA = re.compile(r"^[\s'\"]*[=+\-@|%]|^[\t\r\n]")
TOKEN = re.compile(r" [0-9a-f]{8}$")  # of one draft: it keeps the keys apart and tells a person nothing
PAGES = {
    "message": "triage_message",
    "lead": "crm_lead",
    "pool": "routing_pool",
    "membership": "routing_membership",
    "salesperson": "routing_salesperson",
    "senderrule": "triage_senderrule",
    "replytemplate": "triage_replytemplate",
    "categoryguide": "triage_categoryguide",
}
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")  # XLSX cannot hold them


def as_text(cell: str) -> str:
    """A cell that every spreadsheet takes for text: what a mail says is never calculated."""
    cell = CONTROL.sub("", cell)
    return f"'{cell}" if FORMULA.match(cell) else cell


class AuditResource(ModelResource):
    """An audit entry as the row of a file."""

    at = Field(attribute="at", column_name="time")
    in_sheet = Field(column_name="in the sheet")

    class Meta:
        model = AuditEntry
        fields = (
            *("key", "at", "actor_kind", "actor", "action", "subject", "summary", "reason", "sender", "mail_subject"),
            "in_sheet",
        )
        export_order = fields

    def dehydrate_at(self, entry: AuditEntry) -> str:
        return office(entry.at).isoformat(timespec="seconds")

    def dehydrate_in_sheet(self, entry: AuditEntry) -> str:
        row: SheetRow | None = getattr(entry, "sheet_row", None)
        return row.state if row else ""

    def export_field(self, field: Field, instance: AuditEntry, **kwargs: Any) -> str:
        return as_text(str(super().export_field(field, instance, **kwargs)))


class ActionFilter(DropdownFilter):
    """What was done, by the word that its action begins with: the rest of some tells of one single deed."""

    title = _("what was done")
    parameter_name = "action"
    WORDS = (
        *("received", "classified", "skipped", "to review", "read again", "lead", "follow-up", "assigned", "held"),
        *("turn adjusted", "drafted", "draft approved", "draft rejected", "answered outside", "send", "label"),
        *("archive", "marked for trash", "trash", "brought back", "restore", "outside effects", "edited"),
    )

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(word, word.capitalize()) for word in self.WORDS]

    def queryset(self, request: HttpRequest, queryset: QuerySet[AuditEntry]) -> QuerySet[AuditEntry]:
        return queryset.filter(action__startswith=self.value()) if self.value() else queryset


@admin.register(AuditEntry)
class AuditPage(ExportMixin, ReadOnly, Rows):
    resource_classes = [AuditResource]
    export_form_class = ExportForm
    formats = (CSV, XLSX)
    list_display = ["when", "actor", "did", "about", "told", "mirrored"]
    list_filter = [
        ("actor_kind", ChoicesDropdownFilter),
        ActionFilter,
        ("at", RangeDateFilter),
        ("sheet_row__state", ChoicesDropdownFilter),
    ]
    search_fields = ["subject"]  # shows the search box; get_search_results uses what has an index
    search_help_text = _("Such as message:12, or an address")
    when_empty = _("Whatever is decided or done is written here, by the program and by people.")
    list_select_related = ["sheet_row"]
    ordering = ["-pk"]
    fields = ["at", "actor_kind", "actor", "action", "subject", "summary", "reason", "sender", "mail_subject", "key"]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[AuditEntry], search_term: str
    ) -> tuple[QuerySet[AuditEntry], bool]:
        asked = search_term.strip()
        about = Q(subject=asked) | Q(sender__startswith=asked.lower()) | Q(key=asked)
        return (queryset.filter(about) if asked else queryset), False

    def has_export_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("crm.export_auditentry")

    def export_action(self, request: HttpRequest) -> HttpResponse:
        """Ask for the format, and give the file of what the list is filtered to."""
        if not self.has_export_permission(request) or not self.has_view_permission(request):
            raise PermissionDenied
        if self.get_export_queryset(request).order_by()[: EXPORTED + 1].count() > EXPORTED:
            told = gettext(
                "A file holds %(most)s entries at most. Filter the list by date first; nothing was exported."
            )
            messages.error(request, told % {"most": EXPORTED})
            return HttpResponseRedirect(f"{reverse('admin:crm_auditentry_changelist')}?{request.GET.urlencode()}")
        answer: HttpResponse = super().export_action(request)
        return answer

    @column(_("When"), ordering="at")
    def when(self, entry: AuditEntry) -> str:
        return ago(entry.at)

    @column(_("Action"), ordering="action")
    def did(self, entry: AuditEntry) -> str:
        return TOKEN.sub("", entry.action)

    @column(_("About"), ordering="subject")
    def about(self, entry: AuditEntry) -> SafeString | str:
        """What it is about, with the way to its page."""
        kind, _colon, key = entry.subject.partition(":")
        if kind not in PAGES or not key.isdecimal():
            return entry.subject
        url = reverse(f"admin:{PAGES[kind]}_change", args=(key,))
        return format_html('<a class="text-link" href="{}">{}</a>', url, entry.subject)

    @column(_("What happened"), header=True)
    def told(self, entry: AuditEntry) -> tuple[str, str]:
        return (entry.summary, " · ".join(filter(None, [entry.mail_subject, entry.reason])))

    @column(_("In the sheet?"), label=COLOURS)
    def mirrored(self, entry: AuditEntry) -> tuple[str, str] | str:
        row: SheetRow | None = getattr(entry, "sheet_row", None)
        return (row.state, row.get_state_display().partition(":")[0]) if row else ""
