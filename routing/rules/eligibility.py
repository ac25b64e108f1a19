"""Pure: who of a pool can be given a lead now, and why each other one cannot.

Takes model instances, saved or not, so that a page can ask about edits before they are saved.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from django.conf import settings

from routing.models import Leave, Membership, Salesperson
from routing.rotation import Candidate
from routing.timing.hours import Calendar, calendar

RETURN_AFTER = timedelta(days=1)  # a shorter absence changes no credit, or a pause would pay


@dataclass(frozen=True)
class Load:
    """The leads that a person has got: today, this week, and those still open."""

    today: int = 0
    week: int = 0
    open: int = 0


@dataclass(frozen=True)
class Situation:
    """All that decides about presence at one moment, by the person's primary key.

    `barred` says why somebody cannot get this very lead. Where `language` is told, those who speak it are
    taken before the others.
    """

    now: datetime
    leaves: Mapping[int, Sequence[Leave]] = field(default_factory=dict)
    loads: Mapping[int, Load] = field(default_factory=dict)
    barred: Mapping[int, str] = field(default_factory=dict)
    language: str = ""


def calendar_of(who: Salesperson) -> Calendar:
    """When this person works."""
    return calendar(who.hours, who.timezone, who.holidays, settings.TIME_ZONE)


def local_day(who: Salesperson, at: datetime) -> date:
    """The date on this person's own calendar."""
    return at.astimezone(calendar_of(who).zone).date()


def absence(member: Membership, situation: Situation) -> str:
    """Why the member is away for some time, or nothing."""
    if why := person_absence(member.salesperson, situation):
        return why
    if not member.active:
        return "is switched off in this pool"
    return _pause(member.salesperson, member.paused_until, situation.now)


def person_absence(who: Salesperson, situation: Situation) -> str:
    """Why a person is away for some time, whatever the pool, or nothing."""
    if not who.active:
        return "has left"
    today = local_day(who, situation.now)
    for leave in situation.leaves.get(who.pk, ()):
        if leave.first_day <= today <= leave.last_day:
            return f"is on leave until {leave.last_day:%-d %b}"
    return _pause(who, who.paused_until, situation.now)


def _pause(who: Salesperson, until: datetime | None, now: datetime) -> str:
    if not until or until <= now:
        return ""
    return f"is paused until {until.astimezone(calendar_of(who).zone):%-d %b %H:%M}"


def hindrance(member: Membership, situation: Situation) -> str:
    """Why a member who is not away can get nothing now, or nothing."""
    if why := situation.barred.get(member.salesperson_id, ""):
        return why
    hours = calendar_of(member.salesperson)
    if holiday := hours.holiday(situation.now):
        return f"has a public holiday: {holiday}"
    if not hours.is_open(situation.now):
        return f"is outside working hours ({member.salesperson.hours})"
    load = situation.loads.get(member.salesperson_id, Load())
    for count, cap, what in (
        (load.today, member.cap_day, "leads today"),
        (load.week, member.cap_week, "leads this week"),
        (load.open, member.cap_open, "open leads"),
    ):
        if cap is not None and count >= cap:
            return f"has {count} {what}, the cap is {cap}"
    return ""


def candidates(members: Iterable[Membership], situation: Situation) -> list[Candidate]:
    """Every member as the rotation sees them, those who cannot be chosen with the reason."""
    members = list(members)
    reasons = {m.salesperson_id: absence(m, situation) or hindrance(m, situation) for m in members}
    if situation.language:
        reasons |= _behind_speakers([m for m in members if not reasons[m.salesperson_id]], situation.language)
    return [_candidate(m, reasons[m.salesperson_id], situation.now) for m in members]


def _behind_speakers(able: Sequence[Membership], language: str) -> dict[int, str]:
    """Why those who do not speak the language stand back, if anybody who can be chosen does."""
    others = [m for m in able if not m.salesperson.speaks(language)]
    if len(others) == len(able):
        return {}
    return {m.salesperson_id: f"does not speak {language}" for m in others}


def _candidate(member: Membership, why_not: str, now: datetime) -> Candidate:
    return Candidate(
        id=member.salesperson_id,
        name=member.salesperson.name,
        weight=member.weight,
        credit=member.credit,
        last_turn=member.last_turn_at,
        why_not=why_not,
        returning=has_returned(member, now),
        gone=is_gone(member),
    )


def is_gone(member: Membership) -> bool:
    """Whether a member takes part no more, until somebody switches them on again."""
    return not (member.active and member.salesperson.active)


def has_returned(member: Membership, now: datetime) -> bool:
    """Whether a member who can be chosen now has been away for long."""
    return member.away_since is not None and now - member.away_since >= RETURN_AFTER
