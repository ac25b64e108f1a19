"""What the page of a pool shows of its rotation: who is next, what an edit means, who got what."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from routing.fairness import Share, last_leads, shares
from routing.models import Leave, Membership, Pool
from routing.whatif.changes import changes
from routing.whatif.preview import Foreseen, next_up
from routing.whatif.replay import replay, totals

DAYS = 30


@dataclass(frozen=True)
class Bar:
    """One person's share, and how wide it is drawn: per cent of the widest."""

    share: Share
    received: int
    owed: int


def coming(
    pool: Pool, members: Sequence[Membership], leaves: Sequence[Leave] = (), *, edited: bool = False
) -> dict[str, Any]:
    """The next 10 leads, why each other one gets none, and what the edit means; nothing need be saved."""
    turns = next_up(pool, members, leaves=leaves)
    return {
        "original": pool,
        "next": turns if turns[0].salesperson_id else [],
        "skipped": list(_skipped(turns)),
        "edited": edited,
        "changes": changes(pool, members, leaves) if edited else [],
    }


def _skipped(turns: Iterable[Foreseen]) -> Iterator[str]:
    """One sentence per person who is skipped, as soon as they are."""
    told: set[str] = set()
    for turn in turns:
        for name, why in turn.skipped:
            if name not in told:
                later = _("From lead %(place)s on: %(name)s %(why)s.")
                words = _("%(name)s %(why)s.") if turn.place == 1 else later
                yield words % {"place": turn.place, "name": name, "why": why}
        told |= {name for name, __ in turn.skipped}


def what_if(pool: Pool, members: Sequence[Membership], leaves: Sequence[Leave] = ()) -> dict[str, Any]:
    """Who would have got the last days' leads under the edit. Nothing is written."""
    rows = replay(pool, members, DAYS, leaves)
    return {"totals": totals(rows), "leads": len(rows), "others": [row for row in rows if row.differs], "days": DAYS}


def past(pool: Pool) -> dict[str, Any]:
    """Who got the last 20 leads, and what each person got of what they were owed."""
    return {"last": last_leads(pool), "bars": _bars(pool)}


def _bars(pool: Pool) -> list[Bar]:
    now = timezone.now()
    rows = shares(now - timedelta(days=DAYS), now, pool)
    widest = max((max(row.received, row.owed) for row in rows), default=0) or 1
    return [Bar(row, *(round(max(100 * one / widest, 0)) for one in (row.received, row.owed))) for row in rows]
