"""Random stories of a sales team over the real services: whatever people do, the books are right.

After every step each lead has exactly one owner or a visible hold, every member's ledger lines add up to their
credit, and no turn was charged twice. ROTATION_STORIES sets how many stories are told.
"""

import os
from contextlib import suppress
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from crm.models import Lead
from routing.models import Assignment, Hold, Leave, LedgerLine, Membership, Pool, Salesperson
from routing.rotation import TURN
from routing.services import HandoverError, credit_back, give_turn, reassign, release_holds, skip_turn, tick
from tests.routing.making import check_books, give, lead, person, pool

NAMES = ("Ana", "Ben", "Cleo", "Dora", "Emil", "Fay", "Gus")
CUSTOMERS = ("", "", "", "karl@kunde.example", "kurt@kunde.example", "one@gmail.com", "two@gmail.com")
picks = st.integers(0, 10**6)


class SalesTeam(RuleBasedStateMachine):
    """People come, go, pause and are edited, leads come in, are handed over, turn out to be junk, or wait."""

    def __init__(self) -> None:
        super().__init__()
        self.savepoint = transaction.savepoint()
        self.written: list[tuple[int, int, int]] = []  # the ledger after the step before

    def teardown(self) -> None:
        transaction.savepoint_rollback(self.savepoint)

    @initialize(fallback=st.booleans(), catch_up=st.integers(0, 2))
    def found(self, fallback: bool, catch_up: int) -> None:
        field = pool("Field", person("Fritz"), person("Fiona"), kind="cc")
        petra = person("Petra") if fallback else None
        extra = {"cc_pool": field, "fallback": petra, "catch_up": catch_up, "response_minutes": 60}
        self.inside = pool("Inside", *(person(name) for name in NAMES[:4]), **extra)
        pool("German", person("Greta", "de"), Salesperson.objects.get(name="Ana"), kind="language", language="de")

    def member(self, pick: int) -> Membership:
        rows = list(Membership.objects.order_by("pk").select_related("salesperson", "pool"))
        return rows[pick % len(rows)]

    @rule(address=st.sampled_from(CUSTOMERS), german=st.booleans())
    def a_lead_comes_in(self, address: str, german: bool) -> None:
        give(lead(address, language="de" if german else "en"))

    @rule(pick=picks, weight=st.integers(1, 5), cap=st.none() | st.integers(0, 3))
    def a_member_is_edited(self, pick: int, weight: int, cap: int | None) -> None:
        row = self.member(pick)
        row.weight, row.cap_day = weight, cap
        row.save()

    @rule(pick=picks, hours=st.integers(-1, 48))
    def a_member_pauses(self, pick: int, hours: int) -> None:
        who = self.member(pick).salesperson
        who.paused_until = timezone.now() + timedelta(hours=hours)
        who.save()

    @rule(pick=picks)
    def a_member_goes_on_leave(self, pick: int) -> None:
        today = timezone.now().date()
        Leave.objects.create(salesperson=self.member(pick).salesperson, first_day=today, last_day=today)

    @rule(days=st.integers(1, 3))
    def days_pass(self, days: int) -> None:
        """The past moves back: who was away is, and is longer."""
        shift = timedelta(days=days)
        Leave.objects.all().delete()
        for row in Membership.objects.exclude(away_since=None):
            Membership.objects.filter(pk=row.pk).update(away_since=row.away_since - shift)
        for row in Assignment.objects.all():
            Assignment.objects.filter(pk=row.pk).update(at=row.at - shift, due_at=row.due_at and row.due_at - shift)

    @rule(name=st.sampled_from(NAMES))
    def somebody_joins(self, name: str) -> None:
        who = Salesperson.objects.filter(name=name).first() or person(name)
        Membership.objects.get_or_create(pool=self.inside, salesperson=who)

    @rule()
    def those_that_wait_are_released(self) -> None:
        release_holds()

    @rule()
    def the_clock_ticks(self) -> None:
        tick()

    @rule(pick=picks, to=picks)
    def a_lead_is_handed_over(self, pick: int, to: int) -> None:
        leads = list(Lead.objects.order_by("pk"))
        if leads:
            self.try_to(reassign, leads[pick % len(leads)], self.member(to).salesperson, "Mia", "knows them")

    @rule(pick=picks)
    def a_lead_is_junk(self, pick: int) -> None:
        rows = list(Assignment.objects.filter(active=True).order_by("pk"))
        if rows:
            self.try_to(credit_back, rows[pick % len(rows)], "Mia", "junk")

    @rule(pick=picks, more=st.booleans())
    def a_turn_is_given_or_passed_over(self, pick: int, more: bool) -> None:
        (give_turn if more else skip_turn)(self.member(pick), "Mia", "for a reason")

    @staticmethod
    def try_to(deed, *arguments) -> None:
        with suppress(HandoverError):  # it made no sense; nothing may have changed
            deed(*arguments)

    @invariant()
    def every_lead_has_one_owner_or_a_visible_hold(self) -> None:
        for row in Lead.objects.all():
            owners = Assignment.objects.filter(lead=row, active=True).count()
            assert owners + Hold.objects.filter(lead=row, resolved_at=None).count() == 1

    @invariant()
    def the_books_are_right(self) -> None:
        check_books()
        for kind in ("turn", "taken_over"):
            lines = LedgerLine.objects.filter(kind=kind).values_list("pool", "assignment")
            assert len(lines) == len(set(lines)), "a turn is charged once"

    @invariant()
    def nothing_resets_the_ledger(self) -> None:
        lines = list(LedgerLine.objects.order_by("pk").values_list("pk", "change", "credit"))
        assert lines[: len(self.written)] == self.written, "what is written stays, and more is added behind it"
        self.written = lines

    @invariant()
    def by_turn_nobody_is_further_from_what_is_owed_than_their_credit_says(self) -> None:
        """Over any window: the difference is that of the credits, which a turn changes by less than a turn."""
        for row in Membership.objects.exclude(credit=None):
            mine = LedgerLine.objects.filter(pool=row.pool, salesperson=row.salesperson)
            turns = mine.filter(kind__in=("earned", "turn"))
            owed = sum(line.earned for line in turns)
            by_hand = sum(line.change for line in mine.exclude(pk__in=turns))
            assert owed - TURN * turns.filter(kind="turn").count() == row.credit - by_hand

    @invariant()
    def nobody_is_twice_on_a_lead(self) -> None:
        assert not [row for row in Assignment.objects.filter(active=True) if row.cc_id == row.salesperson_id]

    @invariant()
    def turns_conserve_the_sum(self) -> None:
        for each in Pool.objects.all():
            lines = LedgerLine.objects.filter(pool=each, kind__in=("earned", "turn"))
            assert sum(line.change for line in lines) == 0
            assert sum(line.earned for line in lines) == TURN * lines.filter(kind="turn").count()


@pytest.mark.django_db
def test_whatever_people_do_the_books_are_right() -> None:
    stories = int(os.environ.get("ROTATION_STORIES", "8"))
    run_state_machine_as_test(
        SalesTeam,
        settings=settings(
            max_examples=stories,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
        ),
    )
