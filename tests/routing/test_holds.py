"""Leads that wait: in order of arrival, seen by everybody, and before new ones."""

from datetime import timedelta

import pytest
from django.utils import timezone

from crm.models import AuditEntry
from routing.models import Assignment, Hold, Leave, Pool, Rule, SlackAlert
from routing.services import Participant, colleagues, let_rotate, release_holds
from tests.routing.making import give, lead, member, owners, person, pool

pytestmark = pytest.mark.django_db


@pytest.fixture
def inside() -> Pool:
    return pool("Inside", person("Ana"), person("Ben"))


def pause(*names: str, minutes: int = 60) -> None:
    for name in names:
        who = colleagues()[f"{name.lower()}@acme.example"]
        who.paused_until = timezone.now() + timedelta(minutes=minutes)
        who.save()


def test_held_leads_go_out_in_order_of_arrival_and_before_new_ones(inside: Pool, settings) -> None:
    settings.SLACK_MANAGER_CHANNEL = "#sales-managers"
    pause("Ana", "Ben")
    first, second = give(), give()
    assert "1 held before it in Inside" in second.reason
    assert SlackAlert.objects.count() == 1, "the managers are not told of each one behind"
    pause("Ana", "Ben", minutes=-1)
    third = give()
    assert isinstance(third, Hold), "a new one stands behind those that wait"
    given = release_holds()
    assert [row.lead_id for row in given] == [first.lead_id, second.lead_id, third.lead_id]
    assert [row.salesperson.name for row in given] == ["Ana", "Ben", "Ana"]
    assert not Hold.objects.filter(resolved_at=None).exists()
    assert owners(1) == ["Ben"]


def test_while_nobody_is_there_nothing_is_released(inside: Pool) -> None:
    pause("Ana", "Ben")
    give()
    assert release_holds() == []
    assert Hold.objects.get().resolved_at is None


def test_the_fallback_person_gets_it_after_the_minutes_of_the_pool(inside: Pool) -> None:
    inside.fallback, inside.fallback_after = person("Petra"), 30
    inside.save()
    pause("Ana", "Ben")
    held = give()
    assert isinstance(held, Hold)
    assert release_holds() == []
    Hold.objects.update(since=timezone.now() - timedelta(minutes=31))
    given = release_holds()
    assert [(row.rule, row.salesperson.name) for row in given] == [(Rule.FALLBACK, "Petra")]


def test_a_pool_that_waits_does_not_stop_another(inside: Pool) -> None:
    german = pool("German", person("Greta"), kind="language", language="de")
    pause("Ana", "Ben", "Greta")
    give()
    give(lead(language="de"))
    pause("Greta", minutes=-1)
    assert [row.pool for row in release_holds()] == [german]


def test_a_lead_that_waits_for_its_owner_goes_to_them_when_they_are_back(inside: Pool) -> None:
    inside.owner_away = Pool.OwnerAway.HOLD
    inside.save()
    give(lead("karl@kunde.example"))
    today = timezone.now().date()
    leave = Leave.objects.create(
        salesperson=colleagues()["ana@acme.example"], first_day=today, last_day=today + timedelta(days=1)
    )
    give(lead("karl@kunde.example"))
    assert release_holds() == []
    leave.delete()
    assert [(row.rule, row.salesperson.name) for row in release_holds()] == [(Rule.EXISTING_OWNER, "Ana")]


def test_what_a_person_must_decide_is_never_released_by_itself(inside: Pool) -> None:
    give(participants=[Participant("ben@acme.example", "Ben was only CC'd", weak=True)])
    assert release_holds() == []


def test_a_person_can_let_it_rotate_after_all(inside: Pool) -> None:
    held = give(participants=[Participant("ben@acme.example", "Ben was only CC'd", weak=True)])
    given = let_rotate(held, "Mia", "Ben knows nothing of it")
    assert (given.rule, given.salesperson.name) == (Rule.ROTATION, "Ana")
    assert AuditEntry.objects.filter(action="rotated", actor="Mia", reason="Ben knows nothing of it").exists()


def test_what_is_let_rotate_while_nobody_is_there_waits_in_line(inside: Pool) -> None:
    pause("Ana", "Ben")
    held = give(participants=[Participant("ben@acme.example", "Ben was only CC'd", weak=True)])
    assert let_rotate(held, "Mia", "nobody knows it") is None
    pause("Ana", "Ben", minutes=-1)
    assert [row.salesperson.name for row in release_holds()] == ["Ana"]


def test_everybody_at_the_cap_means_waiting_and_tomorrow_it_goes_on(inside: Pool) -> None:
    for who in colleagues().values():
        row = member(inside, who)
        row.cap_day = 1
        row.save()
    assert owners(2) == ["Ana", "Ben"]
    held = give()
    assert isinstance(held, Hold)
    assert "Ana has 1 leads today, the cap is 1" in held.reason
    Assignment.objects.update(at=timezone.now() - timedelta(days=1))
    assert [row.salesperson.name for row in release_holds()] == ["Ben"], "who alone stood in the second turn"
