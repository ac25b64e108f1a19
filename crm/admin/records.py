"""The records: contacts, and the mirror of the log. Leads have their page in `triage`, which hands drafts over too."""

from django.contrib import admin
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import RangeDateFilter

from crm.admin.mirror import MirrorPage
from crm.models import Contact, Lead, SheetRow
from inbox_router.admin.deliveries import DeliveryPage, acknowledge_deed, retry_deed
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
    search_help_text = _("Address, name or company")
    ordering = ["-pk"]
    when_empty = _("A contact is made by the first lead from an address.")
    fields = ["name", "address", "company", "language", "away_until", "created_at"]
    readonly_fields = ["address", "created_at"]
    inlines = [LeadsOfContact]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # a contact is made by the first lead from an address

    def get_queryset(self, request: HttpRequest) -> QuerySet[Contact]:
        rows: QuerySet[Contact] = super().get_queryset(request)
        of_contact = (
            Lead.objects.filter(contact=OuterRef("pk")).order_by().values("contact").annotate(number=Count("pk"))
        )
        return rows.annotate(lead_count=Coalesce(Subquery(of_contact.values("number")), 0))

    @column(_("Contact"), header=True, ordering="name")
    def who(self, contact: Contact) -> tuple[str, str]:
        return (contact.name or contact.address, contact.address if contact.name else "")

    @column(_("Leads"), ordering="lead_count")
    def lead_count(self, contact: Contact) -> int:
        return int(contact.lead_count)  # type: ignore[attr-defined]

    @column(_("Since"), ordering="created_at")
    def since(self, contact: Contact) -> str:
        return ago(contact.created_at)


@admin.register(SheetRow)
class SheetRowPage(DeliveryPage):
    retry = retry_deed("crm.change_sheetrow")
    acknowledge = acknowledge_deed("crm.change_sheetrow")

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(MirrorPage.as_view(model_admin=self))
        return [path("mirror/", view, name="crm_sheetrow_mirror"), *super().get_urls()]
