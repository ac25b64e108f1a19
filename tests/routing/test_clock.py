"""The response clock: remind, pass on, twice at most, then the managers."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from routing.models import Assignment, Pool, Rule, SlackAlert
from routing.services import Participant, colleagues, reassign, stop_clock, tick
from routing.timing.deadlines import due_at
from tests.routing.making import check_books, give, person, pool

pytestmark = pytest.mark.django_db


@pytest.fixture
def inside(settings) -> Pool:
    settings.SLACK_MANAGER_CHANNEL = "#sales-managers"
    people = [person(name) for name in ("Ana", "Ben", "Cleo", "Dora")]
    return pool("Inside", *people, response_minutes=60)


def let_time_pass() -> None:
    Assignment.objects.filter(active=True).exclude(due_at=None).update(due_at=timezone.now() - timedelta(seconds=1))


def test_without_an_answer_it_is_reminded_passed_on_twice_and_then_the_managers_are_told(inside: Pool) -> None:
    given = give()
    assert tick().reminded == ()
    story = []
    for _ in range(8):
        let_time_pass()
        ticked = tick()
        story += [f"remind {row.salesperson}" for row in ticked.reminded]
        story += [f"pass on to {row.salesperson}" for row in ticked.passed_on]
        story += [f"tell the managers of {row.salesperson}" for row in ticked.escalated]
    assert story == [
        "remind Ana",
        "pass on to Ben",
        "remind Ben",
        "pass on to Cleo",
        "remind Cleo",
        "tell the managers of Cleo",
    ]
    assert Assignment.objects.filter(lead=given.lead, active=True).get().rule == Rule.OVERDUE
    assert SlackAlert.objects.filter(channel="#sales-managers").count() == 1
    check_books()


def test_an_answer_stops_the_clock(inside: Pool) -> None:
    given = give()
    assert stop_clock(given.lead, timezone.now(), "Ana replied from Sent")
    assert not stop_clock(given.lead, timezone.now(), "again")
    let_time_pass()
    assert tick().reminded == ()


def test_a_lead_that_was_answered_hurries_nobody_after_a_handover(inside: Pool) -> None:
    given = give()
    stop_clock(given.lead, timezone.now(), "Ana replied from Sent")
    new = reassign(given.lead, colleagues()["ben@acme.example"], "Mia", "Ana is ill")
    assert new.answered_at
    let_time_pass()
    assert tick().reminded == ()


def test_with_nobody_else_in_the_pool_the_managers_are_told(settings) -> None:
    settings.SLACK_MANAGER_CHANNEL = "#sales-managers"
    pool("Inside", person("Ana"), response_minutes=60)
    give()
    for _ in range(2):
        let_time_pass()
        ticked = tick()
    assert [row.salesperson.name for row in ticked.escalated] == ["Ana"]


def test_a_conversation_has_no_clock(inside: Pool) -> None:
    given = give(participants=[Participant("ana@acme.example", "Ana wrote on 12 Nov")])
    assert given.due_at is None


def test_only_business_minutes_count() -> None:
    """A lead on Friday at 16:30, with two hours to answer, is due on Monday: the weekend and Friday's rest pass."""
    watched = Pool(response_minutes=120, hours="Mon-Fri 09:00-17:00", timezone="Europe/Prague")
    friday = datetime(2026, 11, 20, 15, 30, tzinfo=UTC)
    assert due_at(watched, friday) == datetime(2026, 11, 23, 9, 30, tzinfo=UTC)


def test_a_pool_without_a_response_time_is_not_watched() -> None:
    assert due_at(Pool(response_minutes=0), timezone.now()) is None
