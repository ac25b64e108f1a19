"""A decision can be taken back for some seconds; then it takes effect, once, whoever is still alive."""

import os
import signal
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connections
from django.utils import timezone

from crm.models import AuditEntry, Contact, Lead
from inbox_router.delivery import Delivery
from routing.models import Assignment, LedgerLine, Membership
from tests import office
from triage.models import Category, Classification, Decision, Draft, MailboxDelivery, Message
from triage.services import (
    Conflict,
    carry_out_due,
    decide,
    edit_draft,
    hold_approval,
    hold_decision,
    undo,
)

pytestmark = pytest.mark.django_db
Answer, State = Decision.Answer, Decision.State
TABLES = (AuditEntry, Contact, Lead, Assignment, LedgerLine, Classification, Draft, MailboxDelivery)


@pytest.fixture
def mia() -> User:
    return office.user("mia", "Reviewer")


def world() -> list[object]:
    """Everything that a decision changes."""
    credits = list(Membership.objects.order_by("pk").values_list("credit", "last_turn_at"))
    return [*(model._default_manager.count() for model in TABLES), credits, list(Message.objects.values_list("status"))]


class TestAReview:
    def test_nothing_happens_before_its_time(self, mia):
        office.team()
        row = office.message()
        before = world()
        hold_decision(row, Answer.LEAD, mia)
        assert carry_out_due() == 0
        assert world() == before

    def test_it_takes_effect_once(self, mia):
        office.team()
        row = office.message()
        hold_decision(row, Answer.LEAD, mia, why="wants pumps")
        assert [office.time_passes(), office.time_passes()] == [1, 0]
        assert Lead.objects.get().owner_name == "Ana"
        assert row.classifications.get(judge="person").reason == "wants pumps"
        assert Decision.objects.get().state == State.DONE

    def test_an_undone_one_costs_nobody_a_turn(self, mia):
        office.team()
        row = office.message()
        before = world()
        held = hold_decision(row, Answer.LEAD, mia)
        undo(held.request, mia)
        assert office.time_passes() == 0
        assert world() == before
        hold_decision(row, Answer.SPAM, mia)
        office.time_passes()
        assert Message.objects.get().category == Category.SPAM

    def test_two_undo_presses_undo_once(self, mia):
        held = hold_decision(office.message(), Answer.SPAM, mia)
        undo(held.request, mia)
        with pytest.raises(Conflict, match="nothing to undo: it was taken back before"):
            undo(held.request, mia)

    def test_an_undo_that_comes_too_late_says_so_and_changes_nothing(self, mia):
        office.team()
        held = hold_decision(office.message(), Answer.LEAD, mia)
        office.time_passes()
        with pytest.raises(Conflict, match=r"Too late to undo.*change it on the page"):
            undo(held.request, mia)
        assert Assignment.objects.filter(active=True).count() == 1

    def test_what_was_due_can_be_taken_back_as_long_as_nothing_has_happened(self, mia):
        held = hold_decision(office.message(), Answer.SPAM, mia)
        Decision.objects.update(due_at=timezone.now() - timedelta(minutes=5))  # no worker was there
        assert undo(held.request, mia)

    def test_nobody_undoes_what_a_colleague_decided(self, mia):
        held = hold_decision(office.message(), Answer.SPAM, mia)
        with pytest.raises(Conflict):
            undo(held.request, office.boss())
        assert office.time_passes() == 1

    def test_two_people_cannot_decide_the_same_one(self, mia):
        row = office.message()
        hold_decision(row, Answer.SPAM, mia)
        with pytest.raises(Conflict, match="A colleague has just decided this one"):
            hold_decision(row, Answer.LEAD, office.boss())
        office.time_passes()
        assert Message.objects.get().category == Category.SPAM

    def test_one_that_was_decided_elsewhere_meanwhile_is_refused_and_says_why(self, mia):
        row = office.message()
        hold_decision(row, Answer.SPAM, mia)
        decide(Message.objects.get(), Category.ACCOUNTING, office.boss())
        office.time_passes()
        assert Message.objects.get().category == Category.ACCOUNTING
        refused = Decision.objects.get()
        assert (refused.state, "decided meanwhile" in refused.refusal) == (State.REFUSED, True)

    def test_one_that_fails_goes_back_to_the_queue_and_costs_the_others_nothing(self, mia, caplog):
        bad, good = office.message(), office.message()
        hold_decision(bad, Answer.SPAM, mia), hold_decision(good, Answer.SPAM, mia)
        Decision.objects.filter(message=bad).update(answer="approve")
        office.time_passes()
        assert Message.objects.get(pk=bad.pk).status == Message.Status.REVIEW
        assert Message.objects.get(pk=good.pk).category == Category.SPAM
        assert "ValueError" in Decision.objects.get(message=bad).refusal


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("point", range(2))
def test_a_process_that_is_killed_on_the_way_decides_nothing_twice_and_loses_nothing(point, mia):
    """Killed before, and within, the transaction that carries a decision out."""
    office.team()
    hold_decision(office.message(), Answer.LEAD, mia)
    connections.close_all()
    if not (child := os.fork()):
        if point:
            AuditEntry.save = AuditEntry.objects.bulk_create = die  # type: ignore[method-assign]
            Draft.save = die  # type: ignore[method-assign, assignment]
        else:
            Decision.settle = die  # type: ignore[method-assign, assignment]
        office.time_passes()
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status)
    assert Decision.objects.get().state == State.HELD
    assert Assignment.objects.count() == 0
    assert [office.time_passes(), office.time_passes()] == [1, 0]
    assert (Assignment.objects.count(), Draft.objects.count()) == (1, 1)


def die(*args: object, **kwargs: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class TestAnApproval:
    def test_nothing_is_owed_before_its_time(self, mia):
        draft = office.waiting_draft()
        before = world()
        held = hold_approval(draft, Answer.APPROVE, mia)
        assert carry_out_due() == 0
        assert world() == before
        undo(held.request, mia)
        assert office.time_passes() == 0
        assert Draft.objects.get().state == Draft.State.WAITING

    def test_it_is_sent_once_after_it(self, mia):
        draft = office.waiting_draft()
        hold_approval(draft, Answer.APPROVE, mia)
        assert [office.time_passes(), office.time_passes()] == [1, 0]
        send = MailboxDelivery.objects.get(deed=MailboxDelivery.Deed.SEND)
        assert (send.state, Draft.objects.get().decided_by) == (Delivery.State.OWED, mia)

    def test_an_approved_one_that_was_undone_can_be_approved_again(self, mia):
        draft = office.waiting_draft()
        undo(hold_approval(draft, Answer.APPROVE, mia).request, mia)
        hold_approval(draft, Answer.APPROVE, mia)
        office.time_passes()
        assert Draft.objects.get().state == Draft.State.APPROVED

    def test_it_is_not_sent_when_the_customer_writes_again(self, mia):
        draft = office.waiting_draft()
        hold_approval(draft, Answer.APPROVE, mia)
        office.message("More of it", status="fetched", thread_id=draft.message.thread_id)
        office.time_passes()
        assert Draft.objects.get().state == Draft.State.WAITING
        assert Decision.objects.get().refusal == "Berta Buyer wrote again: nothing was sent."

    def test_a_text_that_was_changed_meanwhile_is_not_sent(self, mia):
        draft = office.waiting_draft()
        hold_approval(draft, Answer.APPROVE, mia)
        edit_draft(Draft.objects.get(), subject="Re", body="Another text", version=1)
        office.time_passes()
        assert Draft.objects.get().state == Draft.State.WAITING
        assert Decision.objects.get().state == State.REFUSED

    def test_an_out_of_office_reply_does_not_stop_it(self, mia):
        draft = office.waiting_draft()
        hold_approval(draft, Answer.APPROVE, mia)
        office.message("Away", status="fetched", thread_id=draft.message.thread_id, automatic="out-of-office")
        office.time_passes()
        assert Draft.objects.get().state == Draft.State.APPROVED
