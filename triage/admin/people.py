"""The pages of what people do: what they decided, look at and put aside. They are only looked at."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RangeDateFilter

from inbox_router.admin.rows import ReadOnly, Rows, column
from inbox_router.shown import ago
from triage.models import Aside, Claim, Decision

State = Decision.State
COLOURS = {State.HELD: "warning", State.DONE: "success", State.UNDONE: "info", State.REFUSED: "danger"}


@admin.register(Decision)
class DecisionPage(ReadOnly, Rows):
    list_display = ["about", "answer", "state_label", "person", "when"]
    list_filter = [
        ("state", ChoicesDropdownFilter),
        ("answer", ChoicesDropdownFilter),
        "person",
        ("made_at", RangeDateFilter),
    ]
    search_fields = ["message__subject", "message__sender_address", "why"]
    search_help_text = _("Subject, sender or reason")
    ordering = ["-pk"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Decision]:
        rows: QuerySet[Decision] = super().get_queryset(request).select_related("message", "draft", "person")
        return rows.defer("message__text", "message__new_text", "message__headers", "message__raw", "message__html")

    @column(_("Message"), header=True)
    def about(self, row: Decision) -> tuple[str, str]:
        return (row.message.subject or gettext("no subject"), row.message.sender_address)

    @column(_("State"), ordering="state", label=COLOURS)
    def state_label(self, row: Decision) -> tuple[str, str]:
        return row.state, row.get_state_display()

    @column(_("Decided"), ordering="made_at")
    def when(self, row: Decision) -> str:
        return ago(row.made_at)


@admin.register(Claim)
class ClaimPage(ReadOnly, Rows):
    list_display = ["queue", "row", "person", "ends"]
    list_filter = [("queue", ChoicesDropdownFilter)]
    search_fields = ["person__username"]
    search_help_text = _("Who looks at it")
    list_select_related = ["person"]
    ordering = ["-until"]

    @column(_("Free again"), ordering="until")
    def ends(self, row: Claim) -> str:
        return ago(row.until)


@admin.register(Aside)
class AsidePage(ReadOnly, Rows):
    list_display = ["queue", "row", "person", "why", "when"]
    list_filter = [("queue", ChoicesDropdownFilter)]
    search_fields = ["person__username", "why"]
    search_help_text = _("Who put it aside, or why")
    list_select_related = ["person"]
    ordering = ["-pk"]

    @column(_("Put aside"), ordering="made_at")
    def when(self, row: Aside) -> str:
        return ago(row.made_at)
