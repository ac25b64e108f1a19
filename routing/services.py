"""Who gets a lead. Everything that follows from a decision is written in the caller's transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.conf import settings
from django.db import transaction

from crm.models import Lead
from crm.services import record, set_owner
from routing import notices
from routing.card import Card, Ledger
from routing.matching import Inquiry, choose, sentence
from routing.models import Assignment, Hold, Pool, Rule, Salesperson
from routing.ownership import Participant, colleagues, in_conversation
from routing.rotation import Turn
from routing.turns import Desk

__all__ = ["Participant", "assign", "colleagues"]


@dataclass(frozen=True)
class Decision:
    """Who gets a lead, by which rule, and the turns that it takes. `salesperson` is None: nobody is there."""

    rule: Rule
    salesperson: Salesperson | None
    reason: str
    cc: Salesperson | None = None
    turns: Mapping[Pool, Turn] = field(default_factory=dict)
    evidence: tuple[str, ...] = ()


def assign(
    lead: Lead,
    *,
    language: str = "",
    technical: bool | None = None,
    participants: Sequence[Participant] = (),
    classification: str = "",
) -> Assignment | Hold:
    """Give a lead to one person, or hold it. The first that applies decides: in the thread already, known
    customer, rotation, fallback.

    `language` (ISO 639-1) and `technical` default to the lead's own. Must be called in a transaction; a lead
    that was decided before keeps its assignment.
    """
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("A lead is assigned in the transaction of its decision: use transaction.atomic.")
    inquiry = Inquiry.of(lead, language, technical)
    pool = choose(Pool.objects.select_related("cc_pool", "fallback"), inquiry)
    desk = Desk.open(pools_of(pool), asked_for(pool, inquiry))
    if settled := _settled(lead):
        return settled
    decision = decide(lead, pool, desk, participants)
    card = _card(decision, pool, inquiry, desk, classification)
    if decision.salesperson is None:
        return _hold(lead, pool, decision, desk.now)
    return give(lead, decision.salesperson, decision, card, pool, desk)


def pools_of(pool: Pool | None) -> list[Pool]:
    """The pool and the one whose next person is CC'd."""
    return [each for each in (pool, pool and pool.cc_pool) if each]


def asked_for(pool: Pool | None, inquiry: Inquiry) -> str:
    """The language whose speakers go first: any but the company's, where the pool has none of its own."""
    return "" if pool is None or pool.language or inquiry.language == settings.COMPANY_LANGUAGE else inquiry.language


def decide(lead: Lead, pool: Pool | None, desk: Desk, participants: Sequence[Participant]) -> Decision:
    """The first rule that applies. Nothing is written."""
    if participants and (found := in_conversation(participants)):
        person, participant = found
        return Decision(
            Rule.IN_THREAD, person, f"In conversation with {person.name}.", evidence=(participant.evidence,)
        )
    return rotate(pool, desk)


def rotate(pool: Pool | None, desk: Desk) -> Decision:
    """The next person of the pool, with the next of its CC pool; else the fallback person; else nobody."""
    if pool is None:
        return Decision(Rule.ROTATION, None, "No pool takes this lead: add a default pool.")
    turn = desk.turn(pool)
    people = {member.salesperson_id: member.salesperson for member in desk.members.get(pool.pk, ())}
    if turn.winner:
        person, rule, reason = people[turn.winner.id], Rule.ROTATION, f"Next in {pool.name}."
    elif pool.fallback and pool.fallback.active and not pool.fallback_after:
        person, rule, reason = pool.fallback, Rule.FALLBACK, f"Nobody in {pool.name} is there: fallback person."
    else:
        return Decision(Rule.ROTATION, None, f"Nobody in {pool.name} is there.", turns={pool: turn})
    turns, copied = {pool: turn}, None
    if pool.cc_pool and pool.cc_pool.active:
        turns[pool.cc_pool] = desk.turn(pool.cc_pool, {person.pk: "has the lead"})
        copied = _winner(pool.cc_pool, turns[pool.cc_pool], desk)
    return Decision(rule, person, reason, copied, turns)


def _winner(pool: Pool, turn: Turn, desk: Desk) -> Salesperson | None:
    members = desk.members.get(pool.pk, ())
    return next((m.salesperson for m in members if turn.winner and m.salesperson_id == turn.winner.id), None)


def _settled(lead: Lead) -> Assignment | Hold | None:
    """What was decided of this lead before."""
    held = Hold.objects.filter(lead=lead, resolved_at=None).first()
    return Assignment.objects.filter(lead=lead, active=True).first() or held


def _card(decision: Decision, pool: Pool | None, inquiry: Inquiry, desk: Desk, classification: str) -> Card:
    ledgers = {p.pk: Ledger.of(p.name, desk.versions[p.pk], turn) for p, turn in decision.turns.items()}
    return Card(
        rule=decision.rule,
        chosen=decision.salesperson.name if decision.salesperson else "",
        reason=decision.reason,
        pool=pool.name if pool else "",
        conditions=sentence(pool) if pool else "",
        language=inquiry.language,
        technical=inquiry.technical,
        cc=decision.cc.name if decision.cc else "",
        evidence=decision.evidence,
        classification=classification,
        main=ledgers.get(pool.pk) if pool else None,
        copies=ledgers.get(pool.cc_pool.pk) if pool and pool.cc_pool else None,
    )


def give(lead: Lead, to: Salesperson, decision: Decision, card: Card, pool: Pool | None, desk: Desk) -> Assignment:
    """Write all that a decision for a person means: assignment, turns, owner, alert, audit entry."""
    assignment = Assignment.objects.create(
        lead=lead,
        salesperson=to,
        cc=decision.cc,
        pool=pool,
        rule=decision.rule,
        reason=decision.reason,
        card=card.stored(),
        at=desk.now,
    )
    desk.commit(decision.turns, assignment)
    set_owner(lead, to.name, to.email)
    number = 0
    if decision.rule != Rule.IN_THREAD:
        notices.send([notices.assigned_alert(assignment, number)])
    record([notices.assigned_entry(assignment, number)])
    return assignment


def _hold(lead: Lead, pool: Pool | None, decision: Decision, now: datetime) -> Hold:
    """Let a lead wait, where everybody can see it."""
    why = "; ".join(f"{c.name} {c.why_not}" for turn in decision.turns.values() for c in turn.skipped)
    reason = f"{decision.reason} {why}".strip()[:500]
    hold = Hold.objects.create(lead=lead, pool=pool, since=now, reason=reason)
    notices.send([notices.held_alert(hold)])
    record([notices.held_entry(hold)])
    return hold
