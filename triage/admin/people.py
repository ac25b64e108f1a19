"""The pages of what people do: what they decided, look at and put aside. They are only looked at."""

from typing import Any

from django.contrib import admin
from django.db.models import Case, Model, OuterRef, QuerySet, Subquery, When
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RangeDateFilter

from inbox_router.admin.rows import ReadOnly, Rows, column
from inbox_router.shown import ago
from triage.models import Aside, Claim, Decision, Draft, Message, Queue

State = Decision.State
IN_QUEUE: dict[str, tuple[type[Model], str]] = {
    Queue.REVIEWS: (Message, "triage_message"),
    Queue.DRAFTS: (Draft, "triage_draft"),
}
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


class OfQueue:
    """Mixed in: rows that name a mail or a draft by its number in a queue."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: Any = super().get_queryset(request)  # type: ignore[misc]
        whens = [
            When(queue=queue, then=Subquery(model._default_manager.filter(pk=OuterRef("row")).values("subject")[:1]))
            for queue, (model, _page) in IN_QUEUE.items()
        ]
        named: QuerySet[Any] = rows.annotate(of=Case(*whens))
        return named

    @column(_("About"))
    def about(self, row: Any) -> str:
        return row.of or gettext("no subject")

    @column(_("About"))
    def page(self, row: Any) -> SafeString:
        url = reverse(f"admin:{IN_QUEUE[row.queue][1]}_change", args=(row.row,))
        return format_html('<a class="text-link" href="{}">{}</a>', url, self.about(row))


@admin.register(Claim)
class ClaimPage(OfQueue, ReadOnly, Rows):
    list_display = ["about", "queue", "person", "ends"]
    list_filter = [("queue", ChoicesDropdownFilter)]
    search_fields = ["person__username"]
    search_help_text = _("Who looks at it")
    list_select_related = ["person"]
    ordering = ["-until"]
    fields = ["page", "queue", "person", "ends"]
    readonly_fields = ["page", "ends"]

    @column(_("Free again"), ordering="until")
    def ends(self, row: Claim) -> str:
        return ago(row.until)


@admin.register(Aside)
class AsidePage(OfQueue, ReadOnly, Rows):
    list_display = ["about", "queue", "person", "why", "when"]
    list_filter = [("queue", ChoicesDropdownFilter)]
    search_fields = ["person__username", "why"]
    search_help_text = _("Who put it aside, or why")
    list_select_related = ["person"]
    ordering = ["-pk"]
    fields = ["page", "queue", "person", "why", "until", "when"]
    readonly_fields = ["page", "when"]

    @column(_("Put aside"), ordering="made_at")
    def when(self, row: Aside) -> str:
        return ago(row.made_at)
