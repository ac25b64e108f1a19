"""Problems: everything that a person has to mend, on one page, each with its way out."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import admin, messages
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.db.models import prefetch_related_objects
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from inbox_router.admin.pages import Page
from inbox_router.delivery import Delivery, kinds
from inbox_router.navigation import called
from triage.admin import capture
from triage.admin.waiting import (
    gaps,
    spent_budget,
    troubled_deliveries,
    troubled_mailboxes,
    unread_mail,
    waiting_for_budget,
)


@dataclass(frozen=True)
class Problem:
    """One failed delivery as the page shows it."""

    what: str
    trouble: str
    since: datetime
    unsure: bool
    url: str


class ProblemsPage(Page):
    """What failed, and what to do about it."""

    title = _("Problems")
    permission_required = "triage.view_mailboxdelivery"
    template_name = "admin/triage/problems.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {
            "deliveries": problems(),
            "unread": unread_mail().only("pk", "subject", "sender_address", "error", "received_at", "created_at")[:50],
            "mailboxes": troubled_mailboxes(),
            "gaps": gaps(),
            "budget": spent_budget(),
            "for_want_of_budget": waiting_for_budget(),
            "moved": list(capture.moved()),
            **capture.context(),
            "may_retry": bool(self.mendable()),
        }

    def mendable(self) -> list[type[Delivery]]:
        """The kinds of deliveries that this person may try again."""
        return [kind for kind in kinds() if self.request.user.has_perm(_right(kind))]

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Try what failed once more, of the kinds that the person may; who looks first sees to the unconfirmed."""
        mendable = self.mendable()
        if not mendable:
            raise PermissionDenied
        states = (Delivery.State.FAILED, Delivery.State.BLOCKED)
        failed = [row for kind in mendable for row in kind._default_manager.filter(state__in=states)]
        for row in failed:
            row.retry()
        cache.delete("badge:triage.admin.waiting.problems")
        told = ngettext(
            "%(count)d will be tried again within a minute.",
            "%(count)d will be tried again within a minute.",
            len(failed),
        )
        messages.success(request, told % {"count": len(failed)})
        return HttpResponseRedirect(request.path)


def problems() -> list[Problem]:
    """All of them, each with what its name is made of, in few statements."""
    rows = troubled_deliveries()
    for kind in kinds():
        if concerned := getattr(admin.site._registry.get(kind), "list_select_related", ()):
            prefetch_related_objects([row for row in rows if isinstance(row, kind)], *concerned)
    return [problem(row) for row in rows]


def problem(row: Delivery) -> Problem:
    meta = row._meta
    return Problem(
        what=called(row),
        trouble=row.error or row.evidence or row.get_state_display(),
        since=row.created_at,
        unsure=row.state == Delivery.State.UNCONFIRMED,
        url=reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=(row.pk,)),
    )


def _right(kind: type[Delivery]) -> str:
    return f"{kind._meta.app_label}.change_{kind._meta.model_name}"
