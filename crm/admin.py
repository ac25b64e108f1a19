"""The records: contacts, the log, and its mirror. Leads have their page in `triage`, which hands drafts over too."""

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RangeDateFilter

from crm.models import AuditEntry, Contact, Lead, SheetRow
from inbox_router.admin.deliveries import COLOURS, DeliveryPage, acknowledge_deed, retry_deed
from inbox_router.admin.rows import Lines, NeverDeleted, ReadOnly, Rows, column
from inbox_router.shown import ago


class LeadsOfContact(ReadOnly, Lines):
    model = Lead
    fields = ["subject", "owner_name", "stage", "created_at"]
    readonly_fields = fields
    show_change_link = True
    ordering = ["-pk"]


@admin.register(Contact)
class ContactPage(NeverDeleted, Rows):
    list_display = ["who", "company", "language", "lead_count", "since"]
    list_filter = ["language", ("created_at", RangeDateFilter)]
    search_fields = ["address", "name", "company"]
    search_help_text = "Address, name or company"
    ordering = ["-pk"]
    fields = ["name", "address", "company", "language", "created_at"]
    readonly_fields = ["address", "created_at"]
    inlines = [LeadsOfContact]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # a contact is made by the first lead from an address

    def get_queryset(self, request: HttpRequest) -> QuerySet[Contact]:
        rows: QuerySet[Contact] = super().get_queryset(request)
        return rows.annotate(lead_count=Count("leads"))

    @column("Contact", header=True, ordering="name")
    def who(self, contact: Contact) -> tuple[str, str]:
        return (contact.name or contact.address, contact.address if contact.name else "")

    @column("Leads", ordering="lead_count")
    def lead_count(self, contact: Contact) -> int:
        return int(contact.lead_count)  # type: ignore[attr-defined]

    @column("Since", ordering="created_at")
    def since(self, contact: Contact) -> str:
        return ago(contact.created_at)


@admin.register(AuditEntry)
class AuditPage(ReadOnly, Rows):
    list_display = ["when", "actor", "action", "told", "mirrored"]
    list_filter = [("actor_kind", ChoicesDropdownFilter), "action", ("at", RangeDateFilter)]
    search_fields = ["subject", "sender", "mail_subject", "summary"]
    search_help_text = "What it is about (message:12), the sender, a subject, or what it says"
    list_select_related = ["sheet_row"]
    ordering = ["-pk"]
    fields = ["at", "actor_kind", "actor", "action", "subject", "summary", "reason", "sender", "mail_subject", "key"]

    @column("When", ordering="at")
    def when(self, entry: AuditEntry) -> str:
        return ago(entry.at)

    @column("What happened", header=True)
    def told(self, entry: AuditEntry) -> tuple[str, str]:
        return (entry.summary, " · ".join(filter(None, [entry.mail_subject, entry.reason])) or entry.subject)

    @column("In the sheet", label=COLOURS)
    def mirrored(self, entry: AuditEntry) -> tuple[str, str] | str:
        row: SheetRow | None = getattr(entry, "sheet_row", None)
        return (row.state, row.get_state_display().partition(":")[0]) if row else ""


@admin.register(SheetRow)
class SheetRowPage(DeliveryPage):
    retry = retry_deed("crm.change_sheetrow")
    acknowledge = acknowledge_deed("crm.change_sheetrow")
