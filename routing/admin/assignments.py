"""Who got which lead and why, and what they were told in Slack."""

from typing import Any

from django.contrib import admin
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RangeDateFilter, RelatedDropdownFilter

from inbox_router.admin.deliveries import DeliveryPage, acknowledge_deed, retry_deed
from inbox_router.admin.rows import ReadOnly, Rows, column
from inbox_router.shown import ago, plain
from routing.card import Card, text
from routing.models import Assignment, SlackAlert


@admin.register(Assignment)
class AssignmentPage(ReadOnly, Rows):
    list_display = ["who", "about", "rule_label", "reason", "when"]
    list_filter = [
        ("salesperson", RelatedDropdownFilter),
        ("pool", RelatedDropdownFilter),
        ("rule", ChoicesDropdownFilter),
        "active",
        ("at", RangeDateFilter),
    ]
    search_fields = ["lead__subject", "lead__contact__address", "lead__contact__name", "salesperson__name"]
    search_help_text = _("Lead, customer or person")
    list_select_related = ["salesperson", "lead__contact", "pool", "cc"]
    ordering = ["-pk"]
    fields = ["lead", "salesperson", "cc", "pool", "rule", "decision", "active", "at", "by", "due_at", "answered_at"]
    readonly_fields = ["decision"]

    @column(_("Person"), ordering="salesperson__name")
    def who(self, row: Assignment) -> str:
        return row.salesperson.name

    @column(_("Lead"), header=True)
    def about(self, row: Assignment) -> tuple[str, str]:
        return (row.lead.subject or gettext("no subject"), str(row.lead.contact))

    @column(_("Rule"), ordering="rule", label={"manual": "warning", "fallback": "warning", "rotation": "info"})
    def rule_label(self, row: Assignment) -> tuple[str, str]:
        return row.rule, row.get_rule_display().partition(":")[0]

    @column(_("When"), ordering="at")
    def when(self, row: Assignment) -> str:
        return ago(row.at)

    @column(_("Why this person"))
    def decision(self, row: Assignment) -> str:
        return plain(text(Card.read(row.card)) if row.card else row.reason)


@admin.register(SlackAlert)
class SlackAlertPage(DeliveryPage):
    retry = retry_deed("routing.change_slackalert")
    acknowledge = acknowledge_deed("routing.change_slackalert")
    list_select_related = ["salesperson", "assignment__lead"]

    @column(_("To"), ordering="salesperson__name")
    def what(self, row: Any) -> str:
        return f"{row.salesperson or row.channel}: {row.text[:60]}"
