"""What the last leads would have looked like under a changed pool. Nothing is written."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.utils import timezone

from routing.models import Assignment, Leave, LedgerLine, Membership, Pool, Rule
from routing.rotation import Candidate, after, take_turn
from routing.rules.decisions import asked_for
from routing.rules.eligibility import Load, Situation, candidates, local_day
from routing.rules.matching import Inquiry, all_pools, choose
from routing.rules.presence import by_person
from routing.whatif.preview import with_edits


@dataclass(frozen=True)
class Replayed:
    """One lead: who got it, and who would have. `elsewhere` names another pool that would have taken it."""

    lead_id: int
    subject: str
    at: datetime
    actual: str
    would: str
    elsewhere: str = ""

    @property
    def differs(self) -> bool:
        return self.actual != self.would


def replay(pool: Pool, members: Sequence[Membership], days: int = 30, leaves: Iterable[Leave] = ()) -> list[Replayed]:
    """Replay the last days' rotation leads that the changed pool takes, or took; all may hold unsaved edits.

    Leaves, hours, holidays, weights and daily and weekly caps count as they are now told; pauses and caps on open
    leads of that time are not known any more and do not.
    """
    start = timezone.now() - timedelta(days=days)
    rows = Assignment.objects.filter(at__gte=start, rule__in=(Rule.ROTATION, Rule.FALLBACK)).exclude(pool=None)
    rows = rows.select_related("lead__contact", "salesperson", "pool").order_by("pk")
    pools = [pool if each.pk == pool.pk else each for each in all_pools()]
    if pool.pk is None:
        pools = sorted([*pools, pool], key=lambda each: each.place)
    return list(_replayed(rows, pool, pools, _Team(pool, members, start, leaves)))


def _replayed(rows: Iterable[Assignment], pool: Pool, pools: Sequence[Pool], team: "_Team") -> Iterator[Replayed]:
    for row in rows:
        inquiry = Inquiry.of(row.lead)
        taker = choose(pools, inquiry)
        about = Replayed(row.lead_id, row.lead.subject, row.at, row.salesperson.name, "")
        if taker is pool:
            yield replace(about, would=team.turn(row.at, asked_for(pool, inquiry)))
        elif row.pool_id == pool.pk and pool.pk is not None:
            yield replace(about, would="", elsewhere=taker.name if taker else "nobody")


def totals(rows: Iterable[Replayed]) -> dict[str, tuple[int, int]]:
    """Leads per person: as it was, and as it would have been."""
    rows = list(rows)
    was, would = Counter(row.actual for row in rows), Counter(row.would or f"to {row.elsewhere}" for row in rows)
    return {name: (was[name], would[name]) for name in sorted(was | would)}


class _Team:
    """The members of the changed pool, from the credits that they had as the span began."""

    def __init__(self, pool: Pool, members: Sequence[Membership], start: datetime, edits: Iterable[Leave]) -> None:
        self.pool = pool
        self.members = [_then(member, pool, start) for member in members]
        people = [member.salesperson_id for member in members]
        stored = Leave.objects.filter(salesperson__in=people)
        self.leaves: Mapping[int, Sequence[Leave]] = by_person(with_edits(stored, edits))
        self.got: dict[int, list[datetime]] = {person: [] for person in people}
        self.credits: dict[int, Candidate] = {}

    def turn(self, at: datetime, language: str) -> str:
        """Take a turn at that time; the winner's name, or what happens instead."""
        situation = Situation(at, self.leaves, self._loads(at), language=language)
        standing = [self._standing(candidate) for candidate in candidates(self.members, situation)]
        turn = take_turn(standing)
        self.credits = {candidate.id: candidate for candidate in after(standing, turn, at)}
        if turn.winner is None:
            return self.pool.fallback.name if self.pool.fallback else "held"
        self.got[turn.winner.id].append(at)
        return turn.winner.name

    def _standing(self, fresh: Candidate) -> Candidate:
        """A candidate as they stand after the turns before; back from an absence at the others' average."""
        before = self.credits.get(fresh.id)
        if before is None:
            return fresh
        return replace(fresh, credit=before.credit, last_turn=before.last_turn)

    def _loads(self, at: datetime) -> dict[int, Load]:
        return {member.salesperson_id: _load(member, self.got[member.salesperson_id], at) for member in self.members}


def _then(member: Membership, pool: Pool, start: datetime) -> Membership:
    """A copy of a member with the credit of that time, and without what is not known of it."""
    lines = LedgerLine.objects.filter(pool_id=pool.pk, salesperson_id=member.salesperson_id, at__lt=start)
    last = lines.order_by("-pk").first() if pool.pk else None
    copied = Membership(
        pool=pool,
        salesperson=member.salesperson,
        weight=member.weight,
        active=member.active,
        cap_day=member.cap_day,
        cap_week=member.cap_week,
    )
    copied.credit = last.credit if last else None
    return copied


def _load(member: Membership, got: Sequence[datetime], at: datetime) -> Load:
    who = member.salesperson
    today = local_day(who, at)
    days = [local_day(who, each) for each in got]
    monday = today - timedelta(days=today.weekday())
    return Load(days.count(today), sum(day >= monday for day in days))
