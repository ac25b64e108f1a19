"""What is done outside: which effects are armed, what waits for each, and the switch that stops all of them."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from inbox_router.admin.deeds import person
from inbox_router.admin.pages import Page
from inbox_router.admin.rows import ReadOnly, Rows, column
from inbox_router.delivery import Delivery, kinds
from inbox_router.models import Halt
from inbox_router.shown import ago
from triage.people.halting import go_on, stop

SHOWN = 10  # halts
MEANING = {
    "label": gettext_lazy("Labels are set on mail in the mailbox."),
    "draft": gettext_lazy("Replies are saved in Drafts, and what people approve is sent."),
    "trash": gettext_lazy("Spam and newsletters are moved to Trash, from where they can be brought back."),
    "archive": gettext_lazy("Mail that is dealt with is moved to Archive."),
    "slack": gettext_lazy("People and managers are told in Slack."),
    "sheet": gettext_lazy("The audit log is mirrored to the spreadsheet."),
    "crm": gettext_lazy("Leads are written to the CRM."),
}


@dataclass(frozen=True)
class Effect:
    """One effect: whether it is armed, what is owed of it, and what was only shown because it was not armed."""

    name: str
    meaning: str
    armed: bool
    owed: int
    shown: int


def effects() -> Iterator[Effect]:
    """Each effect, in the order in which one arms them."""
    state = Delivery.State
    owed, shown = counted((state.OWED, state.TAKEN, state.BLOCKED)), counted((state.SHADOW,))
    for name in settings.EFFECTS:
        yield Effect(name, str(MEANING[name]), name in settings.ARMED, owed[name], shown[name])


def counted(states: tuple[str, ...]) -> Counter[str]:
    """How many deliveries of each effect are in these states."""
    found: Counter[str] = Counter()
    for kind in kinds():
        rows = kind._default_manager.select_related(None).filter(state__in=states).order_by()
        found.update(dict(rows.values_list("effect").annotate(number=Count("pk"))))
    return found


class OutsidePage(Page):
    """The switch, and what each effect does."""

    title = gettext_lazy("Outside effects")
    permission_required = "inbox_router.view_halt"
    template_name = "admin/triage/outside.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        armed = [effect for effect in settings.EFFECTS if effect in settings.ARMED]
        user = self.request.user
        return super().get_context_data(**kwargs) | {
            "halt": Halt.in_force().first(),
            "halts": Halt.objects.exclude(until=None)[:SHOWN],
            "effects": list(effects()),
            "armed": ",".join(armed) or "none",
            "armed_names": ", ".join(armed),
            "may_stop": user.has_perm("inbox_router.add_halt"),
            "may_go_on": user.has_perm("inbox_router.change_halt"),
        }

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Throw the switch, or let everything go on."""
        wanted = request.POST.get("deed", "")
        right = {"stop": "inbox_router.add_halt", "go-on": "inbox_router.change_halt"}.get(wanted, "")
        if not request.user.has_perm(right):
            raise PermissionDenied
        self.stop(request) if wanted == "stop" else self.go_on(request)
        return HttpResponseRedirect(request.path)

    def stop(self, request: HttpRequest) -> None:
        why = request.POST.get("why", "").strip()
        if not why:
            messages.error(request, _("Say why, so that the others know. Nothing was stopped."))
        elif stop(person(request), why):
            messages.success(request, _("Stopped: nothing goes out any more. What is owed stays owed."))
        else:
            messages.info(request, _("It was stopped already; nothing was changed."))

    def go_on(self, request: HttpRequest) -> None:
        if go_on(person(request)):
            messages.success(request, _("Everything goes on within a minute, with what was owed meanwhile."))
        else:
            messages.info(request, _("Nothing was stopped; nothing was changed."))


@admin.register(Halt)
class HaltPage(ReadOnly, Rows):
    """Each time that everything was stopped."""

    list_display = ["began", "by", "why", "ended", "ended_by"]
    actions = None
    ordering = ["-pk"]

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(OutsidePage.as_view(model_admin=self))
        return [path("outside/", view, name="inbox_router_halt_outside"), *super().get_urls()]

    @column(gettext_lazy("Stopped"), ordering="since")
    def began(self, halt: Halt) -> str:
        return ago(halt.since)

    @column(gettext_lazy("Went on"), ordering="until")
    def ended(self, halt: Halt) -> str:
        return ago(halt.until) if halt.until else _("stopped still")
