"""The page of deliveries, the same for every kind: what is owed to the outside, and what a person does about it."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import ChoicesDropdownFilter

from inbox_router.admin.deeds import WithDeeds, deed
from inbox_router.admin.rows import ReadOnly, Rows, column
from inbox_router.delivery import Delivery
from inbox_router.shown import ago

State = Delivery.State
COLOURS = {
    State.OWED: "info",
    State.TAKEN: "info",
    State.DONE: "success",
    State.UNCONFIRMED: "danger",
    State.FAILED: "danger",
    State.BLOCKED: "danger",
    State.CANCELLED: "default",
    State.SHADOW: "warning",
}


def in_trouble(row: Delivery) -> bool:
    return row.state in row.TROUBLED


def can_retry(row: Delivery) -> bool:
    return row.state in (*row.TROUBLED, State.SHADOW)


def retry_deed(permission: str) -> Any:
    """The deed "Try again" for a kind of delivery."""

    @deed(
        "Try again",
        permission=permission,
        icon="replay",
        when=can_retry,
        text="It will be tried within a minute. If it is unconfirmed, look first: it may have been done already.",
    )
    def retry(page: Any, request: HttpRequest, row: Delivery, answers: dict[str, Any]) -> str:
        row.retry()
        return "It will be tried again within a minute."

    return retry


def acknowledge_deed(permission: str) -> Any:
    """The deed "It is settled": a person saw that nothing more is to be done."""

    @deed(
        "It is settled",
        permission=permission,
        icon="check",
        when=in_trouble,
        text="You looked, and nothing more is to be done: it was done after all, by you or by the program.",
    )
    def acknowledge(page: Any, request: HttpRequest, row: Delivery, answers: dict[str, Any]) -> str:
        row.acknowledge(str(request.user))
        return "Noted: nothing more will be done."

    return acknowledge


class DeliveryPage(ReadOnly, WithDeeds, Rows):
    """A list of deliveries of one kind, with a retry and an acknowledgement. Subclasses add the two deeds."""

    list_display = ["what", "state_label", "attempts", "due", "trouble"]
    list_filter = [("state", ChoicesDropdownFilter)]
    search_fields = ["key__startswith"]  # half a million rows: what went wrong is found by its state
    search_help_text = "The beginning of its key"
    ordering = ["-pk"]
    actions_detail = ["retry", "acknowledge"]
    actions = ["retry_all"]

    @column("What", ordering="key")
    def what(self, row: Any) -> str:
        return str(row.key)

    @column("State", ordering="state", label=COLOURS)
    def state_label(self, row: Delivery) -> tuple[str, str]:
        return row.state, row.get_state_display().partition(":")[0]

    @column("Due", ordering="due_at")
    def due(self, row: Delivery) -> str:
        return ago(row.settled_at or row.due_at)

    @column("Said")
    def trouble(self, row: Delivery) -> str:
        return row.error or row.evidence

    def has_mend_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(f"{self.opts.app_label}.change_{self.opts.model_name}")

    @admin.action(description="Try again", permissions=["mend"])
    def retry_all(self, request: HttpRequest, rows: QuerySet[Delivery]) -> None:
        """Owe the chosen ones again."""
        chosen = [row for row in rows if can_retry(row)]
        for row in chosen:
            row.retry()
        messages.success(request, f"{len(chosen)} will be tried again within a minute.")
