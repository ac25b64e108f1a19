"""One thing after the other: what a person works through, without two persons on the same one."""

from typing import Any

from django.contrib import messages
from django.core.cache import cache
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone

from inbox_router.admin.pages import Page
from triage.services import Conflict

LEASE_SECONDS = 300
SKIPPED = 200  # as many are remembered in a session


class QueuePage(Page):
    """Shows one row of a queue and takes what the person decides of it. Subclasses say which rows, and what."""

    name: str

    def rows(self) -> QuerySet[Any]:
        """All that waits, in order."""
        raise NotImplementedError

    def shown(self, row: Any) -> dict[str, Any]:
        """What the template shows of one row."""
        raise NotImplementedError

    def decide(self, row: Any, answers: dict[str, str]) -> str:
        """Carry out what the person decided; the sentence that tells it. May raise Conflict."""
        raise NotImplementedError

    # --- showing ---

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        row = self.chosen() or self.next_row()
        skipped = len(self.skipped())
        context |= {"row": row, "left": self.rows().count(), "skipped": skipped}
        return context | (self.shown(row) if row else {})

    def chosen(self) -> Any:
        """The row that the address asks for, if it still waits."""
        key = self.request.GET.get("row", "")
        row = self.rows().filter(pk=key).first() if key.isdecimal() else None
        return row if row and self.lease(row) else None

    def next_row(self) -> Any:
        """The first row that this person did not skip and nobody else looks at."""
        waiting = self.rows().exclude(pk__in=self.skipped())
        return next((row for row in waiting[:50] if self.lease(row)), None)

    def lease(self, row: Model) -> bool:
        """Take a row for this person for some minutes.

        A courtesy that spares two people the same work. That nobody decides over another is left to the
        version of the row, which each decision checks.
        """
        key, me = f"lease:{self.name}:{row.pk}", self.request.user.pk
        if cache.get_or_set(key, me, LEASE_SECONDS) != me:
            return False
        cache.touch(key, LEASE_SECONDS)
        return True

    # --- deciding ---

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        answers = request.POST.dict()
        if answers.get("again"):
            self.remember([])
            return HttpResponseRedirect(request.path)
        key = answers.get("row", "")
        row = self.rows().filter(pk=key).first() if key.isdecimal() else None
        if row is None or str(row.version) != answers.get("version"):
            messages.error(request, "Somebody was faster: this one was decided or changed meanwhile. Nothing was done.")
        elif answers.get("decision") == "skip":
            self.remember([*self.skipped(), row.pk])
            messages.info(request, "Skipped; it comes back at the end.")
        else:
            self.carry_out(row, answers)
        if row is not None:
            cache.delete(f"lease:{self.name}:{row.pk}")
        cache.delete(f"badge:triage.admin.waiting.{self.name}")
        return HttpResponseRedirect(request.path)

    def carry_out(self, row: Any, answers: dict[str, str]) -> None:
        try:
            messages.success(self.request, self.decide(row, answers))
        except Conflict as conflict:
            messages.error(self.request, str(conflict))

    def skipped(self) -> list[int]:
        return list(self.request.session.get(f"skipped:{self.name}", []))

    def remember(self, keys: list[int]) -> None:
        self.request.session[f"skipped:{self.name}"] = keys[-SKIPPED:]


def today() -> Any:
    """When this day began, here."""
    return timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
