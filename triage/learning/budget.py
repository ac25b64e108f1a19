"""What the language model may cost in a day and in a month; when that is spent, nobody asks it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.conf import settings
from django.db.models import Sum
from django.utils import timezone

from routing.services import alert_managers
from triage.models import Classification


def spent(since: datetime) -> Decimal:
    """USD that the language model cost since then."""
    rows = Classification.objects.filter(judge=Classification.Judge.LLM, created_at__gte=since)
    return Decimal(rows.aggregate(cost=Sum("cost"))["cost"] or 0)


def today() -> datetime:
    """When this day began where the office is."""
    return timezone.localtime(timezone=timezone.get_default_timezone()).replace(
        hour=0, minute=0, second=0, microsecond=0
    )


@dataclass(frozen=True)
class Spent:
    """A budget of which nothing is left until a moment. `setting` is the one that limits it, `limit` is in USD."""

    period: str
    setting: str
    limit: float
    until: datetime

    def __str__(self) -> str:
        return f"the language model's budget of this {self.period} ({self.limit:.2f} USD) is spent"


def exhausted() -> Spent | None:
    """The budget that is spent, the longer one first."""
    day = today()
    month, tomorrow = day.replace(day=1), day + timedelta(days=1)  # by the clock: such a day may have 23 hours
    next_month = (month + timedelta(days=31)).replace(day=1)
    for since, one in (
        (month, Spent("month", "LLM_MONTHLY_BUDGET", settings.LLM_MONTHLY_BUDGET, next_month)),
        (day, Spent("day", "LLM_DAILY_BUDGET", settings.LLM_DAILY_BUDGET, tomorrow)),
    ):
        if one.limit and spent(since) >= Decimal(str(one.limit)):
            return one
    return None


def tell(trouble: Spent) -> None:
    """Tell the managers, once a day."""
    text = f"Mail is not judged by the language model any more: {trouble}. {settings.SITE_URL}/admin/"
    alert_managers(f"budget:{today():%Y-%m-%d}:{trouble.period}", text)
