"""What a change of the team touches, and what is kept of it."""

import pytest
from django.core.exceptions import ValidationError

from routing.models import Assignment, Hold, Membership, Pool, SlackAlert
from routing.people.governance import check_staffed, deactivate, hand_over_leads, touched_by
from routing.services import HandoverError, colleagues
from tests.routing.making import check_books, give, member, owners, person, pool

pytestmark = pytest.mark.django_db


@pytest.fixture
def inside() -> Pool:
    return pool("Inside", person("Ana"), person("Ben"), person("Cleo"))


def who(name: str):
    return colleagues()[f"{name.lower()}@acme.example"]


def test_what_leaving_touches_is_listed(inside: Pool) -> None:
    german = pool("German", who("Ana"), kind="language", language="de")
    owners(4)
    touched = touched_by(who("Ana"))
    assert touched.pools == (german, inside)
    assert touched.emptied == (german,)
    assert touched.open_leads == 2
    assert str(touched) == "German, Inside; 2 open leads"


def test_nobody_leaves_a_pool_with_nobody(inside: Pool) -> None:
    pool("German", who("Ana"), kind="language", language="de")
    with pytest.raises(HandoverError, match="German would be left with nobody"):
        deactivate(who("Ana"), "Mia", "has left")
    assert who("Ana").active


def test_a_form_refuses_to_take_the_last_one_or_their_fallback_away(inside: Pool) -> None:
    pool("German", person("Greta", "de"), kind="language", language="de")
    pool("Polish", kind="language", language="pl", fallback=who("Greta"))
    greta = who("Greta")
    greta.active = False
    with pytest.raises(ValidationError, match="German, Polish would be left with nobody"):
        greta.full_clean()
    ana = who("Ana")
    ana.active = False
    ana.full_clean()


def test_the_open_leads_of_who_leaves_go_to_the_next_ones(inside: Pool) -> None:
    owners(6)
    new = deactivate(who("Ana"), "Mia", "has left")
    assert sorted(row.salesperson.name for row in new) == ["Ben", "Cleo"]
    assert not Assignment.objects.filter(active=True, salesperson=who("Ana")).exists()
    assert not who("Ana").active
    check_books()


def test_open_leads_can_go_to_one_person(inside: Pool) -> None:
    owners(6)
    assert [row.salesperson.name for row in hand_over_leads(who("Ana"), "Mia", "maternity leave", who("Ben"))] == [
        "Ben",
        "Ben",
    ]


def test_leads_that_nobody_can_take_over_wait_and_can_be_seen(settings) -> None:
    settings.SLACK_MANAGER_CHANNEL = "#managers"
    pool("Inside", person("Ana"), fallback=person("Petra"))
    Pool.objects.update(fallback_after=30)
    given = give()
    Pool.objects.update(fallback=None)
    assert hand_over_leads(who("Ana"), "Mia", "is ill") == []
    assert Hold.objects.get(resolved_at=None).lead == given.lead
    assert SlackAlert.objects.get(channel="#managers").text.startswith("*Nobody can take a lead:*")


def test_an_active_pool_needs_a_member_or_a_fallback(inside: Pool) -> None:
    with pytest.raises(ValidationError, match="Inside would be left with nobody"):
        check_staffed(inside, [])
    check_staffed(inside, [Membership(pool=inside, salesperson=who("Ana"))])
    inside.fallback = who("Ben")
    check_staffed(inside, [])
    check_staffed(Pool(name="Off", active=False), [])


def test_every_change_of_a_member_is_kept_and_a_restored_one_keeps_its_credit(inside: Pool) -> None:
    ana = member(inside, who("Ana"))
    ana.weight = 5
    ana.save()
    owners(3)
    credit = member(inside, who("Ana")).credit
    before = Membership.history.filter(id=ana.pk).order_by("history_id").first()
    assert before.weight == 1
    before.instance.save()
    restored = member(inside, who("Ana"))
    assert (restored.weight, restored.credit) == (1, credit), "nothing resets the ledger"
    assert list(Membership.history.filter(id=ana.pk).order_by("history_id").values_list("weight", flat=True)) == [
        1,
        5,
        1,
    ]


def test_turns_leave_no_history_but_changes_count_as_versions(inside: Pool) -> None:
    version = Pool.objects.get(pk=inside.pk).version
    owners(5)
    assert Membership.history.count() == 3
    assert Pool.objects.get(pk=inside.pk).version == version
    member(inside, who("Ana")).save()
    assert Pool.objects.get(pk=inside.pk).version == version + 1
