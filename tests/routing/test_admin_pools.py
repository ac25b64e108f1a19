"""The pool's page: members are edited, and who is next is seen before anything is saved."""

import pytest
from django.test import Client
from django.urls import reverse

from routing.models import LedgerLine, Membership, Pool
from tests import office
from tests.routing.making import member

pytestmark = pytest.mark.django_db


@pytest.fixture
def boss(client: Client) -> Client:
    client.force_login(office.boss())
    return client


def form(pool: Pool, **changes: object) -> dict[str, object]:
    """The pool's form as the page has it, with changes by the field's name."""
    rows = list(pool.memberships.order_by("position", "pk"))
    told: dict[str, object] = {
        "name": pool.name, "kind": pool.kind, "position": pool.position, "active": "on", "owner_away": "cover",
        "fallback_after": 0, "response_minutes": 0, "catch_up": 0,
        "memberships-TOTAL_FORMS": len(rows), "memberships-INITIAL_FORMS": len(rows),
    }  # fmt: skip
    for number, row in enumerate(rows):
        told |= {
            f"memberships-{number}-{name}": value
            for name, value in {
                "id": row.pk, "pool": pool.pk, "salesperson": row.salesperson_id, "weight": row.weight,
                "position": row.position, "active": "on",
            }.items()
        }  # fmt: skip
    return {name: value for name, value in (told | changes).items() if value is not None}


def next_names(client: Client, pool: Pool, **changes: object) -> str:
    answer = client.post(reverse("admin:routing_pool_next", args=(pool.pk,)), form(pool, **changes))
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_page_tells_the_next_ten(boss):
    page = boss.get(reverse("admin:routing_pool_change", args=(office.team().pk,))).content.decode()
    assert [f"{n} {'Ana' if n % 2 else 'Ben'}" in page for n in range(1, 11)] == [True] * 10


def test_an_edit_is_previewed_and_nothing_is_saved(boss):
    pool = office.team()
    said = next_names(boss, pool, **{"memberships-0-active": None})
    assert "1 Ben" in said
    assert "Ana is switched off in this pool." in said
    assert "with what you changed" in said
    assert not Membership.objects.filter(active=False).exists()


def test_a_member_who_is_taken_out_of_the_form_is_not_next(boss):
    assert "Ana" not in next_names(boss, office.team(), **{"memberships-0-DELETE": "on"})


def test_half_typed_values_do_no_harm(boss):
    assert "1 Ben" in next_names(boss, office.team(), **{"memberships-0-weight": "", "memberships-1-cap_day": ""})


def test_the_preview_needs_the_right_to_see_pools(client):
    client.force_login(office.user("mia", "Reviewer"))
    assert client.post(reverse("admin:routing_pool_next", args=(office.team().pk,))).status_code == 403


def test_weights_are_saved_with_their_history(boss):
    pool = office.team()
    boss.post(reverse("admin:routing_pool_change", args=(pool.pk,)), form(pool, **{"memberships-0-weight": 3}))
    ana = pool.memberships.get(salesperson__name="Ana")
    assert ana.weight == 3
    assert [row.weight for row in ana.history.order_by("history_date")] == [1, 3]


def test_languages_are_written_as_words(boss):
    ana = office.team().memberships.first().salesperson
    page = reverse("admin:routing_salesperson_change", args=(ana.pk,))
    empty = {f"{part}-{count}": 0 for part in ("leaves", "memberships") for count in ("TOTAL_FORMS", "INITIAL_FORMS")}
    told = {"name": "Ana", "email": ana.email, "active": "on", "languages": "en,  it"}
    assert boss.post(page, told | empty).status_code == 302
    ana.refresh_from_db()
    assert ana.languages == ["en", "it"]


@pytest.mark.parametrize(("deed", "sign"), [("skip", -1), ("give", 1)])
def test_a_turn_is_taken_or_given_with_a_reason(boss, deed, sign):
    who = member(office.team(), person_named("Ana"))
    url = reverse(f"admin:routing_membership_{deed}", args=(who.pk,))
    boss.post(url, {"_form_submitted": "True"})
    assert not LedgerLine.objects.filter(reason="as agreed").exists()
    boss.post(url, {"_form_submitted": "True", "why": "as agreed"})
    assert LedgerLine.objects.get(reason="as agreed").change * sign > 0


def person_named(name: str) -> object:
    return office.team().memberships.get(salesperson__name=name).salesperson
