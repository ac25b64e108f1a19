"""Who got which lead and why, and what they were told in Slack."""

import re
from html import unescape
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.text import Truncator
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RangeDateFilter, RelatedDropdownFilter

from inbox_router.admin.deliveries import DeliveryPage, acknowledge_deed, retry_deed
from inbox_router.admin.rows import ReadOnly, Rows, column
from inbox_router.shown import ago, plain
from routing.card import Card, text
from routing.models import Assignment, SlackAlert

FOUND = 1000  # as many are found at most, the newest


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

    def get_queryset(self, request: HttpRequest) -> QuerySet[Assignment]:
        rows: QuerySet[Assignment] = super().get_queryset(request)
        of_one = request.resolver_match and "object_id" in request.resolver_match.kwargs
        return rows if of_one else rows.defer("card", "lead__first_message")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Assignment], search_term: str
    ) -> tuple[QuerySet[Assignment], bool]:
        if not search_term.strip():
            return queryset, False
        # The words are looked for once, in narrow rows: not by the count and by the page, in all that a lead says.
        found, doubled = super().get_search_results(request, queryset, search_term)
        newest = found.order_by("-pk").values_list("pk", flat=True)[:FOUND]
        return queryset.filter(pk__in=list(newest)), doubled

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
        first_line = row.text.strip().partition("\n")[0]
        return f"{row.salesperson or row.channel}: {Truncator(unmarked(first_line)).chars(80)}"

    def called(self, row: Any) -> str:
        return gettext("Alert to %(whom)s") % {"whom": self.what(row)}


def unmarked(text: str) -> str:
    """Slack's mrkdwn as plain text in one line."""
    return unescape(" ".join(re.sub(r"<[^|>]*\|([^>]*)>", r"\1", text).replace("*", "").split()))
