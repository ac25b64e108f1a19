"""Who is next, from members as they are or as they are being edited."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import chain

from routing.models import Leave, Membership, Pool
from routing.rotation import TURN, Turn, after, take_turn
from routing.rules.eligibility import Load, Situation, candidates
from routing.rules.presence import by_person, later_than_all, leaves_of, loads


@dataclass(frozen=True)
class Foreseen:
    """One of the next turns: who would have it, with which credit, and why others would be skipped."""

    place: int
    salesperson_id: int | None
    name: str
    credit: float
    skipped: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Glance:
    """A pool in one line: who is next ("" if nobody is there), how many can be given a lead now, how many cannot."""

    next: str
    here: int
    away: int


def next_up(
    pool: Pool, members: Sequence[Membership] | None = None, count: int = 10, leaves: Iterable[Leave] = ()
) -> list[Foreseen]:
    """The next turns of a pool if nothing else changes. `members` and `leaves` may hold edits that are not saved."""
    if members is None:
        members = list(pool.memberships.select_related("salesperson")) if pool.pk else []
    turns = foresee(members, situation_now(pool, members, leaves), count)
    return [_foreseen(place, turn) for place, turn in enumerate(turns, start=1)]


def situation_now(pool: Pool, members: Sequence[Membership], leaves: Iterable[Leave] = ()) -> Situation:
    """Who of these members is there. `leaves` are edits: each takes the place of the stored one, if there is one."""
    now = later_than_all(members)
    people = {member.salesperson_id for member in members}
    known = with_edits(chain.from_iterable(leaves_of(people, now).values()), leaves)
    return Situation(now, by_person(known), loads(members, now, copies=pool.kind == Pool.Kind.CC))


def with_edits(stored: Iterable[Leave], edits: Iterable[Leave]) -> list[Leave]:
    """The stored leaves, each edited one as it is edited, and the new ones."""
    edits = list(edits)
    edited = {leave.pk for leave in edits}
    return [*(leave for leave in stored if leave.pk not in edited), *edits]


def glances(pools: Sequence[Pool]) -> dict[int, Glance]:
    """Each pool at a glance, by primary key; the same few statements, however many. Their members are at hand."""
    members = {pool.pk: list(pool.memberships.all()) for pool in pools}
    everyone = list(chain.from_iterable(members.values()))
    now = later_than_all(everyone)
    leaves = leaves_of({member.salesperson_id for member in everyone}, now)
    copies = {pool.pk for pool in pools if pool.kind == Pool.Kind.CC}
    loaded = {
        kind: loads([m for m in everyone if (m.pool_id in copies) == kind], now, copies=kind) for kind in (True, False)
    }
    return {
        pool: _glance(take_turn(candidates(rows, Situation(now, leaves, loaded[pool in copies]))))
        for pool, rows in members.items()
    }


def _glance(turn: Turn) -> Glance:
    return Glance(turn.winner.name if turn.winner else "", len(turn.standings), len(turn.skipped))


def foresee(members: Sequence[Membership], situation: Situation, count: int) -> Iterator[Turn]:
    """Pure: the next turns, with the credits and caps that each leaves behind for the one after it."""
    known = {member.salesperson_id: member for member in members}
    standing = candidates(members, situation)
    for number in range(count):
        turn = take_turn(standing)
        yield turn
        standing = after(standing, turn, situation.now + timedelta(microseconds=number))
        if turn.winner:
            situation = _one_more(situation, turn.winner.id)
        reasons = {fresh.id: fresh.why_not for fresh in candidates(known.values(), situation)}
        standing = [replace(c, why_not=reasons[c.id], returning=c.returning and bool(c.why_not)) for c in standing]


def _one_more(situation: Situation, person: int) -> Situation:
    load = situation.loads.get(person, Load())
    more = Load(load.today + 1, load.week + 1, load.open + 1)
    return replace(situation, loads={**situation.loads, person: more})


def _foreseen(place: int, turn: Turn) -> Foreseen:
    skipped = tuple((candidate.name, candidate.why_not) for candidate in turn.skipped)
    if turn.winner is None:
        return Foreseen(place, None, "nobody", 0.0, skipped)
    return Foreseen(place, turn.winner.id, turn.winner.name, round(turn.standings[0].bid / TURN, 4), skipped)
