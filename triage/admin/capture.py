"""The proof that no mail is missing, day by day."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import Count, Max
from django.db.models.functions import TruncDate
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from triage.models import CaptureCheck, Mailbox

DAYS = 30


@dataclass(frozen=True)
class Day:
    """The comparisons of one day: how many there were, and how much was missing at worst."""

    day: date
    checks: int
    missing: int

    @property
    def state(self) -> str:
        if self.missing:
            return "gap"
        return "fine" if self.checks else "none"

    @property
    def says(self) -> str:
        when = date_format(self.day, "MONTH_DAY_FORMAT")
        if self.missing:
            return _("%(when)s: %(missing)s missing") % {"when": when, "missing": self.missing}
        if self.checks:
            return _("%(when)s: nothing missing") % {"when": when}
        return _("%(when)s: not compared") % {"when": when}


def strip() -> list[Day]:
    """The last 30 days, the oldest first."""
    today = timezone.localdate()
    start = timezone.now() - timedelta(days=DAYS)
    rows = CaptureCheck.objects.filter(at__gte=start).annotate(day=TruncDate("at")).order_by("day").values_list("day")
    found = {day: (checks, worst) for day, checks, worst in rows.annotate(Count("pk"), Max("unexplained"))}
    days = (today - timedelta(days=back) for back in range(DAYS - 1, -1, -1))
    return [Day(day, *found.get(day, (0, 0))) for day in days]


def sentence(days: list[Day]) -> str:
    """What the strip says, in words."""
    checks, gaps = sum(day.checks for day in days), sum(bool(day.missing) for day in days)
    if not checks:
        return _("The mailbox was not compared with our rows yet. The worker does it each hour.")
    if gaps:
        return ngettext("Mail was missing on %(gaps)s day.", "Mail was missing on %(gaps)s days.", gaps) % {
            "gaps": gaps
        }
    return _("Compared %(checks)s times in 30 days: no mail was missing.") % {"checks": checks}


def moved() -> Iterator[tuple[CaptureCheck, list[str]]]:
    """The newest comparison of each mailbox in which mail was moved before we saw it, and where it lies."""
    for mailbox in Mailbox.objects.filter(active=True).order_by("name"):
        check = CaptureCheck.objects.filter(mailbox=mailbox).select_related("mailbox").order_by("-pk").first()
        if check and (places := check.facts.get("moved_unseen")):
            yield check, places


def context() -> dict[str, Any]:
    """What admin/triage/capture_strip.html shows."""
    days = strip()
    return {"capture_days": days, "capture_says": sentence(days)}
