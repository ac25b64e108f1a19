"""What an edit means, told before it is saved."""

from datetime import UTC, datetime

import pytest

from routing.models import Membership, Pool
from routing.whatif.changes import changes
from tests.routing.making import owners, person, pool

pytestmark = pytest.mark.django_db


@pytest.fixture
def inside() -> Pool:
    return pool("Inside", person("Ana"), person("Ben"), person("Cleo"))


def test_an_edit_is_told_with_who_is_next(inside: Pool) -> None:
    owners(3)
    members = list(inside.memberships.select_related("salesperson"))
    members[0].paused_until = datetime(2999, 12, 2, 9, tzinfo=UTC)
    members[1].weight = 2
    assert changes(inside, members) == [
        "Ana: paused until nothing becomes 2 Dec 2999 09:00.",
        "Ben: weight 1 becomes 2.",
        "The next lead goes to Ben instead of Ana.",
    ]


def test_who_joins_and_leaves_is_told(inside: Pool) -> None:
    members = list(inside.memberships.select_related("salesperson"))[:2]
    inside.countries = ["de", "at"]
    inside.active = False
    told = changes(inside, [*members, Membership(pool=inside, salesperson=person("Dora"), weight=3)])
    assert told == [
        "active yes becomes no.",
        "countries nothing becomes de, at.",
        "Dora joins, weight 3.",
        "Cleo leaves.",
        "The next lead goes to Dora instead of Ana.",
    ]


def test_nothing_changed_is_nothing_told(inside: Pool) -> None:
    assert changes(inside, list(inside.memberships.select_related("salesperson"))) == []


def test_a_new_pool_is_told(inside: Pool) -> None:
    assert changes(Pool(name="New"), []) == ["New is new."]
