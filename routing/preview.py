"""Who is next, from members as they are or as they are being edited."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from routing.eligibility import Load, Situation, candidates
from routing.models import Membership, Pool
from routing.presence import later_than_all, leaves_of, loads
from routing.rotation import TURN, Turn, after, take_turn


@dataclass(frozen=True)
class Foreseen:
    """One of the next turns: who would have it, with which credit, and why others would be skipped."""

    place: int
    salesperson_id: int | None
    name: str
    credit: float
    skipped: tuple[tuple[str, str], ...]


def next_up(pool: Pool, members: Sequence[Membership] | None = None, count: int = 10) -> list[Foreseen]:
    """The next turns of a pool if nothing else changes. `members` may hold edits that are not saved."""
    if members is None:
        members = list(pool.memberships.select_related("salesperson")) if pool.pk else []
    turns = foresee(members, situation_now(pool, members), count)
    return [_foreseen(place, turn) for place, turn in enumerate(turns, start=1)]


def situation_now(pool: Pool, members: Sequence[Membership]) -> Situation:
    """Who of these members is there."""
    now = later_than_all(members)
    people = {member.salesperson_id for member in members}
    return Situation(now, leaves_of(people, now), loads(members, now, copies=pool.kind == Pool.Kind.CC))


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
