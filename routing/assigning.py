"""Giving leads to people: everything that follows from a decision is written in one transaction."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from crm.models import Lead
from crm.services import record, set_owner
from routing import notices
from routing.card import Card
from routing.models import SYSTEM, Assignment, Hold, Pool, Rule
from routing.rules.conversation import Participant
from routing.rules.decisions import Decision, asked_for, card_of, decide, pools_of, skipped
from routing.rules.matching import Inquiry, all_pools, choose
from routing.timing.deadlines import due_at
from routing.turns import Desk, lock


def assign(
    lead: Lead,
    *,
    language: str = "",
    technical: bool | None = None,
    participants: Sequence[Participant] = (),
    background: Sequence[str] = (),
    classification: str = "",
) -> Assignment | Hold:
    """Give a lead to one person, or hold it where everybody can see it.

    `language` (ISO 639-1) and `technical` default to the lead's own; `participants` are those of us who are in
    its thread; `background` is what else is known of it and decides nothing; `classification` names the judgement
    that it rests on. Must be called in the transaction of the decision. A lead that was given or held before stays
    as it is.
    """
    inquiry = Inquiry.of(lead, language, technical)
    pool = choose(all_pools(), inquiry)
    desk = Desk.open(pools_of(pool), asked_for(pool, inquiry))
    waiting = list(Hold.objects.filter(Q(pool=pool) | Q(lead=lead), resolved_at=None))
    held = next((hold for hold in waiting if hold.lead_id == lead.pk), None)
    if settled := Assignment.objects.filter(lead=lead, active=True).first() or held:
        return settled
    decision = decide(lead, pool, desk, participants)
    decision = replace(decision, evidence=(*decision.evidence, *background))
    ahead = sum(hold.in_line for hold in waiting)
    if decision.turns and ahead:
        queued = Decision(Rule.ROTATION, None, f"{ahead} held before it in {pool}.")
        return hold(lead, pool, queued, desk.now, quiet=True)
    if decision.salesperson is None:
        return hold(lead, pool, decision, desk.now)
    return give(lead, pool, decision, card_of(decision, pool, desk.versions, inquiry, classification), desk)


def give(
    lead: Lead,
    pool: Pool | None,
    decision: Decision,
    card: Card,
    desk: Desk,
    *,
    by: str = SYSTEM,
    number: int = 0,
    hops: int = 0,
) -> Assignment:
    """Write all that a decision for a person means: assignment, turns, owner, alert, audit entry.

    `number` counts the earlier assignments of the lead, `hops` how often it was passed on for want of an answer.
    """
    assert decision.salesperson is not None
    to = decision.salesperson
    assignment = Assignment.objects.create(
        lead=lead,
        salesperson=to,
        cc=decision.cc,
        pool=pool,
        rule=decision.rule,
        reason=decision.reason[:500],
        card=card.stored(),
        at=desk.now,
        by=by,
        hops=hops,
        due_at=due_at(pool, desk.now) if pool and decision.rule != Rule.IN_THREAD else None,
    )
    desk.commit(decision.turns, assignment)
    set_owner(lead, to.name, to.email)
    if decision.rule != Rule.IN_THREAD:
        notices.send([notices.assigned_alert(assignment, number)])
    record([notices.assigned_entry(assignment, number)])
    return assignment


def hold(lead: Lead, pool: Pool | None, decision: Decision, now: datetime, *, quiet: bool = False) -> Hold:
    """Let a lead wait. The managers are told, but for one that stands in line behind another (`quiet`)."""
    held, _ = Hold.objects.update_or_create(
        lead=lead,
        defaults={
            "pool": pool,
            "since": now,
            "reason": f"{decision.reason} {'; '.join(skipped(decision))}".strip()[:500],
            "owner": decision.waits_for,
            "for_person": decision.for_person,
            "resolved_at": None,
        },
    )
    number = Assignment.objects.filter(lead=lead).count()
    if not quiet:
        notices.send([notices.held_alert(held, number)])
    record([notices.held_entry(held, number)])
    return held


def release_holds(then: Callable[[Assignment], object] | None = None) -> list[Assignment]:
    """Give out the leads that wait and can be given now, in order of arrival; each in its own transaction.

    `then` is what else follows from an assignment; it is called in the same transaction.
    """
    given: list[Assignment] = []
    closed: set[int | None] = set()  # pools in which nobody is there: who stands behind need not be asked
    waiting = Hold.objects.filter(resolved_at=None, for_person=False).order_by("pk")
    for held in waiting.select_related("lead__contact", "pool__cc_pool", "pool__fallback"):
        if held.in_line and held.pool_id in closed:
            continue
        with transaction.atomic():
            assignment = release(held)
            if assignment and then:
                then(assignment)
        if assignment:
            given.append(assignment)
        elif held.in_line:
            closed.add(held.pool_id)
    return given


def release(held: Hold) -> Assignment | None:
    """Give out one lead that waits, if that can be done now and nobody else was faster. Needs a transaction."""
    lock(held.lead)
    if not Hold.objects.filter(pk=held.pk, resolved_at=None).exists():
        return None
    inquiry = Inquiry.of(held.lead)
    pool = held.pool if held.pool and held.pool.active else None
    pool = pool or choose(all_pools(), inquiry)
    desk = Desk.open(pools_of(pool), asked_for(pool, inquiry))
    patience = timedelta(minutes=pool.fallback_after if pool else 0)
    decision = decide(held.lead, pool, desk, fallback_due=desk.now >= held.since + patience)
    if decision.salesperson is None:
        return None
    Hold.objects.filter(pk=held.pk).update(resolved_at=desk.now)
    return give(held.lead, pool, decision, card_of(decision, pool, desk.versions, inquiry), desk)
