"""Who gets a lead: the rules in their order. Everything is read, nothing is written."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from django.conf import settings

from crm.models import Lead
from inbox_router.shown import recorded
from routing.card import Card, Ledger
from routing.models import Pool, Rule, Salesperson
from routing.rotation import Turn
from routing.rules.conversation import Participant, strongest
from routing.rules.matching import Inquiry, described
from routing.rules.ownership import Known, away, known_owner
from routing.turns import Desk


@dataclass(frozen=True)
class Decision:
    """Who gets a lead, by which rule, and the turns that it takes.

    Without a `salesperson` it waits: for `waits_for`, for a person's decision, or for anybody to be there.
    """

    rule: Rule
    salesperson: Salesperson | None
    reason: str
    cc: Salesperson | None = None
    turns: Mapping[Pool, Turn] = field(default_factory=dict)
    evidence: tuple[str, ...] = ()
    waits_for: Salesperson | None = None
    for_person: bool = False


def pools_of(pool: Pool | None) -> list[Pool]:
    """The pool and the one whose next person is CC'd, if there are such."""
    return [each for each in (pool, pool and pool.cc_pool) if each]


def asked_for(pool: Pool | None, inquiry: Inquiry) -> str:
    """The language whose speakers go first: any but the company's, where the pool has none of its own."""
    return "" if pool is None or pool.language or inquiry.language == settings.COMPANY_LANGUAGE else inquiry.language


def decide(
    lead: Lead,
    pool: Pool | None,
    desk: Desk,
    participants: Sequence[Participant] = (),
    *,
    fallback_due: bool = False,
) -> Decision:
    """The first rule that applies: in the conversation, a known customer, the rotation, the fallback, a hold.

    `fallback_due`: it has waited long enough for a member.
    """
    if participants:
        return in_conversation(participants)
    known = known_owner(lead, desk.now)
    if known and (decision := by_owner(known, pool, desk)):
        return decision
    evidence = (f"{known.evidence} and {known.away}",) if known else ()
    return rotate(pool, desk, evidence=evidence, fallback_due=fallback_due)


def in_conversation(participants: Sequence[Participant]) -> Decision:
    """Whoever of us is in the thread by good evidence; if it is only weak, a person decides."""
    evidence = tuple(participant.evidence for participant in participants)
    found = strongest(participants)
    person = Salesperson.objects.filter(email=found.email.lower(), active=True).first() if found else None
    if person:
        return Decision(Rule.IN_THREAD, person, f"In conversation with {person.name}.", evidence=evidence)
    reason = f"Somebody has to say whose it is: {'; '.join(evidence)}."
    return Decision(Rule.IN_THREAD, None, reason, evidence=evidence, for_person=True)


def by_owner(known: Known, pool: Pool | None, desk: Desk) -> Decision | None:
    """The customer's owner; who is away is waited for or covered, as the pool says. None: let it rotate."""
    owner, cover = known.owner, known.owner.cover
    if not known.away:
        return Decision(
            Rule.EXISTING_OWNER, owner, f"{known.evidence}.", cc=_still_copied(known, owner), evidence=(known.evidence,)
        )
    evidence = (f"{known.evidence} and {known.away}",)
    if pool and pool.owner_away == Pool.OwnerAway.HOLD and owner.active:
        reason = f"Waits for {owner.name}, who {known.away}."
        return Decision(Rule.EXISTING_OWNER, None, reason, evidence=evidence, waits_for=owner)
    if cover and not away(cover, desk.now):
        reason = f"Covers for {owner.name}, who {known.away}."
        return Decision(Rule.EXISTING_OWNER, cover, reason, cc=_still_copied(known, cover), evidence=evidence)
    return None


def _still_copied(known: Known, to: Salesperson) -> Salesperson | None:
    """Whoever was CC'd with the customer's last lead."""
    cc = known.assignment.cc
    return cc if cc and cc.active and cc != to else None


def rotate(
    pool: Pool | None,
    desk: Desk,
    *,
    barred: Mapping[int, str] | None = None,
    evidence: tuple[str, ...] = (),
    fallback_due: bool = False,
) -> Decision:
    """The next person of the pool, with the next of its CC pool; else the fallback person; else nobody.

    `barred` says who cannot get this lead, and why.
    """
    if pool is None:
        return Decision(Rule.ROTATION, None, "No pool takes this lead: add a default pool.", evidence=evidence)
    turn = desk.turn(pool, barred)
    if winner := desk.person(pool, turn):
        rule, person, reason = Rule.ROTATION, winner, f"Next in {pool.name}."
    elif (last := pool.fallback) and last.active and (fallback_due or not pool.fallback_after):
        rule, person, reason = Rule.FALLBACK, last, f"Nobody in {pool.name} is there: fallback person."
    else:
        return Decision(Rule.ROTATION, None, f"Nobody in {pool.name} is there.", turns={pool: turn}, evidence=evidence)
    turns = {pool: turn} | copy_turn(pool, desk, {person.pk: "has the lead"})
    cc = desk.person(pool.cc_pool, turns[pool.cc_pool]) if pool.cc_pool in turns else None
    return Decision(rule, person, reason, cc, turns, evidence)


def copy_turn(pool: Pool, desk: Desk, barred: Mapping[int, str]) -> dict[Pool, Turn]:
    """The turn of the pool whose next person is CC'd, if there is one."""
    if pool.cc_pool is None or not pool.cc_pool.active:
        return {}
    return {pool.cc_pool: desk.turn(pool.cc_pool, barred)}


def card_of(
    decision: Decision, pool: Pool | None, versions: Mapping[int, int], inquiry: Inquiry, classification: str = ""
) -> Card:
    """The decision card."""
    ledgers = {p.pk: Ledger.of(p.name, versions[p.pk], turn) for p, turn in decision.turns.items()}
    return Card(
        rule=decision.rule,
        chosen=decision.salesperson.name if decision.salesperson else "",
        reason=decision.reason,
        pool=pool.name if pool else "",
        conditions=recorded(described(pool)) if pool else "",
        language=inquiry.language,
        technical=inquiry.technical,
        cc=decision.cc.name if decision.cc else "",
        evidence=decision.evidence,
        classification=classification,
        main=ledgers.get(pool.pk) if pool else None,
        copies=ledgers.get(pool.cc_pool.pk) if pool and pool.cc_pool else None,
    )


def skipped(decision: Decision) -> Collection[str]:
    """Why each one who could not be chosen was not."""
    return [f"{c.name} {c.why_not}" for turn in decision.turns.values() for c in turn.skipped]
