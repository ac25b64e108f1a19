"""The page of deliveries, the same for every kind: what is owed to the outside, and what a person does about it."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
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
        _("Try again"),
        permission=permission,
        icon="replay",
        when=can_retry,
        text=_("It will be tried within a minute. If it is unconfirmed, look first: it may have been done already."),
    )
    def retry(page: Any, request: HttpRequest, row: Delivery, answers: dict[str, Any]) -> str:
        row.retry()
        return gettext("It will be tried again within a minute.")

    return retry


def acknowledge_deed(permission: str) -> Any:
    """The deed "It is settled": a person saw that nothing more is to be done."""

    @deed(
        _("It is settled"),
        permission=permission,
        icon="check",
        when=in_trouble,
        text=_("You looked, and nothing more is to be done: it was done after all, by you or by the program."),
    )
    def acknowledge(page: Any, request: HttpRequest, row: Delivery, answers: dict[str, Any]) -> str:
        row.acknowledge(str(request.user))
        return gettext("Noted: nothing more will be done.")

    return acknowledge


class DeliveryPage(ReadOnly, WithDeeds, Rows):
    """A list of deliveries of one kind, with a retry and an acknowledgement. Subclasses add the two deeds."""

    list_display = ["what", "state_label", "attempts", "due", "trouble"]
    list_filter = [("state", ChoicesDropdownFilter)]
    search_fields = ["key__startswith"]  # half a million rows: what went wrong is found by its state
    search_help_text: str | Promise = _("The beginning of its key")
    ordering = ["-pk"]
    actions_detail = ["retry", "acknowledge"]
    actions = ["retry_all"]

    @column(_("What"), ordering="key")
    def what(self, row: Any) -> str:
        return str(row.key)

    def called(self, row: Any) -> str:
        """What a row is called where rows of all kinds stand together."""
        return str(self.what(row))

    @column(_("State"), ordering="state", label=COLOURS)
    def state_label(self, row: Delivery) -> tuple[str, str]:
        return row.state, row.get_state_display().partition(":")[0]

    @column(_("Due"), ordering="due_at")
    def due(self, row: Delivery) -> str:
        return ago(row.settled_at or row.due_at)

    @column(_("Said"))
    def trouble(self, row: Delivery) -> str:
        return row.error or row.evidence

    def has_mend_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(f"{self.opts.app_label}.change_{self.opts.model_name}")

    @admin.action(description=_("Try again"), permissions=["mend"])
    def retry_all(self, request: HttpRequest, rows: QuerySet[Delivery]) -> None:
        """Owe the chosen ones again."""
        chosen = [row for row in rows if can_retry(row)]
        for row in chosen:
            row.retry()
        number = len(chosen)
        told = ngettext(
            "%(number)s will be tried again within a minute.", "%(number)s will be tried again within a minute.", number
        )
        messages.success(request, told % {"number": number})
