"""Pure: years of leads in a second, by the ledger and by a plain pointer."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Protocol

from routing.rotation import Candidate, after, take_turn

START = datetime(2026, 1, 1, tzinfo=UTC)
FIRST = 40  # leads after a return that are looked at
LOYALTY = 4  # a few old customers write most of the mails of known ones: draw ** LOYALTY of all of them


@dataclass(frozen=True)
class Scenario:
    """A team and its year. `absence`: the share of days that each person is away, in leaves of 1 to 10 days;
    `continuity`: the share of leads whose customer has an owner already."""

    people: int = 5
    days: int = 250
    leads_a_day: int = 20
    absence: float = 0.25
    continuity: float = 0.30
    seed: int = 1


@dataclass(frozen=True)
class Lead:
    """One lead: who is there, who is back from leave, and whose customer it is (if that person is there)."""

    present: frozenset[int]
    returned: frozenset[int]
    owner_draw: float | None


class Rotation(Protocol):
    """Decides turns; is also told of leads that went past it."""

    def turn(self, lead: Lead) -> int: ...
    def passed(self, person: int) -> None: ...


@dataclass
class Result:
    """Leads by turn against those owed, per person, and what returners got of the FIRST leads after their leave."""

    received: dict[int, int]
    owed: dict[int, float]
    flood: float = 0.0  # the most above the owed ones; below 1 it is the fair share, rounded up at most
    most: int = 0  # the most of all, where the whole team was there meanwhile: a fair share is FIRST / people

    @property
    def worst(self) -> float:
        """The worst person's deviation, as a share of what they were owed."""
        return max(abs(self.received[p] - owed) / owed for p, owed in self.owed.items() if owed)


class ByLedger:
    """The product's rotation."""

    def __init__(self, people: int) -> None:
        self.candidates = [Candidate(number, f"P{number + 1}") for number in range(people)]
        self.at = START
        self.returning: set[int] = set()

    def turn(self, lead: Lead) -> int:
        self.returning |= lead.returned
        standing = [
            Candidate(c.id, c.name, c.weight, c.credit, c.last_turn, self._why(c.id, lead), c.id in self.returning)
            for c in self.candidates
        ]
        turn = take_turn(standing)
        assert turn.winner is not None
        self.at += timedelta(seconds=1)
        self.candidates = after(standing, turn, self.at)
        self.returning -= lead.present
        return turn.winner.id

    def passed(self, person: int) -> None:
        """Continuity moves nothing."""

    @staticmethod
    def _why(person: int, lead: Lead) -> str:
        return "" if person in lead.present else "is on leave"


class ByPointer:
    """What a plain round robin does: the next one after whoever got the last lead."""

    def __init__(self, people: int) -> None:
        self.people = people
        self.last = -1

    def turn(self, lead: Lead) -> int:
        order = ((self.last + step) % self.people for step in range(1, self.people + 1))
        self.last = next(person for person in order if person in lead.present)
        return self.last

    def passed(self, person: int) -> None:
        self.last = person


def leads(scenario: Scenario) -> Iterator[Lead]:
    """The leads of the scenario; on days on which everybody is away none comes in."""
    random = Random(scenario.seed)  # noqa: S311 (a repeatable simulation, no secret)
    calendar = [_presence(random, scenario) for _ in range(scenario.people)]
    for day in range(scenario.days):
        present = frozenset(person for person in range(scenario.people) if calendar[person][day])
        returned = frozenset(person for person in present if day and not calendar[person][day - 1])
        for number in range(scenario.leads_a_day if present else 0):
            known = random.random() < scenario.continuity
            yield Lead(present, returned if number == 0 else frozenset(), random.random() if known else None)


def _presence(random: Random, scenario: Scenario) -> list[bool]:
    """Whether a person is there, day by day."""
    days: list[bool] = []
    while len(days) < scenario.days:
        away = random.randint(1, 10)
        there = away * (1 - scenario.absence) / scenario.absence if scenario.absence else scenario.days
        days += [True] * round(there * random.uniform(0.5, 1.5)) + [False] * (away if scenario.absence else 0)
    offset = random.randrange(len(days))
    return (days[offset:] + days[:offset])[: scenario.days]


@dataclass
class Return:
    """What somebody gets of the leads that come in after their leave."""

    seen: int = 0
    owed: float = 0.0
    received: int = 0
    complete: bool = True  # whether everybody was there all the time


def run(scenario: Scenario, rotation: Rotation) -> Result:
    """Play the scenario. A known customer's owner is whoever got that customer's first lead."""
    result = Result(dict.fromkeys(range(scenario.people), 0), dict.fromkeys(range(scenario.people), 0.0))
    owners: list[int] = []
    returns: dict[int, Return] = {}
    for lead in leads(scenario):
        owner = owners[int(lead.owner_draw**LOYALTY * len(owners))] if lead.owner_draw is not None and owners else None
        returns |= {person: Return() for person in lead.returned}
        if owner is not None and owner in lead.present:
            rotation.passed(owner)
            continue
        winner = rotation.turn(lead)
        owners.append(winner)
        result.received[winner] += 1
        for person in lead.present:
            result.owed[person] += 1 / len(lead.present)
        _watch(returns, lead, winner, result)
    return result


def _watch(returns: dict[int, Return], lead: Lead, winner: int, result: Result) -> None:
    for person, since in list(returns.items()):
        since.seen += 1
        since.owed += (person in lead.present) / len(lead.present)
        since.received += person == winner
        since.complete &= len(lead.present) == len(result.received)
        if since.seen == FIRST:
            result.flood = max(result.flood, since.received - since.owed)
            result.most = max(result.most, since.received if since.complete else 0)
            del returns[person]
