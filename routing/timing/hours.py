"""Pure: working hours and public holidays, across time zones and daylight-saving days.

Hours are written as `Mon-Fri 09:00-17:00; Sat 10:00-12:00`; nothing written means at any time.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays as public_holidays
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
PART = re.compile(
    r"(?P<first>\w{3})(?:\s*-\s*(?P<last>\w{3}))?\s+(?P<opens>\d{1,2}:\d\d)\s*-\s*(?P<closes>\d{1,2}:\d\d)"
)
UTC = ZoneInfo("UTC")
HORIZON = timedelta(days=366)  # how far ahead working time is looked for

Span = tuple[time, time]


@dataclass(frozen=True)
class Calendar:
    """When somebody works: spans per weekday (Monday first; none at all: always), zone, public holidays."""

    week: tuple[tuple[Span, ...], ...] = ()
    zone: ZoneInfo = UTC
    holidays: str = ""

    def holiday(self, at: datetime) -> str:
        """The name of the public holiday at this moment, or nothing."""
        day = at.astimezone(self.zone).date()
        return _holidays(self.holidays, day.year).get(day, "")

    def is_open(self, at: datetime) -> bool:
        return any(opens <= at < closes for opens, closes in self._spans(at, at + timedelta(days=1)))

    def add(self, start: datetime, minutes: int) -> datetime:
        """The moment at which so many working minutes have passed since `start`.

        Raises ValueError when there are not enough of them in a year.
        """
        left = timedelta(minutes=minutes)
        for opens, closes in self._spans(start, start + HORIZON):
            begin = max(opens, start)
            if begin + left <= closes:
                return begin + left
            left -= max(closes - begin, timedelta())
        raise ValueError(f"There are no {minutes} working minutes in the year after {start:%Y-%m-%d}.")

    def _spans(self, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Working spans in UTC, in order, from the day of `start` to the day of `end`."""
        # In UTC, because sums of aware datetimes of one other zone forget that its clock changes.
        day, last = start.astimezone(self.zone).date(), end.astimezone(self.zone).date()
        while day <= last:
            for opens, closes in self._spans_of(day):
                next_day = closes == time.min
                close_day = day + timedelta(days=1) if next_day else day
                yield (
                    datetime.combine(day, opens, self.zone).astimezone(UTC),
                    datetime.combine(close_day, closes, self.zone).astimezone(UTC),
                )
            day += timedelta(days=1)

    def _spans_of(self, day: date) -> tuple[Span, ...]:
        if day in _holidays(self.holidays, day.year):
            return ()
        return self.week[day.weekday()] if self.week else ((time.min, time.min),)


def calendar(hours: str, zone: str, holidays: str, default_zone: str = "UTC") -> Calendar:
    """Read a calendar from its three texts. Raises ValueError with one clear line."""
    return Calendar(parse_hours(hours), ZoneInfo(zone or default_zone), holidays)


@lru_cache(maxsize=500)
def parse_hours(text: str) -> tuple[tuple[Span, ...], ...]:
    """Spans per weekday; an empty tuple for an empty text. Raises ValueError with one clear line."""
    week: list[list[Span]] = [[] for _ in DAYS]
    for part in filter(None, (part.strip() for part in re.split("[;,]", text))):
        first, last, opens, closes = _part(part)
        for day in range(first, last + 1):
            week[day].append((opens, closes))
    return tuple(tuple(sorted(spans)) for spans in week) if any(week) else ()


def _part(part: str) -> tuple[int, int, time, time]:
    hint = _("“%(part)s” is not understood. Write hours such as Mon-Fri 09:00-17:00; Sat 10:00-12:00.") % {"part": part}
    if not (found := PART.fullmatch(part)):
        raise ValueError(hint)
    days = [day.capitalize() for day in (found["first"], found["last"] or found["first"])]
    if any(day not in DAYS for day in days):
        raise ValueError(hint)
    first, last = (DAYS.index(day) for day in days)
    try:
        opens, closes = _time(found["opens"]), _time(found["closes"])
    except ValueError:
        raise ValueError(hint) from None
    if first > last or (opens >= closes and closes != time.min):
        raise ValueError(_("“%(part)s” ends before it begins.") % {"part": part})
    return first, last, opens, closes


def _time(text: str) -> time:
    hour, minute = map(int, text.split(":"))
    return time(hour % 24 if minute == 0 and hour == 24 else hour, minute)


@lru_cache(maxsize=200)
def _holidays(calendar: str, year: int) -> dict[date, str]:
    """The public holidays of a country (CZ) or a part of it (DE-BY) in a year; none for an empty text."""
    if not calendar:
        return {}
    country, _, part = calendar.partition("-")
    return dict(public_holidays.country_holidays(country, subdiv=part or None, years=year))


def check_hours(text: str) -> None:
    """Validate a field with working hours."""
    try:
        parse_hours(text)
    except ValueError as error:
        raise ValidationError(str(error)) from None


def check_timezone(text: str) -> None:
    """Validate a field with a time zone."""
    try:
        ZoneInfo(text or "UTC")
    except (ValueError, KeyError, OSError):
        told = _("“%(text)s” is no time zone. Write one such as Europe/Prague.")
        raise ValidationError(told % {"text": text}) from None


def check_calendar(text: str) -> None:
    """Validate a field with a calendar of public holidays."""
    try:
        _holidays(text, 2026)
    except (NotImplementedError, KeyError, ValueError):
        told = _("“%(text)s” has no known holidays. Write a country such as CZ, or DE-BY.")
        raise ValidationError(told % {"text": text}) from None
