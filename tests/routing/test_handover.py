"""What people do to assignments, and what it does to the ledger."""

from collections import Counter

import pytest

from crm.models import AuditEntry, Lead
from routing.models import Assignment, LedgerLine, Pool, Rule, Salesperson, SlackAlert
from routing.rotation import TURN
from routing.services import HandoverError, colleagues, credit_back, give_turn, reassign, skip_turn
from tests.routing.making import check_books, give, lead, member, owners, person, pool

pytestmark = pytest.mark.django_db


@pytest.fixture
def inside() -> Pool:
    field = pool("Field", person("Fay"), person("Fritz"), kind="cc")
    return pool("Inside", person("Ana"), person("Ben"), person("Cleo"), cc_pool=field)


def who(name: str) -> Salesperson:
    return colleagues()[f"{name.lower()}@acme.example"]


def credit(pool: Pool, name: str) -> int:
    return member(pool, who(name)).credit or 0


def test_a_lead_that_is_handed_over_takes_its_turn_along(inside: Pool) -> None:
    given = give()
    before = {name: credit(inside, name) for name in ("Ana", "Ben", "Cleo")}
    new = reassign(given.lead, who("Cleo"), "Mia", "Cleo knows pumps")
    assert (new.rule, new.by, new.salesperson.name) == (Rule.MANUAL, "Mia", "Cleo")
    assert credit(inside, "Ana") == before["Ana"] + TURN
    assert credit(inside, "Cleo") == before["Cleo"] - TURN
    assert credit(inside, "Ben") == before["Ben"]
    assert owners(3) == ["Ben", "Ana", "Cleo"], "as if Cleo had had the turn"
    check_books()


def test_owner_log_and_both_people_follow(inside: Pool) -> None:
    given = give()
    new = reassign(given.lead, who("Cleo"), "Mia", "Cleo knows pumps")
    given.refresh_from_db()
    assert not given.active
    assert Lead.objects.get(pk=given.lead_id).owner_email == "cleo@acme.example"
    told = {alert.salesperson.name: alert.text for alert in SlackAlert.objects.filter(assignment=new)}
    assert set(told) == {"Ana", "Cleo"}
    assert "Now with Cleo. Given by Mia: Cleo knows pumps" in told["Ana"]
    entry = AuditEntry.objects.first()
    assert (entry.actor, entry.actor_kind) == ("Mia", "person")
    assert entry.reason.startswith("Cleo: Given by Mia: Cleo knows pumps. Rule: given by hand.")


def test_back_and_forth_leaves_the_ledger_as_it_was(inside: Pool) -> None:
    given = give()
    before = {name: credit(inside, name) for name in ("Ana", "Ben", "Cleo")}
    for name in ("Cleo", "Ben", "Ana"):
        reassign(given.lead, who(name), "Mia", "tries")
    assert {name: credit(inside, name) for name in before} == before
    assert Assignment.objects.filter(lead=given.lead, active=True).get().salesperson.name == "Ana"
    assert Assignment.objects.filter(lead=given.lead).count() == 4
    check_books()


def test_a_lead_that_cost_no_turn_moves_none(inside: Pool) -> None:
    give(lead("karl@kunde.example"))
    known = give(lead("karl@kunde.example"))
    lines = LedgerLine.objects.count()
    reassign(known.lead, who("Cleo"), "Mia", "holiday")
    assert LedgerLine.objects.count() == lines


def test_somebody_outside_the_pool_is_charged_nothing(inside: Pool) -> None:
    given = give()
    reassign(given.lead, person("Petra"), "Mia", "key account")
    assert credit(inside, "Ana") > 0
    check_books()


def test_who_was_ccd_and_takes_over_is_not_twice_on_the_lead(inside: Pool) -> None:
    given = give()
    assert given.cc.name == "Fay"
    new = reassign(given.lead, who("Fay"), "Mia", "visits them tomorrow")
    assert (new.salesperson.name, new.cc.name) == ("Fay", "Fritz")
    assert credit(inside.cc_pool, "Fay") > 0, "her turn as CC is given back"
    check_books()


@pytest.mark.parametrize(
    ("name", "why", "told"), [("Ana", "because", "Ana has this lead already"), ("Ben", " ", "Say why")]
)
def test_a_handover_that_makes_no_sense_is_refused(inside: Pool, name: str, why: str, told: str) -> None:
    given = give()
    with pytest.raises(HandoverError, match=told):
        reassign(given.lead, who(name), "Mia", why)


def test_nobody_who_has_left_is_given_a_lead(inside: Pool) -> None:
    given, ben = give(), who("Ben")
    ben.active = False
    with pytest.raises(HandoverError, match="Ben has left"):
        reassign(given.lead, ben, "Mia", "why not")


def test_a_held_lead_can_be_given_by_hand() -> None:
    held = give()
    new = reassign(held.lead, person("Petra"), "Mia", "nobody else")
    held.refresh_from_db()
    assert held.resolved_at
    assert new.active


def test_a_junk_lead_is_credited_back_once(inside: Pool) -> None:
    given = give()
    credit_back(given, "Mia", "a student's homework")
    given.lead.refresh_from_db()
    assert given.lead.stage == Lead.Stage.JUNK
    assert Counter(owners(6)) == {"Ana": 2, "Ben": 2, "Cleo": 2}
    with pytest.raises(HandoverError, match="credited back before"):
        credit_back(given, "Mia", "again")
    check_books()


def test_a_turn_can_be_passed_over_and_given(inside: Pool) -> None:
    skip_turn(member(inside, who("Ana")), "Mia", "is in training")
    assert owners(2) == ["Ben", "Cleo"]
    give_turn(member(inside, who("Ana")), "Mia", "had a hard week")
    check_books()
    assert AuditEntry.objects.filter(action="turn adjusted", actor="Mia").count() == 2


def test_a_turn_that_was_passed_over_is_one_lead_less(inside: Pool) -> None:
    skip_turn(member(inside, who("Ana")), "Mia", "is in training")
    assert Counter(owners(11)) == {"Ana": 3, "Ben": 4, "Cleo": 4}
