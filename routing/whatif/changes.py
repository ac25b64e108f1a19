"""What an edit of a pool means, in words, before it is saved."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Any

from django.db import models
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from inbox_router.differences import difference, differences
from routing.models import Leave, Membership, Pool
from routing.whatif.preview import Foreseen, next_up

MEMBER_FIELDS = ("weight", "active", "cap_day", "cap_week", "cap_open", "paused_until")


def changes(pool: Pool, members: Sequence[Membership], leaves: Sequence[Leave] = ()) -> list[str]:
    """One sentence per difference between a pool as it is stored and as it is edited; who is next comes last.

    `pool`, `members` and `leaves` hold the edits, unsaved; what has no primary key is new.
    """
    stored = Pool.objects.filter(pk=pool.pk).first()
    before = list(stored.memberships.select_related("salesperson")) if stored else []
    told = [*_of_pool(stored, pool), *of_members(before, members), *of_leaves(leaves)]
    if stored and (turned := _next_change(next_up(stored, before, 1), next_up(pool, members, 1, leaves))):
        told.append(turned)
    return told


def _of_pool(stored: Pool | None, edited: Pool) -> Iterator[str]:
    if stored is None:
        yield _("%(pool)s is new.") % {"pool": edited.name}
        return
    yield from of_fields(stored, edited)


def of_fields(stored: models.Model, edited: models.Model) -> Iterator[str]:
    """One sentence per field that people edit and that is different."""
    return (f"{told}." for told in differences(stored, edited))


def of_members(before: Sequence[Membership], after: Sequence[Membership]) -> Iterator[str]:
    """One sentence per difference between members as they are stored and as they are edited."""
    stored = {member.salesperson_id: member for member in before}
    kept = {member.salesperson_id for member in after}
    for member in after:
        name = member.salesperson.name
        if (old := stored.get(member.salesperson_id)) is None:
            yield _("%(name)s joins, weight %(weight)s.") % {"name": name, "weight": member.weight}
            continue
        for field_name in MEMBER_FIELDS:
            field: Any = Membership._meta.get_field(field_name)
            found = difference(field, getattr(old, field_name), getattr(member, field_name))
            yield from (f"{name}: {told}." for told in found)
    gone = [member.salesperson.name for member in before if member.salesperson_id not in kept]
    yield from (_("%(name)s leaves.") % {"name": name} for name in gone)


def of_leaves(leaves: Iterable[Leave], *, taken_out: bool = False) -> Iterator[str]:
    """One sentence per leave."""
    for leave in leaves:
        told = {"name": leave.salesperson.name, "first": _day(leave.first_day), "last": _day(leave.last_day)}
        words = _("%(name)s: on leave from %(first)s to %(last)s.") if leave.takes_time else _("%(name)s: no leave.")
        yield (_("%(name)s: no leave from %(first)s to %(last)s.") if taken_out else words) % told


def _day(day: date) -> str:
    return date_format(day, "DATE_FORMAT")


def _next_change(before: Sequence[Foreseen], after: Sequence[Foreseen]) -> str:
    was, becomes = before[0].name, after[0].name
    told = _("The next lead goes to %(becomes)s instead of %(was)s.")
    return "" if was == becomes else told % {"becomes": becomes, "was": was}
