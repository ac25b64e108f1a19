"""Until when a lead is to be answered: its pool's business minutes, hours and holidays."""

from contextlib import suppress
from datetime import datetime, timedelta

from django.conf import settings

from routing.models import Pool
from routing.timing.hours import Calendar, calendar

GRACE = 2  # after a reminder there is the response time divided by this


def business(pool: Pool) -> Calendar:
    """When the pool does business."""
    return calendar(pool.hours, pool.timezone, pool.holidays, settings.TIME_ZONE)


def due_at(pool: Pool, start: datetime) -> datetime | None:
    """When an answer is due; None where the pool is not watched, or has not so many hours (see Pool.clean)."""
    if not pool.response_minutes:
        return None
    with suppress(ValueError):
        return business(pool).add(start, pool.response_minutes)
    return None


def grace_until(pool: Pool, reminded: datetime) -> datetime:
    """Until when a reminder is waited for."""
    minutes = max(pool.response_minutes // GRACE, 1)
    try:
        return business(pool).add(reminded, minutes)
    except ValueError:  # the hours were cut since the lead was given
        return reminded + timedelta(minutes=minutes)
