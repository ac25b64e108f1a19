"""Pure: the credit ledger that decides whose turn it is.

Smooth weighted round robin: at each turn every candidate who can be chosen earns weight / sum of weights,
the highest credit wins and pays 1; of equals, the one whose last turn is longest ago. With equal weights it is
the fair carpool scheduling of Fagin and Williams (IBM Journal of Research and Development 27, 1983): who is not
there neither earns nor pays, so absence shifts nobody's share.

Credits are whole numbers of which TURN make one turn, so nothing is ever lost to rounding.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

TURN = 5_354_228_880  # lcm(1..24): divides evenly among any 24 people
NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Candidate:
    """Somebody in the pool as a turn begins.

    `credit` is None for who has none yet. `returning`: comes back from an absence and starts at the others'
    average again. `why_not` says why they cannot be chosen; empty if they can. `gone`: for good, so that their
    credit counts in no average.
    """

    id: int
    name: str
    weight: int = 1
    credit: int | None = None
    last_turn: datetime | None = None
    why_not: str = ""
    returning: bool = False
    gone: bool = False

    @property
    def waiting(self) -> tuple[datetime, int]:
        """Sorts the longest waiting first."""
        return self.last_turn or NEVER, self.id


@dataclass(frozen=True)
class Standing:
    """What one turn did to one candidate's credit: `after = start + earned - paid`."""

    id: int
    name: str
    weight: int
    start: int
    earned: int
    paid: int

    @property
    def bid(self) -> int:
        """The credit by which they were compared."""
        return self.start + self.earned

    @property
    def after(self) -> int:
        return self.start + self.earned - self.paid


@dataclass(frozen=True)
class Turn:
    """The outcome: the winner or None, who stood in it (best first), and who did not and why."""

    winner: Candidate | None
    standings: tuple[Standing, ...]
    skipped: tuple[Candidate, ...]

    @property
    def winning(self) -> Standing | None:
        return self.standings[0] if self.standings else None


def seat(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Give newcomers and returners who can be chosen the others' average: neither a flood nor a drought."""
    known = [c for c in candidates if c.credit is not None and not c.gone]
    settled = [c for c in known if not c.returning] or known
    average = sum(c.credit or 0 for c in settled) // len(settled) if settled else 0
    return [
        replace(c, credit=average, returning=False) if not c.why_not and (c.credit is None or c.returning) else c
        for c in candidates
    ]


def take_turn(candidates: Sequence[Candidate]) -> Turn:
    """Decide one turn. Candidates without a credit are seated first; nothing outside is changed."""
    able = [c for c in seat(candidates) if not c.why_not]
    skipped = tuple(c for c in candidates if c.why_not)
    if not able:
        return Turn(None, (), skipped)
    shares = _shares(able)
    order = sorted(able, key=lambda c: (-(c.credit or 0) - shares[c.id], *c.waiting))
    standings = [Standing(c.id, c.name, c.weight, c.credit or 0, shares[c.id], 0) for c in order]
    standings[0] = replace(standings[0], paid=TURN)
    return Turn(order[0], tuple(standings), skipped)


def _shares(able: Sequence[Candidate]) -> dict[int, int]:
    """Split one turn by weight, exactly: what does not divide goes out in single units, longest waiting first."""
    total = sum(c.weight for c in able)
    shares = {c.id: TURN * c.weight // total for c in able}
    rest = TURN - sum(shares.values())
    for candidate in sorted(able, key=lambda c: c.waiting)[:rest]:
        shares[candidate.id] += 1
    return shares


def after(candidates: Sequence[Candidate], turn: Turn, at: datetime) -> list[Candidate]:
    """The candidates as they stand when the turn has been taken at this time."""
    credits = {standing.id: standing.after for standing in turn.standings}
    winner = turn.winner.id if turn.winner else None
    return [
        replace(c, credit=credits.get(c.id, c.credit), last_turn=at if c.id == winner else c.last_turn)
        for c in seat(candidates)
    ]


def next_turns(candidates: Sequence[Candidate], count: int, start: datetime) -> Iterator[Turn]:
    """The next turns if nothing else changes. Also takes candidates that were edited and not saved."""
    for number in range(count):
        turn = take_turn(candidates)
        yield turn
        candidates = after(candidates, turn, start + timedelta(microseconds=number))
