"""What the language model may cost in a day and in a month; when that is spent, nobody asks it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.conf import settings
from django.db.models import QuerySet, Sum

from inbox_router.shown import office
from routing.services import alert_managers
from triage.models import Classification, DryRun

LAST = 50  # mails whose cost tells what the next ones may cost


def spent(since: datetime) -> Decimal:
    """USD that the language model cost since then, dry runs included."""
    rows = Classification.objects.filter(judge=Classification.Judge.LLM, created_at__gte=since)
    tried = DryRun.objects.filter(created_at__gte=since)
    return sum((Decimal(each.aggregate(cost=Sum("cost"))["cost"] or 0) for each in (rows, tried)), Decimal(0))


def today() -> datetime:
    """When this day began where the office is."""
    return office().replace(hour=0, minute=0, second=0, microsecond=0)


@dataclass(frozen=True)
class Spent:
    """A budget of which nothing is left until a moment. `setting` is the one that limits it, `limit` is in USD."""

    period: str
    setting: str
    limit: float
    until: datetime

    def __str__(self) -> str:
        return f"the language model's budget of this {self.period} ({self.limit:.2f} USD) is spent"


@dataclass
class Purse:
    """What may still be spent of each budget, the longer one first, and what one mail may cost (None: not known)."""

    left: list[tuple[Spent, Decimal]]
    dearest: Decimal | None

    @property
    def spent(self) -> Spent | None:
        """The budget of which nothing is left."""
        return next((budget for budget, left in self.left if left <= 0), None)

    def enough_for(self, mails: int) -> int:
        """How many of so many mails it surely pays for, if none is dearer than the last ones; at least one.

        Only one, where nobody knows yet what a mail costs.
        """
        if not self.left or self.dearest == 0:
            return mails
        least = min(left for _, left in self.left)
        return min(mails, max(1, int(least / self.dearest))) if self.dearest else 1

    def pay(self, costs: Sequence[Decimal]) -> None:
        """Take out what mails cost."""
        self.left = [(budget, left - sum(costs)) for budget, left in self.left]
        self.dearest = max([self.dearest or Decimal(0), *costs])


def purse(*more: tuple[Spent, Decimal]) -> Purse:
    """What may be spent now, of the budgets in the settings and of `more`."""
    day = today()
    month, tomorrow = day.replace(day=1), day + timedelta(days=1)  # by the clock: such a day may have 23 hours
    next_month = (month + timedelta(days=31)).replace(day=1)
    budgets = (
        (month, Spent("month", "LLM_MONTHLY_BUDGET", settings.LLM_MONTHLY_BUDGET, next_month)),
        (day, Spent("day", "LLM_DAILY_BUDGET", settings.LLM_DAILY_BUDGET, tomorrow)),
    )
    left = [(one, Decimal(str(one.limit)) - spent(since)) for since, one in budgets if one.limit]
    left += more
    return Purse(left, dearest() if left else None)


def usual() -> Decimal | None:
    """USD that one of the mails that were last asked about cost on average; None if none was yet."""
    costs = asked().filter(model=settings.LLM_MODEL[:100]).values_list("cost", flat=True)[:LAST]
    return sum(costs, Decimal(0)) / len(costs) if costs else None


def dearest() -> Decimal | None:
    """USD that the dearest of the mails that were last asked about cost; None if none was yet."""
    return max(asked().values_list("cost", flat=True)[:LAST], default=None)


def asked() -> QuerySet[Classification]:
    """What the language model was paid for, the newest first."""
    return Classification.objects.filter(judge=Classification.Judge.LLM, spared="").order_by("-pk")


def exhausted() -> Spent | None:
    """The budget that is spent, the longer one first."""
    return purse().spent


def tell(trouble: Spent) -> None:
    """Tell the managers, once a day."""
    text = f"Mail is not judged by the language model any more: {trouble}. {settings.SITE_URL}/admin/"
    alert_managers(f"budget:{today():%Y-%m-%d}:{trouble.period}", text)
