"""Who would get the next leads of a pool, and who got the last ones."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone

from routing.eligibility import Situation, candidates
from routing.models import Assignment, Membership, Pool
from routing.presence import leaves_of, loads
from routing.rotation import next_turns

NEXT, LAST, DAYS = 10, 20, 30


@dataclass(frozen=True)
class Share:
    """What one person got of a pool's leads, and what the weights say they would get, in leads."""

    name: str
    got: int
    expected: float
    got_percent: int
    expected_percent: int


@dataclass(frozen=True)
class Next:
    """The people who would get the next leads, in order, and why each other one would not."""

    names: tuple[str, ...]
    skipped: tuple[tuple[str, str], ...]


def next_leads(pool: Pool, members: Sequence[Membership]) -> Next:
    """Who would get the next leads if nothing else changed; `members` may be edited and not saved."""
    now = timezone.now()
    situation = Situation(
        now=now,
        leaves=leaves_of([member.salesperson_id for member in members], now),
        loads=loads(members, now, copies=pool.kind == Pool.Kind.CC),
    )
    able = candidates(members, situation)
    turns = list(next_turns(able, NEXT, now))
    return Next(
        tuple(turn.winner.name for turn in turns if turn.winner),
        tuple((candidate.name, candidate.why_not) for candidate in able if candidate.why_not),
    )


def last_leads(pool: Pool) -> list[Assignment]:
    """The newest leads that the pool gave out."""
    return list(pool.assignments.select_related("salesperson", "lead__contact").order_by("-pk")[:LAST])


def shares(pool: Pool, members: Sequence[Membership]) -> list[Share]:
    """What each active member got in the last days, beside what their weight alone would give them."""
    since = timezone.now() - timedelta(days=DAYS)
    given = Counter(pool.assignments.filter(at__gte=since).values_list("salesperson_id", flat=True))
    active = [member for member in members if member.active and member.salesperson.active]
    weights, total = sum(member.weight for member in active), sum(given[m.salesperson_id] for m in active)
    rows = [(m.salesperson.name, given[m.salesperson_id], total * m.weight / weights) for m in active]
    most = max((max(got, expected) for _, got, expected in rows), default=0) or 1
    return [Share(*row, round(100 * row[1] / most), round(100 * row[2] / most)) for row in rows]
