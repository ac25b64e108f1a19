"""The monthly statement: what each person got against what they were owed, to read and as CSV."""

from datetime import date, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from inbox_router.admin.pages import Page
from routing.fairness import month, shares, write_csv

MONTHS = 13  # offered to choose from


class StatementPage(Page):
    """A month, per pool and person."""

    title = _("Monthly statement")
    permission_required = "routing.view_pool"
    template_name = "admin/routing/statement.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        chosen = _month(request.GET.get("month", ""))
        rows = shares(*month(chosen.year, chosen.month))
        if "csv" in request.GET:
            name = f"rotation-{chosen:%Y-%m}.csv"
            answer = HttpResponse(
                content_type="text/csv; charset=utf-8",
                headers={"Content-Disposition": f'attachment; filename="{name}"'},
            )
            write_csv(rows, answer)  # type: ignore[arg-type]
            return answer
        return self.render_to_response(self.get_context_data(rows=rows, chosen=chosen, months=_months()))


def _month(text: str) -> date:
    """The first day of a month that is written such as 2026-11; of this one where it is not."""
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError:
        return timezone.localdate().replace(day=1)


def _months() -> list[date]:
    """This month and those before, the newest first."""
    found = [timezone.localdate().replace(day=1)]
    while len(found) < MONTHS:
        found.append((found[-1] - timedelta(days=1)).replace(day=1))
    return found
