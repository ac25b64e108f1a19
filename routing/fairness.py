"""What each person got against what they were owed, by the ledger."""

import csv
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import TextIO

from django.db.models import Count, Q, Sum
from django.utils import timezone

from routing.models import Assignment, LedgerLine, Pool, Rule
from routing.rotation import TURN

Kind = LedgerLine.Kind
# What a line of a kind adds to the leads that were received by turn; an adjustment by hand changes what is owed.
RECEIVED: dict[str, int] = {Kind.TURN: 1, Kind.TAKEN_OVER: 1, Kind.HANDED_OVER: -1, Kind.CREDITED: -1}


@dataclass(frozen=True)
class Share:
    """One person in one pool and one span of time. `owed` and `received` are leads by turn; the others are counts
    of all leads, by the rule that gave them."""

    pool: str
    person: str
    owed: float
    received: int
    in_all: int
    rotation: int
    known_customers: int
    in_conversation: int
    by_hand: int
    fallback: int
    taken_over: int
    copied: int

    @property
    def deviation(self) -> float:
        """Leads by turn above (or, negative, below) what was owed."""
        return self.received - self.owed


def shares(start: datetime, end: datetime, pool: Pool | None = None) -> list[Share]:
    """Everybody's share from `start` up to `end`, of one pool or all, by pool and name."""
    owed, received = _turns(start, end, pool)
    counts, names = _counts(start, end, pool)
    names |= _names(owed)
    keys = sorted(owed.keys() | counts.keys(), key=lambda key: names[key])
    return [_share(*names[key], owed[key], received[key], counts[key]) for key in keys]


Key = tuple[int, int]  # pool, person


def _turns(start: datetime, end: datetime, pool: Pool | None) -> tuple[dict[Key, float], dict[Key, int]]:
    """Leads by turn that were owed, and received."""
    lines = LedgerLine.objects.filter(at__gte=start, at__lt=end, **({"pool": pool} if pool else {})).order_by()
    groups = lines.values("pool_id", "salesperson_id", "kind", by_hand=Q(assignment__isnull=True))
    owed: dict[Key, float] = defaultdict(float)
    received: dict[Key, int] = defaultdict(int)
    for row in groups.annotate(earned=Sum("earned"), change=Sum("change"), lines=Count("pk")):
        key = row["pool_id"], row["salesperson_id"]
        owed[key] += row["earned"] / TURN
        if row["by_hand"] and row["kind"] in (Kind.SKIPPED, Kind.CREDITED, Kind.CATCH_UP):
            owed[key] += row["change"] / TURN
        else:
            received[key] += RECEIVED.get(row["kind"], 0) * row["lines"]
    return owed, received


def _counts(
    start: datetime, end: datetime, pool: Pool | None
) -> tuple[dict[Key, Counter[str]], dict[Key, tuple[str, str]]]:
    """All leads that people have, by rule, and those that they were CC'd."""
    rows = Assignment.objects.filter(at__gte=start, at__lt=end, active=True).exclude(pool=None)
    counts: dict[Key, Counter[str]] = defaultdict(Counter)
    names: dict[Key, tuple[str, str]] = {}
    for who, what in (("salesperson", "rule"), ("cc", "pool__cc_pool__kind")):
        where = "pool" if who == "salesperson" else "pool__cc_pool"
        wanted = rows.filter(**{where: pool}) if pool else rows
        found = wanted.exclude(**{who: None}).exclude(**{where: None}).order_by()
        for key in found.values_list(where, f"{where}__name", who, f"{who}__name", what).annotate(Count("pk")):
            pool_id, pool_name, person, name, kind, count = key
            counts[pool_id, person][kind] += count
            names[pool_id, person] = (pool_name, name)
    return counts, names


def _names(keys: Iterable[Key]) -> dict[Key, tuple[str, str]]:
    wanted = {pool for pool, _ in keys}
    rows = LedgerLine.objects.filter(pool__in=wanted).order_by()
    named = rows.values_list("pool", "salesperson", "pool__name", "salesperson__name").distinct()
    return {(pool, person): (pool_name, name) for pool, person, pool_name, name in named}


def _share(pool: str, person: str, owed: float, received: int, counts: Counter[str]) -> Share:
    return Share(
        pool=pool,
        person=person,
        owed=round(owed, 2),
        received=received,
        in_all=sum(counts[rule] for rule in Rule.values),
        rotation=counts[Rule.ROTATION],
        known_customers=counts[Rule.EXISTING_OWNER],
        in_conversation=counts[Rule.IN_THREAD],
        by_hand=counts[Rule.MANUAL],
        fallback=counts[Rule.FALLBACK],
        taken_over=counts[Rule.OVERDUE],
        copied=counts[Pool.Kind.CC],
    )


def month(year: int, number: int) -> tuple[datetime, datetime]:
    """The first moment of a month and of the next one, in the company's time zone."""
    following = (year + number // 12, number % 12 + 1)
    zone = timezone.get_default_timezone()
    start, end = (datetime(*ym, 1, tzinfo=zone) for ym in ((year, number), following))
    return start, end


def write_csv(rows: Iterable[Share], to: TextIO) -> None:
    """The statement as CSV with a header row."""
    writer = csv.DictWriter(to, [field.name for field in fields(Share)])
    writer.writeheader()
    writer.writerows(asdict(row) for row in rows)


def last_leads(pool: Pool, count: int = 20) -> list[Assignment]:
    """The newest assignments of a pool, newest first."""
    role = {"pool__cc_pool": pool} if pool.kind == Pool.Kind.CC else {"pool": pool}
    rows = Assignment.objects.filter(**role).select_related("salesperson", "cc", "lead__contact")
    return list(rows.order_by("-pk")[:count])
