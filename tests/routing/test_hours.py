"""Working hours across zones, clock changes and holidays."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError

from routing.models import Leave, Membership, Salesperson
from routing.rules.eligibility import Situation, candidates
from routing.timing.hours import calendar, check_calendar, check_hours, check_timezone

PRAGUE = calendar("Mon-Fri 09:00-17:00; Sat 10:00-12:00", "Europe/Prague", "CZ")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        ("2026-11-23 08:00", True),  # Monday 09:00 in Prague
        ("2026-11-23 07:59", False),
        ("2026-11-23 15:59", True),
        ("2026-11-23 16:00", False),  # the end is outside
        ("2026-11-21 09:30", True),  # Saturday
        ("2026-11-22 10:00", False),  # Sunday
        ("2026-11-17 10:00", False),  # a Czech holiday
        ("2026-07-01 07:00", True),  # summer time: 09:00 is an hour earlier in UTC
    ],
)
def test_hours_are_local_and_end_exactly(moment: str, is_open: bool) -> None:
    assert PRAGUE.is_open(at(moment)) is is_open


def test_no_hours_mean_always_even_around_midnight() -> None:
    assert all(calendar("", "", "").is_open(at(f"2026-11-22 {time}")) for time in ("00:00", "12:00", "23:59"))


def test_hours_can_end_at_midnight() -> None:
    late = calendar("Mon-Sun 18:00-24:00", "UTC", "")
    assert late.is_open(at("2026-11-22 23:59"))
    assert not late.is_open(at("2026-11-23 00:00"))


@pytest.mark.parametrize(
    ("day", "hours"),
    [(date(2026, 3, 28), 24), (date(2026, 3, 29), 23), (date(2026, 10, 25), 25)],
)
def test_a_day_on_which_the_clock_changes_has_its_true_length(day: date, hours: int) -> None:
    whole = calendar("Mon-Sun 00:00-24:00", "Europe/Prague", "")
    start = datetime.combine(day, datetime.min.time(), whole.zone)
    end = datetime.combine(day + timedelta(days=1), datetime.min.time(), whole.zone)
    assert end.astimezone(UTC) - start.astimezone(UTC) == timedelta(hours=hours)
    assert whole.add(start, hours * 60) == end


def test_working_minutes_skip_night_weekend_and_holiday() -> None:
    monday_evening = at("2026-11-16 15:30")  # 16:30 in Prague, the 17th is a holiday
    assert PRAGUE.add(monday_evening, 60) == at("2026-11-18 08:30")


def test_hours_that_never_come_are_an_error_and_not_an_endless_search() -> None:
    with pytest.raises(ValueError, match="no 999999999 working minutes"):
        PRAGUE.add(at("2026-11-16 15:30"), 999_999_999)


@pytest.mark.parametrize(
    "text", ["9-17", "Mon-Fri", "Xxx 09:00-17:00", "Fri-Mon 09:00-17:00", "Mon 17:00-09:00", "Mon 25:00-26:00"]
)
def test_hours_that_are_not_understood_are_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        check_hours(text)


def test_zones_and_calendars_are_checked() -> None:
    for check, good, bad in ((check_timezone, "Europe/Prague", "Prague"), (check_calendar, "DE-BY", "XX")):
        check(good)
        with pytest.raises(ValidationError):
            check(bad)


def why_not(now: datetime, leaves: list[Leave] | None = None, **fields: object) -> str:
    member = Membership(salesperson=Salesperson(pk=1, name="Ana", **fields), weight=1)
    return candidates([member], Situation(now, {1: leaves or []}))[0].why_not


def test_a_leave_that_ends_today_lasts_until_midnight_of_that_person() -> None:
    leave = [Leave(first_day=date(2026, 11, 20), last_day=date(2026, 11, 22))]
    zone = {"timezone": "America/New_York"}
    assert why_not(at("2026-11-23 04:59"), leave, **zone) == "is on leave until 22 Nov"
    assert why_not(at("2026-11-23 05:00"), leave, **zone) == ""
    assert why_not(at("2026-11-20 04:59"), leave, **zone) == ""


def test_why_somebody_is_not_there_is_told_in_words() -> None:
    assert why_not(at("2026-11-17 10:00"), holidays="CZ").startswith("has a public holiday: ")
    assert (
        why_not(at("2026-11-22 10:00"), hours="Mon-Fri 09:00-17:00") == "is outside working hours (Mon-Fri 09:00-17:00)"
    )
    assert why_not(at("2026-11-22 10:00"), paused_until=at("2026-11-22 11:00")) == "is paused until 22 Nov 11:00"
    assert why_not(at("2026-11-22 11:00"), paused_until=at("2026-11-22 11:00")) == ""
    assert why_not(at("2026-11-22 10:00"), active=False) == "has left"
