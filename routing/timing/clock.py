"""The response clock: no answer in business hours -> remind, pass on, twice at most, then the managers."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from crm.models import Lead
from crm.services import record
from routing import notices
from routing.assigning import give
from routing.models import SYSTEM, Assignment, Rule
from routing.rules.decisions import Decision, asked_for, card_of, pools_of, rotate
from routing.rules.matching import Inquiry
from routing.timing.deadlines import grace_until
from routing.turns import Desk, lock

MAX_HOPS = 2


@dataclass(frozen=True)
class Ticked:
    """What the clock did. A lead that was passed on needs a new draft."""

    reminded: tuple[Assignment, ...] = ()
    passed_on: tuple[Assignment, ...] = ()
    escalated: tuple[Assignment, ...] = ()


def stop_clock(lead: Lead, at: datetime, how: str) -> bool:
    """Note that one of us answered: a reply in the thread or in Sent. False if the clock did not run."""
    with transaction.atomic():
        running = Assignment.objects.filter(lead=lead, active=True, answered_at=None)
        stopped = running.update(answered_at=at, due_at=None) > 0
        if stopped:
            number = Assignment.objects.filter(lead=lead).count() - 1
            record([notices.deed_entry("answered", lead, "answered", SYSTEM, how, number)])
    return stopped


def tick(then: Callable[[Assignment], object] | None = None) -> Ticked:
    """Act on every assignment whose answer is overdue; each in its own transaction.

    `then` is what else follows from passing a lead on; it is called in the same transaction.
    """
    done: dict[str, list[Assignment]] = {"reminded": [], "passed_on": [], "escalated": []}
    for overdue in list(_overdue()):
        with transaction.atomic():
            lock(overdue.lead)
            if row := _overdue().filter(pk=overdue.pk).first():  # an answer may have come in between
                deed, assignment = _act_on(row)
                done[deed].append(assignment)
                if then and deed == "passed_on":
                    then(assignment)
    return Ticked(**{deed: tuple(rows) for deed, rows in done.items()})


def _overdue() -> QuerySet[Assignment]:
    rows = Assignment.objects.filter(
        active=True, answered_at=None, due_at__lte=timezone.now(), lead__stage=Lead.Stage.OPEN
    )
    return rows.select_related("lead__contact", "salesperson", "pool__cc_pool", "pool__fallback").order_by(
        "due_at", "pk"
    )


def _act_on(row: Assignment) -> tuple[str, Assignment]:
    """The next step for an overdue assignment: its name in Ticked, and the assignment that it led to."""
    number = Assignment.objects.filter(lead=row.lead).count() - 1
    if row.reminded_at is None:
        return "reminded", _remind(row, number)
    if row.hops < MAX_HOPS and (passed := _pass_on(row, number)):
        return "passed_on", passed
    return "escalated", _escalate(row, number)


def _remind(row: Assignment, number: int) -> Assignment:
    row.reminded_at = timezone.now()
    row.due_at = grace_until(row.pool, row.reminded_at) if row.pool else None
    row.save(update_fields=["reminded_at", "due_at"])
    notices.send([notices.reminder(row, number)])
    what = f"{row.salesperson.name} is reminded"
    record([notices.deed_entry("reminded", row.lead, what, SYSTEM, "No answer in time.", number)])
    return row


def _pass_on(row: Assignment, number: int) -> Assignment | None:
    """Give the lead to the next in the pool who has not had it; None if there is nobody.

    The turn stays paid: there was a chance. Whoever takes over pays one too.
    """
    pool, inquiry = row.pool, Inquiry.of(row.lead)
    desk = Desk.open(pools_of(pool), asked_for(pool, inquiry))
    had = Assignment.objects.filter(lead=row.lead).values_list("salesperson_id", flat=True)
    turn_only = rotate(pool, desk, barred=dict.fromkeys(had, "did not answer in time"))
    if turn_only.rule != Rule.ROTATION or not turn_only.salesperson:
        return None
    to = turn_only.salesperson
    reason = f"{row.salesperson.name} did not answer in time; {to.name} is next in {pool}."
    turns = {p: turn for p, turn in turn_only.turns.items() if p == pool}
    cc = row.cc if row.cc_id != to.pk else None
    decision = Decision(Rule.OVERDUE, to, reason, cc, turns)
    Assignment.objects.filter(pk=row.pk).update(active=False)
    card = card_of(decision, pool, desk.versions, inquiry)
    new = give(row.lead, pool, decision, card, desk, number=number + 1, hops=row.hops + 1)
    notices.send([notices.taken_alert(row, new, number + 1), notices.rewritten(row, notices.given_to(new))])
    return new


def _escalate(row: Assignment, number: int) -> Assignment:
    row.escalated_at, row.due_at = timezone.now(), None
    row.save(update_fields=["escalated_at", "due_at"])
    notices.send([notices.escalation(row, number)])
    why = f"Passed on {row.hops} times, nobody answers."
    record([notices.deed_entry("escalated", row.lead, "the managers are told", SYSTEM, why, number)])
    return row
