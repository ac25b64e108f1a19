"""Reading who is there: members, their leaves, and what they have got already."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from django.db import models
from django.utils import timezone

from crm.models import Lead
from routing.models import Assignment, Leave, Membership
from routing.rules.eligibility import Load, local_day

WEEK = timedelta(days=8)  # a week and the widest difference of time zones


def by_pool(members: Iterable[Membership]) -> dict[int, list[Membership]]:
    """Memberships grouped by their pool's primary key."""
    groups: dict[int, list[Membership]] = defaultdict(list)
    for member in members:
        groups[member.pool_id].append(member)
    return groups


def later_than_all(members: Iterable[Membership]) -> datetime:
    """Now; but always after the last turn, so that a clock that is put back does not change the order."""
    turns = [member.last_turn_at for member in members if member.last_turn_at]
    return max([timezone.now(), *(at + timedelta(microseconds=1) for at in turns)])


def leaves_of(people: Collection[int], now: datetime) -> dict[int, list[Leave]]:
    """The leaves of these people around today, by person: every time zone's today is within a day of UTC's."""
    day = timedelta(days=1)
    rows = Leave.objects.filter(
        salesperson__in=people, first_day__lte=(now + day).date(), last_day__gte=(now - day).date()
    )
    return by_person(rows)


def by_person(leaves: Iterable[Leave]) -> dict[int, list[Leave]]:
    """Leaves grouped by their person's primary key."""
    found: dict[int, list[Leave]] = defaultdict(list)
    for leave in leaves:
        found[leave.salesperson_id].append(leave)
    return found


def loads(members: Iterable[Membership], now: datetime, *, copies: bool = False) -> dict[int, Load]:
    """What each member with a cap has got, whichever way it came; `copies`: what they were CC'd."""
    capped = {m.salesperson_id: m.salesperson for m in members if (m.cap_day, m.cap_week, m.cap_open) != (None,) * 3}
    if not capped:
        return {}
    role = "cc" if copies else "salesperson"
    mine = Assignment.objects.filter(active=True, **{f"{role}__in": capped}).exclude(lead__stage=Lead.Stage.JUNK)
    recent = mine.filter(at__gte=now - WEEK).values_list(f"{role}_id", "at")
    still_open = mine.filter(lead__stage=Lead.Stage.OPEN).values_list(f"{role}_id").annotate(n=models.Count("pk"))
    days: dict[int, list[datetime]] = defaultdict(list)
    for person, at in recent:
        days[person].append(at)
    opened = dict(still_open.order_by())
    result = {}
    for person, who in capped.items():
        today = local_day(who, now)
        monday = today - timedelta(days=today.weekday())
        dates = [local_day(who, at) for at in days[person]]
        result[person] = Load(dates.count(today), sum(date >= monday for date in dates), opened.get(person, 0))
    return result
