"""Until when a lead is to be answered: its pool's business minutes, hours and holidays."""

from datetime import datetime

from django.conf import settings

from routing.hours import Calendar, calendar
from routing.models import Pool

GRACE = 2  # after a reminder there is the response time divided by this


def business(pool: Pool) -> Calendar:
    """When the pool does business."""
    return calendar(pool.hours, pool.timezone, pool.holidays, settings.TIME_ZONE)


def due_at(pool: Pool, start: datetime) -> datetime | None:
    """When an answer is due; None where the pool is not watched."""
    return business(pool).add(start, pool.response_minutes) if pool.response_minutes else None


def grace_until(pool: Pool, reminded: datetime) -> datetime:
    """Until when a reminder is waited for."""
    return business(pool).add(reminded, max(pool.response_minutes // GRACE, 1))
