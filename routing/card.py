"""Pure: the decision card. What it tells is said in one place, `lines`; the admin, Slack and the spreadsheet each
only write it down their own way."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from inbox_router.shown import signed
from routing.models import Rule
from routing.rotation import TURN, Turn

SLACK_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


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


@dataclass(frozen=True)
class Line:
    """One line of the card; `deep` where it belongs to the one above and may be left out where space is short."""

    says: str
    deep: bool = False


def text(card: Card) -> str:
    """The card in plain lines, for the admin."""
    return "\n".join(f"{'  ' * line.deep}{line.says}" for line in lines(card))


def mrkdwn(card: Card, limit: int) -> str:
    """The card in Slack's mrkdwn, escaped, of at most so many characters."""
    return _within(
        limit, "\n", [Line(f"{'• ' * line.deep}{escaped(line.says)}", line.deep) for line in _recorded(card)]
    )


def one_line(card: Card, limit: int) -> str:
    """The card for a cell of the spreadsheet, of at most so many characters."""
    told = _recorded(card)
    ended = (line.says if line.says.endswith(":") else f"{line.says.rstrip('.')}." for line in told)
    return _within(limit, " ", [replace(line, says=says) for line, says in zip(told, ended, strict=True)])


def escaped(text: str) -> str:
    """Text of others as Slack shows it: no mention, no link and no broadcast can be made of it."""
    return " ".join(text.translate(SLACK_ESCAPES).split())


def _within(limit: int, between: str, written: Sequence[Line]) -> str:
    """The lines as one text, with as many deep ones left out, the last first, as it takes."""
    told = between.join(line.says for line in written)
    kept = [*written, Line(_("… the rest stands on the lead's page."))] if len(told) > limit else []
    while len(told) > limit and any(line.deep for line in kept):
        kept.pop(max(place for place, line in enumerate(kept) if line.deep))
        told = between.join(line.says for line in kept)
    return told[:limit]


def _recorded(card: Card) -> list[Line]:
    """The lines as Slack and the log have them: in one language, whoever's page they were made on."""
    with translation.override(settings.LANGUAGE_CODE):
        return list(lines(card))


def lines(card: Card) -> Iterator[Line]:
    """All that the card tells."""
    yield Line(f"{card.chosen or _('Nobody yet')}: {card.reason}")
    if card.rule:
        yield Line(_("Rule: %(rule)s") % {"rule": Rule(card.rule).label})
    if card.cc:
        yield Line(_("CC: %(name)s") % {"name": card.cc})
    if card.pool:
        yield Line(_("Pool %(pool)s. %(conditions)s") % {"pool": card.pool, "conditions": card.conditions})
    yield from map(Line, card.evidence)
    for ledger in filter(None, (card.main, card.copies)):
        yield from _ledger_lines(ledger)
    if card.classification:
        yield Line(_("Rests on %(classification)s") % {"classification": card.classification})


def _ledger_lines(ledger: Ledger) -> Iterator[Line]:
    """Who stood in a turn, with the credit before, with this turn's share, and after it; and who did not, and why."""
    told = {"pool": ledger.pool, "version": ledger.version}
    yield Line(_("Credit in %(pool)s (version %(version)s), before, with this turn's share, after:") % told)
    for place, row in enumerate(ledger.stood, start=1):
        weight = _(" (weight %(weight)s)") % {"weight": row.weight} if row.weight != 1 else ""
        credit = "; ".join(map(signed, (row.before, row.bid, row.after)))
        yield Line(f"{place}. {row.name} {credit}{weight}", deep=True)
    for other in ledger.skipped:
        yield Line(_("skipped: %(name)s %(why)s") % {"name": other.name, "why": other.why}, deep=True)
