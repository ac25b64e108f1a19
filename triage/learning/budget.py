"""What the language model may cost in a day and in a month; when that is spent, nobody asks it."""

from __future__ import annotations

from datetime import datetime
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


def exhausted() -> str:
    """Which budget is spent, in words; empty if none is."""
    day = today()
    for name, since, limit in (
        ("month", day.replace(day=1), settings.LLM_MONTHLY_BUDGET),
        ("day", day, settings.LLM_DAILY_BUDGET),
    ):
        if limit and spent(since) >= Decimal(str(limit)):
            return f"the language model's budget of this {name} ({limit:.2f} USD) is spent"
    return ""


def tell(trouble: str) -> None:
    """Tell the managers, once a day."""
    text = f"Mail is not judged by the language model any more: {trouble}. {settings.SITE_URL}/admin/"
    alert_managers(f"budget:{today():%Y-%m-%d}:{'month' if 'month' in trouble else 'day'}", text)
