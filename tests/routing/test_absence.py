"""Newcomers, leave and return: neither a flood nor a drought, and no owing unless the pool wants it."""

from collections import Counter
from datetime import timedelta

import pytest
from django.utils import timezone

from routing.models import LedgerLine, Membership, Pool
from routing.services import colleagues
from tests.routing.making import check_books, give, lead, member, owners, person, pool

pytestmark = pytest.mark.django_db


@pytest.fixture
def inside() -> Pool:
    return pool("Inside", *(person(name) for name in ("Ana", "Ben", "Cleo", "Dora", "Emil")))


def who(name: str):
    return colleagues()[f"{name.lower()}@acme.example"]


def go_away(name: str, pool: Pool, leads: int, days: float = 5) -> None:
    """Let a person be away while so many leads come in, and come back after so many days."""
    absent = who(name)
    absent.paused_until = timezone.now() + timedelta(days=days)
    absent.save()
    owners(leads)
    absent.paused_until = None
    absent.save()
    row = Membership.objects.filter(pool=pool, salesperson=absent)
    row.update(away_since=timezone.now() - timedelta(days=days))


def test_a_newcomer_gets_a_fair_share_from_the_first_day(inside: Pool) -> None:
    owners(33)
    Membership.objects.create(pool=inside, salesperson=person("Nina"))
    assert Counter(owners(36))["Nina"] == 6
    check_books()


def test_a_returner_gets_a_fair_eight_of_the_first_forty(inside: Pool) -> None:
    owners(7)
    go_away("Ana", inside, leads=41)
    assert Counter(owners(40))["Ana"] == 8
    assert LedgerLine.objects.filter(salesperson=who("Ana"), kind="returned").count() == 1
    check_books()


def test_a_short_pause_changes_no_credit_so_that_pausing_does_not_pay(inside: Pool) -> None:
    owners(1)
    credit = member(inside, who("Ana")).credit
    go_away("Ana", inside, leads=2, days=0.5)
    assert member(inside, who("Ana")).credit == credit
    assert not LedgerLine.objects.filter(kind="returned").exists()


def test_only_turns_that_somebody_could_stand_in_are_owed(inside: Pool) -> None:
    go_away("Ana", inside, leads=8)
    earned = LedgerLine.objects.filter(salesperson=who("Ana"), pool=inside)
    assert not earned.exists()


def test_where_the_pool_wants_it_a_returner_catches_up_by_so_many_leads_a_day(inside: Pool) -> None:
    inside.catch_up = 2
    inside.save()
    owners(5)
    go_away("Ana", inside, leads=40)
    got = Counter(owners(40))["Ana"]
    assert got in (9, 10), "a fair eight, and the two of the day, which raise everybody's average a little"
    row = member(inside, who("Ana"))
    assert row.arrears > 0
    lines = LedgerLine.objects.filter(kind="catch_up")
    assert lines.count() == 2
    check_books()


def test_a_person_in_two_pools_has_a_credit_in_each_and_one_cap_over_both(inside: Pool) -> None:
    german = pool("German", who("Ana"), person("Greta"), kind="language", language="de")
    assert [give(lead(language="de")).salesperson.name for _ in range(2)] == ["Ana", "Greta"]
    assert owners(1) == ["Ana"], "the other pool's turn costs nothing here"
    for row in who("Ana").memberships.all():
        row.cap_day = 2
        row.save()
    assert owners(1) == ["Ben"]
    assert give(lead(language="de")).salesperson.name == "Greta"
    assert german.memberships.count() == 2


def test_a_pool_of_one_gives_everything_to_that_one() -> None:
    pool("Inside", person("Ana"))
    assert owners(3) == ["Ana"] * 3
    check_books()


def test_caps_on_the_week_and_on_open_leads_hold(inside: Pool) -> None:
    for name, cap in (("Ana", {"cap_week": 1}), ("Ben", {"cap_open": 1})):
        Membership.objects.filter(pool=inside, salesperson=who(name)).update(**cap)
    got = Counter(owners(11))
    assert (got["Ana"], got["Ben"]) == (1, 1)
    assert set(got) == {"Ana", "Ben", "Cleo", "Dora", "Emil"}
