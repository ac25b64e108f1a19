"""Catching up after an absence, where a pool wants it: so many extra leads a day, until level."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from routing.models import LedgerLine, Membership, Pool
from routing.rotation import TURN
from routing.rules.eligibility import local_day

Kind = LedgerLine.Kind


def missed(pool: Pool, member: Membership, members: Sequence[Membership]) -> int:
    """What a member would have been owed since they went away, in units of a turn; 0 where nobody catches up."""
    if not pool.catch_up or member.away_since is None:
        return 0
    turns = LedgerLine.objects.filter(pool=pool, kind=Kind.TURN, at__gte=member.away_since).count()
    weights = sum(m.weight for m in members if m.active and m.salesperson.active)
    return turns * TURN * member.weight // max(weights, 1)


def catch_up(pool: Pool, members: Sequence[Membership], now: datetime) -> list[Membership]:
    """Credit one turn to each member who is behind and has not had the day's share of it; who was credited."""
    behind = [m for m in members if m.arrears > 0 and m.credit is not None and m.away_since is None]
    if not pool.catch_up or not behind:
        return []
    given = LedgerLine.objects.filter(pool=pool, kind=Kind.CATCH_UP, at__gte=now - timedelta(days=2))
    times = list(given.values_list("salesperson_id", "at"))
    credited = [m for m in behind if _today(m, times, now) < pool.catch_up]
    LedgerLine.objects.bulk_create([_one_turn(pool, member, now) for member in credited])
    return credited


def _today(member: Membership, times: Sequence[tuple[int, datetime]], now: datetime) -> int:
    who = member.salesperson
    return sum(person == who.pk and local_day(who, at) == local_day(who, now) for person, at in times)


def _one_turn(pool: Pool, member: Membership, now: datetime) -> LedgerLine:
    """Move at most one turn from what a member is behind to their credit."""
    step = min(TURN, member.arrears)
    member.arrears -= step
    member.credit = (member.credit or 0) + step
    about = {"pool": pool, "salesperson": member.salesperson, "kind": Kind.CATCH_UP, "at": now}
    return LedgerLine(**about, change=step, credit=member.credit, reason="Catching up after an absence")
