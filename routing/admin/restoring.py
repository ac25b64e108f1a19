"""A pool, a member or a person as they were at a moment, with what belongs to them, and the way back."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import singledispatch
from typing import Any

from django.db import transaction
from django.db.models import Model
from django.utils import timezone

from inbox_router.differences import differences
from routing.models import Leave, Membership, Pool, Salesperson
from routing.people.governance import check_staffed
from routing.whatif.changes import changes, of_fields, of_leaves, of_members

WHY = 100  # characters that the history keeps of a reason
OF_MEMBER = ("weight", "active", "cap_day", "cap_week", "cap_open", "paused_until", "note", "position")
# Whether somebody has left, and their account, are changed where it is said what that touches.
OF_PERSON = ("name", "email", "slack_id", "languages", "signature", "paused_until", "hours", "timezone", "holidays")


@dataclass(frozen=True)
class Was:
    """Rows as they were, unsaved, the thing itself first; those that were not there; what going back changes.

    `staffed`: a pool and its members, of which somebody must be left.
    """

    rows: Sequence[Any]
    told: Sequence[str]
    gone: Sequence[Any] = ()
    staffed: tuple[Pool, Sequence[Membership]] | None = None


@singledispatch
def versions(thing: Model) -> list[Any]:
    """Every stored version of a pool, a member or a person, and of what belongs to them."""
    return list(thing.history.select_related("history_user"))  # type: ignore[attr-defined]


@versions.register
def _(pool: Pool) -> list[Any]:
    members = Membership.history.filter(pool_id=pool.pk).select_related("salesperson", "history_user")
    return [*pool.history.select_related("history_user"), *members]


@versions.register
def _(person: Salesperson) -> list[Any]:
    leaves = Leave.history.filter(salesperson_id=person.pk).select_related("salesperson", "history_user")
    return [*person.history.select_related("history_user"), *leaves]


@singledispatch
def as_it_was(thing: Model, moment: datetime) -> Was:
    """A pool, a member or a person as they were. The ledger stays as it is.

    Raises ObjectDoesNotExist if there was no such thing then.
    """
    raise NotImplementedError(type(thing).__name__)


@as_it_was.register
def _(pool: Pool, moment: datetime) -> Was:
    """Who joined later is switched off."""
    then: Pool = pool.history.as_of(moment)
    then._state.adding = False
    now = {member.salesperson_id: member for member in pool.memberships.select_related("salesperson")}
    were = {member.salesperson_id: member for member in Membership.history.as_of(moment).filter(pool_id=pool.pk)}
    for who, member in now.items():
        if who not in were:
            member.active = False
    for who, old in were.items():
        current = now.setdefault(who, Membership(pool=pool, salesperson=old.salesperson))
        edited(current, **{name: getattr(old, name) for name in OF_MEMBER})
    members = list(now.values())
    return Was([then, *members], changes(then, members), staffed=(then, members))


@as_it_was.register
def _(member: Membership, moment: datetime) -> Was:
    old, then = member.history.as_of(moment), Membership.objects.select_related("salesperson").get(pk=member.pk)
    edited(then, **{name: getattr(old, name) for name in OF_MEMBER})
    others = member.pool.memberships.exclude(pk=member.pk).select_related("salesperson")
    return Was([then], list(of_members([member], [then])), staffed=(member.pool, [*others, then]))


@as_it_was.register
def _(person: Salesperson, moment: datetime) -> Was:
    """Leave that was entered before its history began stays."""
    old, then = person.history.as_of(moment), Salesperson.objects.get(pk=person.pk)
    edited(then, **{name: getattr(old, name) for name in OF_PERSON}, cover_id=old.cover_id)
    stored = {leave.pk: leave for leave in Leave.objects.filter(salesperson=person)}
    were = list(Leave.history.as_of(moment).filter(salesperson_id=person.pk))
    later = Leave.history.filter(id__in=stored, history_type="+", history_date__gt=moment).values_list("id", flat=True)
    gone = [stored[pk] for pk in later]
    different = [leave for leave in were if leave.pk not in stored or list(differences(stored[leave.pk], leave))]
    emptied = [Leave(salesperson=person, first_day=date.max, last_day=date.min) for _ in gone]
    return Was([then, *different], [*of_fields(person, then), *of_leaves([*different, *emptied])], gone)


@transaction.atomic
def restore(was: Was, why: str) -> Sequence[str]:
    """Bring everything back; what that changed. Raises ValidationError if a pool would be left with nobody."""
    if was.staffed:
        check_staffed(*was.staffed)
    was.rows[0].full_clean()  # an address or a name may be somebody else's by now
    sign([*was.rows, *was.gone], why, timezone.now())
    for row in was.rows:
        row.save()
    for row in was.gone:
        row.delete()
    return was.told


def sign(rows: Iterable[Any], why: str, moment: datetime) -> None:
    """Say what simple-history notes with the next save of these rows."""
    for row in rows:
        row._change_reason, row._history_date = why[:WHY] or None, moment


def edited(row: Any, **fields: Any) -> Any:
    """The row with these fields, unsaved."""
    for name, value in fields.items():
        setattr(row, name, value)
    return row
