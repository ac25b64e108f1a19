"""The list of customers: who wrote last, they or we, and who has them. It stands here because it looks at the mail."""

from typing import Any

from django.contrib import admin
from django.db.models import Case, CharField, Count, F, OuterRef, Q, QuerySet, Subquery, TextChoices, Value, When
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import DropdownFilter, RangeDateFilter

from crm.models import Contact, Lead
from inbox_router.admin.rows import Lines, NeverDeleted, ReadOnly, Rows, column
from inbox_router.shown import ago
from triage.admin.owners import OwnerOfContact, named


class Side(TextChoices):
    """Who waits for an answer."""

    CUSTOMER = "customer", gettext_lazy("the customer waits")
    WE = "we", gettext_lazy("we wait")
    NOBODY = "nobody", gettext_lazy("nobody waits")


def side() -> Case:
    """Who waits, by who wrote last."""
    return Case(
        When(last_in_at=None, last_out_at=None, then=Value(Side.NOBODY)),
        When(Q(last_out_at=None) | Q(last_in_at__gt=F("last_out_at")), then=Value(Side.CUSTOMER)),
        default=Value(Side.WE),
        output_field=CharField(),
    )


def with_owner(rows: QuerySet[Contact]) -> QuerySet[Contact]:
    """Contacts with who has the newest lead of theirs."""
    newest_lead = Lead.objects.filter(contact=OuterRef("pk")).order_by("-pk")
    return rows.annotate(
        lead_owner=Subquery(newest_lead.values("owner_name")[:1]),
        newest_lead=Subquery(newest_lead.values("pk")[:1]),
    )


class SideFilter(DropdownFilter):
    """Keeps those who wait for us, or whom we wait for."""

    title = gettext_lazy("who waits")
    parameter_name = "waits"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(value, str(label)) for value, label in Side.choices]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Contact]) -> QuerySet[Contact]:
        asked = {"side": self.value()}  # an annotation of the page
        return queryset.filter(**asked) if self.value() in Side.values else queryset


class LeadsOfContact(ReadOnly, Lines):
    model = Lead
    fields = ["subject", "owner_name", "stage", "created_at"]
    readonly_fields = fields
    show_change_link = True
    ordering = ["-pk"]


@admin.register(Contact)
class ContactPage(NeverDeleted, Rows):
    list_display = ["who", "wrote", "answered", "waits", "owner"]
    list_filter = [SideFilter, OwnerOfContact, "language", ("created_at", RangeDateFilter)]
    search_fields = ["address", "name", "company"]
    search_help_text = gettext_lazy("Address, name or company")
    ordering = ["-pk"]
    when_empty = gettext_lazy("A contact is made by the first lead from an address.")
    fields = [
        *("name", "address", "company", "language", "away_until"),
        "wrote",
        "answered",
        "lead_count",
        "story",
        "created_at",
    ]
    readonly_fields = ["address", "wrote", "answered", "lead_count", "story", "created_at"]
    inlines = [LeadsOfContact]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # a contact is made by the first lead from an address

    def get_queryset(self, request: HttpRequest) -> QuerySet[Contact]:
        rows: QuerySet[Contact] = super().get_queryset(request)
        of_contact = (
            Lead.objects.filter(contact=OuterRef("pk")).order_by().values("contact").annotate(number=Count("pk"))
        )
        rows = rows.annotate(lead_number=Coalesce(Subquery(of_contact.values("number")), 0))
        return with_owner(rows.annotate(side=side()))

    @column(gettext_lazy("Contact"), header=True, ordering="name")
    def who(self, contact: Contact) -> tuple[str, str]:
        return (contact.name or contact.address, contact.address if contact.name else "")

    @column(gettext_lazy("Last mail in"), ordering="last_in_at")
    def wrote(self, contact: Contact) -> SafeString | str:
        return ago(contact.last_in_at)

    @column(gettext_lazy("Last mail out"), ordering="last_out_at")
    def answered(self, contact: Contact) -> SafeString | str:
        return ago(contact.last_out_at)

    @column(gettext_lazy("Who waits"), label={Side.CUSTOMER: "warning", Side.WE: "info", Side.NOBODY: "default"})
    def waits(self, contact: Any) -> tuple[str, str]:
        return contact.side, str(Side(contact.side).label)

    @column(gettext_lazy("Owner"))
    def owner(self, contact: Contact) -> str:
        return named(contact)

    @column(gettext_lazy("Leads"))
    def lead_count(self, contact: Any) -> int:
        return int(contact.lead_number)

    @column(gettext_lazy("Did we respond?"))
    def story(self, contact: Contact) -> SafeString:
        url = reverse("admin:triage_message_customers")
        said = _("Show all that happened")
        return format_html('<a class="text-link" href="{}?address={}">{}</a>', url, contact.address, said)
