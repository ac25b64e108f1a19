"""What a change of the team touches, and what is not allowed to happen to a pool."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm.models import Lead
from crm.services import Entry, record
from inbox_router.shown import recorded
from routing.assigning import hold
from routing.models import Assignment, Membership, Pool, Rule, Salesperson
from routing.people.handover import HandoverError, reassign
from routing.rules.decisions import Decision, pools_of
from routing.turns import Desk


@dataclass(frozen=True)
class Touched:
    """What making a person inactive touches; `emptied` pools would have nobody, and no fallback."""

    pools: tuple[Pool, ...]
    emptied: tuple[Pool, ...]
    fallback_of: tuple[Pool, ...]
    open_leads: int

    def __str__(self) -> str:
        pools = ", ".join(pool.name for pool in self.pools) or _("no pool")
        leads = ngettext("%(number)s open lead", "%(number)s open leads", self.open_leads)
        return f"{pools}; {leads % {'number': self.open_leads}}"


def touched_by(person: Salesperson) -> Touched:
    """The pools and open leads that this person's leaving touches."""
    pools = Pool.objects.filter(active=True, memberships__salesperson=person, memberships__active=True)
    last_resort = person.fallback_of.filter(active=True)
    return Touched(tuple(pools), tuple(person.would_empty()), tuple(last_resort), open_leads(person).count())


def is_staffed(members: Iterable[Membership], fallback: Salesperson | None) -> bool:
    """Whether leads of a pool with these members (saved or not) reach anybody."""
    return bool(fallback and fallback.active) or any(m.active and m.salesperson.active for m in members)


def check_staffed(pool: Pool, members: Iterable[Membership]) -> None:
    """Raise ValidationError if an active pool would be left with nobody and no fallback."""
    if pool.active and not is_staffed(members, pool.fallback):
        told = _("%(pool)s would be left with nobody. Add a member or a fallback person.")
        raise ValidationError(told % {"pool": pool.name})


def open_leads(person: Salesperson) -> QuerySet[Assignment]:
    """The person's assignments whose leads are open."""
    return Assignment.objects.filter(salesperson=person, active=True, lead__stage=Lead.Stage.OPEN)


@transaction.atomic
def deactivate(person: Salesperson, by: str, why: str, *, hand_over: bool = True) -> list[Assignment]:
    """Make a person inactive and hand their open leads over; the new assignments. Raises HandoverError."""
    touched = touched_by(person)
    if touched.emptied:
        names = ", ".join(pool.name for pool in touched.emptied)
        raise HandoverError(
            _("%(pools)s would be left with nobody: add a member or a fallback first.") % {"pools": names}
        )
    person.active = False
    person.save()
    record(
        [
            Entry(
                key=f"left:{person.pk}:{person.history.first().history_date:%Y%m%d%H%M%S%f}",
                action="deactivated",
                subject=f"salesperson:{person.pk}",
                summary=f"{person.name} gets no more leads ({recorded(touched)})",
                reason=why,
                actor=by,
                actor_kind="person",
            )
        ]
    )
    return hand_over_leads(person, by, why) if hand_over else []


@transaction.atomic
def hand_over_leads(person: Salesperson, by: str, why: str, to: Salesperson | None = None) -> list[Assignment]:
    """Give a person's open leads to somebody, or each to the next in its pool; what nobody can take waits."""
    rows = open_leads(person).select_related("lead__contact", "pool__cc_pool", "pool__fallback")
    new = []
    for row in rows.order_by("pk"):
        if heir := to or _heir(row):
            new.append(reassign(row.lead, heir, by, why))
        else:
            _let_wait(row, why)
    return new


def _heir(row: Assignment) -> Salesperson | None:
    """Who is next in the pool of a lead, but for whom it is taken from and who is CC'd."""
    if row.pool is None:
        return None
    desk = Desk.open(pools_of(row.pool))
    barred = {row.salesperson_id: "hands it over"} | ({row.cc_id: "is CC'd"} if row.cc_id else {})
    heir = desk.person(row.pool, desk.turn(row.pool, barred))
    fallback = row.pool.fallback
    return heir or (fallback if fallback and fallback.active and fallback.pk != row.salesperson_id else None)


def _let_wait(row: Assignment, why: str) -> None:
    Assignment.objects.filter(pk=row.pk).update(active=False)
    desk = Desk.open(pools_of(row.pool))
    hold(row.lead, row.pool, Decision(Rule.MANUAL, None, f"Nobody can take it over: {why}."), desk.now)
