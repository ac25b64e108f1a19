"""What people do to assignments: hand a lead over, credit a junk one back, pass over a turn."""

from collections.abc import Mapping

from django.db import transaction
from django.utils.translation import gettext as _

from crm.models import Lead
from crm.services import Entry, record, set_owner
from inbox_router.shown import recorded
from routing import notices
from routing.assigning import give, release
from routing.card import Card, Ledger, Stood
from routing.models import Assignment, Hold, LedgerLine, Membership, Pool, Rule, Salesperson
from routing.rotation import TURN, Turn
from routing.rules.decisions import Decision, copy_turn, pools_of
from routing.rules.matching import described
from routing.turns import Desk, lock

PAID = (LedgerLine.Kind.TURN, LedgerLine.Kind.TAKEN_OVER)


class HandoverError(Exception):
    """Why something cannot be done, in one line for the person who tried."""


@transaction.atomic
def reassign(lead: Lead, to: Salesperson, by: str, why: str) -> Assignment:
    """Give a lead to this person by hand: the ledger, CC, owner, clock, alerts and log follow.

    Where a turn was paid for the lead, it is credited to the old owner and charged to the new one. Raises
    HandoverError.
    """
    if not to.active:
        raise HandoverError(_("%(who)s has left.") % {"who": to.name})
    if not why.strip():
        raise HandoverError(_("Say why the lead is handed over."))
    lock(lead)
    old, held = _open_ends(lead)
    if old and old.salesperson_id == to.pk:
        raise HandoverError(_("%(who)s has this lead already.") % {"who": to.name})
    pool = old.pool if old else held.pool if held else None
    desk = Desk.open(pools_of(pool))
    cc, turns = _copied(old, to, pool, desk)
    decision = Decision(Rule.MANUAL, to, f"Given by {by}: {why}", cc, turns)
    card = _card(decision, old, pool, desk)
    number = _close(lead, old, held, desk)
    new = give(lead, pool, decision, card, desk, by=by, number=number)
    if old:
        if old.answered_at:  # the customer has their answer: nobody is hurried
            new.answered_at, new.due_at = old.answered_at, None
            new.save(update_fields=["answered_at", "due_at"])
        _move_turn(old, new, desk, by, why)
        notices.send([notices.taken_alert(old, new, number), notices.rewritten(old, notices.given_to(new))])
    return new


@transaction.atomic
def let_rotate(held: Hold, by: str, why: str) -> Assignment | None:
    """Give a lead that waits for a person to the rotation after all; None if nobody is there, so it waits in line."""
    lock(held.lead)
    if Hold.objects.filter(pk=held.pk, resolved_at=None).update(for_person=False, owner=None):
        record([notices.deed_entry("rotated", held.lead, "goes to the rotation", by, why)])
    return release(held)


def _open_ends(lead: Lead) -> tuple[Assignment | None, Hold | None]:
    """The lead's active assignment, or its hold."""
    rows = Assignment.objects.select_related("salesperson", "cc", "pool__cc_pool", "pool__fallback", "lead__contact")
    old = rows.filter(lead=lead, active=True).first()
    return old, Hold.objects.select_related("pool__cc_pool").filter(lead=lead, resolved_at=None).first()


def _copied(
    old: Assignment | None, to: Salesperson, pool: Pool | None, desk: Desk
) -> tuple[Salesperson | None, Mapping[Pool, Turn]]:
    """Who is CC'd from now on: the same person, or the next one if that is who gets the lead, or if nobody was."""
    if old and old.cc and old.cc_id != to.pk:
        return old.cc, {}
    if pool is None or pool.cc_pool is None or (old and not old.cc):
        return None, {}
    turns = copy_turn(pool, desk, {to.pk: "has the lead"})
    return (desk.person(pool.cc_pool, turns[pool.cc_pool]) if turns else None), turns


def _card(decision: Decision, old: Assignment | None, pool: Pool | None, desk: Desk) -> Card:
    """What a handover does, with the credits of those between whom a paid turn moves."""
    to, cc_pool = decision.salesperson, pool.cc_pool if pool else None
    mover = old.salesperson if old and pool and _paid(old, pool) else None
    moves = [(desk.member(pool, who), by) for who, by in ((to, -TURN), (mover, TURN)) if who and mover]
    stood = tuple(_moving(member, change) for member, change in moves if member)
    copied = decision.turns.get(cc_pool) if cc_pool else None
    return Card(
        rule=decision.rule,
        chosen=to.name if to else "",
        reason=decision.reason,
        pool=pool.name if pool else "",
        conditions=recorded(described(pool)) if pool else "",
        cc=decision.cc.name if decision.cc else "",
        main=Ledger(pool.name, desk.versions[pool.pk], stood, ()) if pool and stood else None,
        copies=Ledger.of(cc_pool.name, desk.versions[cc_pool.pk], copied) if cc_pool and copied else None,
    )


def _moving(member: Membership, change: int) -> Stood:
    before = member.credit or 0
    return Stood(member.salesperson.name, member.weight, before / TURN, before / TURN, (before + change) / TURN)


def _paid(assignment: Assignment, pool: Pool) -> LedgerLine | None:
    """The turn that was paid in a pool for an assignment."""
    lines = LedgerLine.objects.filter(assignment=assignment, pool=pool, kind__in=PAID)
    return lines.select_related("salesperson").first()


def _close(lead: Lead, old: Assignment | None, held: Hold | None, desk: Desk) -> int:
    """End what was; how many assignments the lead has had."""
    if old:
        Assignment.objects.filter(pk=old.pk).update(active=False)
    if held:
        Hold.objects.filter(pk=held.pk).update(resolved_at=desk.now)
    return Assignment.objects.filter(lead=lead).count()


def _move_turn(old: Assignment, new: Assignment, desk: Desk, by: str, why: str) -> None:
    """Credit who paid a turn for the lead, and charge who has it now."""
    if new.cc_id != old.cc_id:
        _give_back(old, desk, LedgerLine.Kind.HANDED_OVER, by, why, pool=old.pool and old.pool.cc_pool)
    if _give_back(old, desk, LedgerLine.Kind.HANDED_OVER, by, why, pool=old.pool) and (
        member := desk.member(old.pool, new.salesperson)
    ):
        desk.post(member, LedgerLine.Kind.TAKEN_OVER, -TURN, f"Took over: {why}", by, new)


def _give_back(assignment: Assignment, desk: Desk, kind: LedgerLine.Kind, by: str, why: str, pool: Pool | None) -> bool:
    """Credit back the turn that was paid in a pool for an assignment; False if none was."""
    line = _paid(assignment, pool) if pool else None
    member = desk.member(pool, line.salesperson) if line else None
    if member:
        desk.post(member, kind, TURN, why, by, assignment)
    return line is not None


@transaction.atomic
def credit_back(assignment: Assignment, by: str, why: str, *, stays: bool = False) -> None:
    """Mark a lead as junk and credit back the turns that were paid for it. Raises HandoverError.

    `stays`: it is a lead all the same, but should not have been given to anybody; it is nobody's again.
    """
    lead, pool = assignment.lead, assignment.pool
    lock(lead)
    desk = Desk.open(pools_of(pool))
    if LedgerLine.objects.filter(assignment=assignment, kind=LedgerLine.Kind.CREDITED).exists():
        raise HandoverError(_("This lead was credited back before."))
    for each in pools_of(pool):
        _give_back(assignment, desk, LedgerLine.Kind.CREDITED, by, why, pool=each)
    if stays:
        set_owner(lead, "", "")
    else:
        lead.stage = Lead.Stage.JUNK
        lead.save(update_fields=["stage"])
    Assignment.objects.filter(pk=assignment.pk).update(due_at=None, active=not stays)
    notices.send([notices.rewritten(assignment, "Was no lead")])
    what = "nobody's again" if stays else "junk"
    told = f"{what}, {assignment.salesperson.name} is credited"
    record([notices.deed_entry("credited back", lead, told, by, why)])


def skip_turn(member: Membership, by: str, why: str) -> None:
    """Charge a turn without a lead: the member is passed over once."""
    adjust(member, LedgerLine.Kind.SKIPPED, -TURN, by, why)


def give_turn(member: Membership, by: str, why: str) -> None:
    """Credit a turn: the member gets one lead more than they would."""
    adjust(member, LedgerLine.Kind.CREDITED, TURN, by, why)


@transaction.atomic
def adjust(member: Membership, kind: LedgerLine.Kind, change: int, by: str, why: str) -> None:
    """Change a member's credit by hand, in units of a turn. Raises HandoverError."""
    if not why.strip():
        raise HandoverError(_("Say why."))
    desk = Desk.open([member.pool])
    current = desk.member(member.pool, member.salesperson)
    if current is None:
        raise HandoverError(
            _("%(who)s is not in %(pool)s any more.") % {"who": member.salesperson.name, "pool": member.pool}
        )
    line = desk.post(current, kind, change, why, by)
    record(
        [
            Entry(
                key=f"ledger:{line.pk}:{line.at:%Y%m%d%H%M%S%f}",
                action="turn adjusted",
                subject=f"pool:{member.pool_id}",
                summary=f"{member.salesperson.name} in {member.pool}: {recorded(kind.label)}",
                reason=why,
                actor=by,
                actor_kind="person",
            )
        ]
    )
