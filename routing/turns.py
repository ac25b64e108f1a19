"""Taking turns in the database: the pools' rows are locked, the ledger lines are written with the assignment."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain

from django.db import connection

from crm.models import Lead
from inbox_router.shown import recorded
from routing.catchup import catch_up, missed
from routing.models import Assignment, LedgerLine, Membership, Pool, Salesperson
from routing.rotation import Candidate, Standing, Turn, seat, take_turn
from routing.rules.eligibility import Situation, absence, candidates, has_returned, is_gone
from routing.rules.presence import by_pool, later_than_all, leaves_of, loads


@dataclass(frozen=True)
class Desk:
    """Pools whose rows are locked until the transaction ends, with their members and who of them is there."""

    members: Mapping[int, Sequence[Membership]]
    situations: Mapping[int, Situation]
    versions: Mapping[int, int]
    now: datetime

    @classmethod
    def open(cls, pools: Collection[Pool], language: str = "") -> "Desk":
        """Lock the pools, then read: what is read before the lock may be stale. Needs a transaction."""
        if not connection.in_atomic_block:
            raise RuntimeError("A turn is taken in the transaction of what it is taken for: use transaction.atomic.")
        ids = [pool.pk for pool in pools]
        locked = Pool.objects.select_for_update().filter(pk__in=ids).order_by("pk")
        return cls._read(pools, language, dict(locked.values_list("pk", "version")))

    @classmethod
    def look(cls, pools: Collection[Pool], language: str = "") -> "Desk":
        """Read without a lock and write nothing: to tell what would be decided now. No turn can be taken from it."""
        return cls._read(pools, language, {})

    @classmethod
    def _read(cls, pools: Collection[Pool], language: str, versions: Mapping[int, int]) -> "Desk":
        members = by_pool(Membership.objects.filter(pool__in=[p.pk for p in pools]).select_related("salesperson"))
        everyone = list(chain.from_iterable(members.values()))
        now = later_than_all(everyone)
        leaves = leaves_of({member.salesperson_id for member in everyone}, now)
        for pool in pools if versions else ():
            if credited := catch_up(pool, members[pool.pk], now):
                store(credited)
        situations = {
            pool.pk: Situation(
                now=now,
                leaves=leaves,
                loads=loads(members[pool.pk], now, copies=pool.kind == Pool.Kind.CC),
                language="" if pool.kind == Pool.Kind.CC else language,
            )
            for pool in pools
        }
        return cls(members, situations, versions, now)

    def turn(self, pool: Pool, barred: Mapping[int, str] | None = None) -> Turn:
        """Decide a turn of the pool; `barred` says who cannot get this very lead, and why."""
        situation = self.situation(pool, barred)
        return take_turn(candidates(self.members.get(pool.pk, ()), situation))

    def person(self, pool: Pool, turn: Turn) -> Salesperson | None:
        """Who has the turn."""
        members = self.members.get(pool.pk, ()) if turn.winner else ()
        return next((m.salesperson for m in members if turn.winner and m.salesperson_id == turn.winner.id), None)

    def member(self, pool: Pool | None, person: Salesperson) -> Membership | None:
        """This person's place in the pool, if they have one."""
        members = self.members.get(pool.pk, ()) if pool else ()
        return next((m for m in members if m.salesperson_id == person.pk), None)

    def situation(self, pool: Pool, barred: Mapping[int, str] | None = None) -> Situation:
        return replace(self.situations[pool.pk], barred=barred or {})

    def commit(self, turns: Mapping[Pool, Turn], assignment: Assignment) -> None:
        """Write the credits and the ledger lines of the turns that this assignment took."""
        lines: list[LedgerLine] = []
        changed: list[Membership] = []
        for pool, turn in turns.items():
            standings = {standing.id: standing for standing in turn.standings}
            for member in self.members.get(pool.pk, ()):
                if standing := standings.get(member.salesperson_id):
                    lines += _lines(pool, member, standing, assignment, self.now)
                    if has_returned(member, self.now):
                        member.arrears = missed(pool, member, self.members[pool.pk])
                    _settle(member, standing, self.now)
                    changed.append(member)
                elif member.away_since is None and absence(member, self.situations[pool.pk]):
                    member.away_since = self.now
                    changed.append(member)
        LedgerLine.objects.bulk_create(lines)
        store(changed)

    def post(
        self,
        member: Membership,
        kind: LedgerLine.Kind,
        change: int,
        reason: str,
        by: str,
        assignment: Assignment | None = None,
    ) -> LedgerLine:
        """Change a member's credit outside of a turn. What is charged counts as a turn that was had."""
        self._seat_newcomers(member.pool_id)
        member.credit = (member.credit or 0) + change
        if change < 0:
            member.last_turn_at = self.now
        store([member])
        return LedgerLine.objects.create(
            pool_id=member.pool_id,
            salesperson_id=member.salesperson_id,
            assignment=assignment,
            kind=kind,
            change=change,
            credit=member.credit,
            reason=reason[:300],
            by=by,
            at=self.now,
        )

    def _seat_newcomers(self, pool: int) -> None:
        """Seat everybody of the pool before one credit changes: later, the change would shift the average."""
        members = {member.salesperson_id: member for member in self.members[pool]}
        seats = seat([Candidate(m.salesperson_id, "", credit=m.credit, gone=is_gone(m)) for m in members.values()])
        for candidate in seats:
            member, credit = members[candidate.id], candidate.credit or 0
            if member.credit is None and not candidate.gone:
                member.credit = credit
                Membership.objects.filter(pk=member.pk).update(credit=credit)
                LedgerLine.objects.create(
                    pool_id=pool,
                    salesperson_id=candidate.id,
                    kind=LedgerLine.Kind.JOINED,
                    change=credit,
                    credit=credit,
                    reason=recorded(LedgerLine.Kind.JOINED.label),
                    at=self.now,
                )


def _lines(
    pool: Pool, member: Membership, standing: Standing, assignment: Assignment, now: datetime
) -> list[LedgerLine]:
    """What a turn writes into the ledger for one member: where they started anew, what they earned and paid."""
    about = {"pool": pool, "salesperson_id": member.salesperson_id, "assignment": assignment, "at": now}
    lines = []
    if member.credit != standing.start:
        kind = LedgerLine.Kind.JOINED if member.credit is None else LedgerLine.Kind.RETURNED
        change = standing.start - (member.credit or 0)
        lines.append(LedgerLine(**about, kind=kind, change=change, credit=standing.start, reason=recorded(kind.label)))
    lines.append(
        LedgerLine(
            **about,
            kind=LedgerLine.Kind.TURN if standing.paid else LedgerLine.Kind.EARNED,
            earned=standing.earned,
            change=standing.earned - standing.paid,
            credit=standing.after,
            reason="Had the turn" if standing.paid else "Stood in the turn",
        )
    )
    return lines


def lock(lead: Lead) -> None:
    """Let nobody else change who has this lead until the transaction ends. To be taken before any pool."""
    Lead.objects.select_for_update().filter(pk=lead.pk).values_list("pk", flat=True).get()


def store(members: Sequence[Membership]) -> None:
    """Write what only the ledger writes, in one prepared statement: building bulk_update's costs too much."""
    adapt = connection.ops.adapt_datetimefield_value
    rows = [(m.credit, adapt(m.last_turn_at), adapt(m.away_since), m.arrears, m.pk) for m in members]
    with connection.cursor() as cursor:
        cursor.executemany(
            "UPDATE routing_membership SET credit = %s, last_turn_at = %s, away_since = %s, arrears = %s WHERE id = %s",
            rows,
        )


def _settle(member: Membership, standing: Standing, now: datetime) -> None:
    member.credit = standing.after
    member.away_since = None
    if standing.paid:
        member.last_turn_at = now
