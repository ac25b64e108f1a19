"""Pure: the decision card. One text for the admin, Slack and the spreadsheet."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from routing.rotation import TURN, Turn


@dataclass(frozen=True)
class Stood:
    """Somebody who could be chosen; credits in turns."""

    name: str
    weight: int
    before: float
    bid: float
    after: float


@dataclass(frozen=True)
class Skipped:
    name: str
    why: str


@dataclass(frozen=True)
class Ledger:
    """One pool's turn: those who stood in it, the winner first, and those who did not."""

    pool: str
    version: int
    stood: tuple[Stood, ...]
    skipped: tuple[Skipped, ...]

    @classmethod
    def of(cls, pool: str, version: int, turn: Turn) -> "Ledger":
        stood = (
            Stood(s.name, s.weight, *(round(units / TURN, 4) for units in (s.start, s.bid, s.after)))
            for s in turn.standings
        )
        return cls(pool, version, tuple(stood), tuple(Skipped(c.name, c.why_not) for c in turn.skipped))


@dataclass(frozen=True)
class Card:
    """Everything that an assignment or a hold rested on."""

    rule: str
    chosen: str
    reason: str
    pool: str = ""
    conditions: str = ""
    language: str = ""
    technical: bool = False
    cc: str = ""
    evidence: tuple[str, ...] = ()
    classification: str = ""
    main: Ledger | None = None
    copies: Ledger | None = None

    def stored(self) -> dict[str, Any]:
        """As it is kept in Assignment.card."""
        return asdict(self)

    @classmethod
    def read(cls, stored: Mapping[str, Any]) -> "Card":
        """The card that was kept; an empty one where nothing was."""
        known = {name: stored[name] for name in cls.__dataclass_fields__ if name in stored}
        known["evidence"] = tuple(known.get("evidence", ()))
        for name in ("main", "copies"):
            known[name] = _ledger(known.get(name))
        return cls(**({"rule": "", "chosen": "", "reason": ""} | known))


def _ledger(stored: Mapping[str, Any] | None) -> Ledger | None:
    if not stored:
        return None
    return Ledger(
        stored["pool"],
        stored["version"],
        tuple(Stood(**row) for row in stored["stood"]),
        tuple(Skipped(**row) for row in stored["skipped"]),
    )


def text(card: Card) -> str:
    """The card in plain lines."""
    return "\n".join(_lines(card))


def one_line(card: Card) -> str:
    """The card for a cell or a log: the reason, and why each other one was skipped."""
    skipped = "; ".join(f"{row.name} {row.why}" for row in card.main.skipped) if card.main else ""
    return f"{card.reason} Skipped: {skipped}." if skipped else card.reason


def _lines(card: Card) -> Iterator[str]:
    yield f"{card.chosen or 'Nobody yet'}: {card.reason}"
    if card.cc:
        yield f"CC: {card.cc}"
    if card.pool:
        yield f"Pool {card.pool}. {card.conditions}"
    yield from card.evidence
    for ledger in filter(None, (card.main, card.copies)):
        yield from _ledger_lines(ledger)
    if card.classification:
        yield f"Rests on {card.classification}"


def _ledger_lines(ledger: Ledger) -> Iterable[str]:
    yield f"Credit in {ledger.pool} (version {ledger.version}), in turns:"
    for place, row in enumerate(ledger.stood, start=1):
        yield f"  {place}. {row.name} {row.bid:+.2f}, then {row.after:+.2f}" + (
            f" (weight {row.weight})" if row.weight != 1 else ""
        )
    for other in ledger.skipped:
        yield f"  skipped: {other.name} {other.why}"
