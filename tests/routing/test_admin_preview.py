"""Who is next and what the last days would have looked like, seen before anything is saved."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from routing.models import Leave, LedgerLine, Membership, Pool
from tests import office
from tests.routing.forms import next_names, person_named, pool_form
from tests.routing.making import give, lead, owners, person
from tests.routing.making import pool as make_pool

pytestmark = pytest.mark.django_db


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
    said = next_names(boss, office.team(), **{"memberships-0-DELETE": "on"})
    assert "1 Ben" in said
    assert "10 Ben" in said
    assert "Ana leaves." in said


def test_half_typed_values_do_no_harm(boss):
    said = next_names(boss, office.team(), **{"memberships-0-weight": "", "memberships-1-cap_day": ""})
    assert "1 Ana" in said, "what is half typed counts as before"
    assert "Nothing is changed" in said


def test_the_preview_needs_the_right_to_see_pools(client):
    client.force_login(office.user("mia", "Reviewer"))
    assert client.post(reverse("admin:routing_pool_next", args=(office.team().pk,))).status_code == 403


def test_an_edit_is_told_in_sentences_and_caps_count(boss):
    said = next_names(boss, office.team(), **{"memberships-0-cap_day": 1, "memberships-1-weight": 2, "catch_up": 3})
    assert "Ben: weight 1 becomes 2." in said
    assert "catch up 0 becomes 3." in said or "catch up nothing becomes 3." in said
    assert "The next lead goes to Ben instead of Ana." in said
    assert said.count(" Ana</li>") == 1
    assert " on: Ana " in said


def test_the_last_days_are_given_out_again_under_the_edit_and_nothing_is_written(boss):
    pool = office.team()
    assert owners(4) == ["Ana", "Ben", "Ana", "Ben"]
    lines = LedgerLine.objects.count()
    url = reverse("admin:routing_pool_what_if", args=(pool.pk,))
    said = boss.post(url, pool_form(pool, **{"memberships-0-active": None})).content.decode()
    assert "4 leads of the last 30 days" in said
    assert '<td>Ana</td><td class="number">2</td><td class="number">0</td>' in said
    assert '<td>Ben</td><td class="number">2</td><td class="number">4</td>' in said
    assert (LedgerLine.objects.count(), pool.memberships.filter(active=False).count()) == (lines, 0)


def today(days: int = 0) -> str:
    return (timezone.localdate() + timedelta(days=days)).isoformat()


def test_a_dated_leave_counts_before_it_is_saved_and_then_is_the_persons(boss):
    pool = office.team()
    leave = {"memberships-0-away_from": today(), "memberships-0-away_until": today(3)}
    said = next_names(boss, pool, **leave)
    assert "leave that begins later does not change them" in said
    assert "Ana: on leave from" in said
    assert "Ana is on leave until" in said
    assert "The next lead goes to Ben instead of Ana." in said
    assert not Leave.objects.exists()
    page = reverse("admin:routing_pool_change", args=(pool.pk,))
    assert boss.post(page, pool_form(pool, **leave)).status_code == 302
    stored = Leave.objects.get()
    assert (stored.salesperson.name, stored.last_day - stored.first_day) == ("Ana", timedelta(days=3))
    assert f'value="{today(3)}"' in boss.get(page).content.decode()


def test_a_leave_that_is_emptied_in_the_form_is_over(boss):
    pool = office.team()
    ana = person_named("Ana")
    Leave.objects.create(salesperson=ana, first_day=today(), last_day=today(2))
    shown = {"memberships-0-away_from": today(), "memberships-0-away_until": today(2)}
    assert "Nothing is changed" in next_names(boss, pool, **shown)
    said = next_names(boss, pool)
    assert "Ana: no leave." in said
    assert "1 Ana" in said
    boss.post(reverse("admin:routing_pool_change", args=(pool.pk,)), pool_form(pool))
    assert not Leave.objects.exists()


@pytest.mark.parametrize(
    ("days", "told"),
    [({"from": today(2), "until": today(1)}, "cannot be before"), ({"from": today()}, "a first and a last day")],
)
def test_half_a_leave_is_refused_in_words(boss, days, told):
    pool = office.team()
    half = {f"memberships-0-away_{name}": day for name, day in days.items()}
    assert "10 Ben" in next_names(boss, pool, **half), "meanwhile the preview goes on as before"
    page = boss.post(reverse("admin:routing_pool_change", args=(pool.pk,)), pool_form(pool, **half))
    assert told in page.content.decode()
    assert not Leave.objects.exists()


def test_what_if_counts_a_leave_that_is_not_saved(boss):
    pool = office.team()
    owners(4)
    url = reverse("admin:routing_pool_what_if", args=(pool.pk,))
    leave = {"memberships-0-away_from": today(-1), "memberships-0-away_until": today(1)}
    said = boss.post(url, pool_form(pool, **leave)).content.decode()
    assert '<td>Ana</td><td class="number">2</td><td class="number">0</td>' in said


def test_a_new_pool_is_previewed_before_it_is_saved(boss):
    office.team()
    owners(1)
    give(lead(language="de"))
    told = {
        "name": "German", "kind": "language", "language": "de", "active": "on", "owner_away": "cover",
        "fallback_after": 0, "response_minutes": 0, "catch_up": 0,
        "memberships-TOTAL_FORMS": 1, "memberships-INITIAL_FORMS": 0, "memberships-0-weight": 1,
        "memberships-0-salesperson": person("Greta", "de").pk, "memberships-0-position": 0,
        "memberships-0-active": "on",
    }  # fmt: skip
    page = boss.get(reverse("admin:routing_pool_add")).content.decode()
    assert reverse("admin:routing_pool_next_new") in page
    said = boss.post(reverse("admin:routing_pool_next_new"), told).content.decode()
    assert "German is new." in said
    assert "Greta joins, weight 1." in said
    assert "10 Greta" in said
    said = boss.post(reverse("admin:routing_pool_what_if_new"), told).content.decode()
    assert "1 lead of the last 30 days" in said
    assert "Greta" in said
    assert Pool.objects.count() == 1, "nothing is saved"
    reader = Client()
    reader.force_login(office.user("rita", "Read-only"))
    assert reader.post(reverse("admin:routing_pool_next_new"), told).status_code == 403


def test_the_list_shows_each_pool_at_a_glance_in_the_same_statements_however_many(boss):
    pool = office.team()
    Pool.objects.update(response_minutes=240)
    owners(3)
    Leave.objects.create(salesperson=person_named("Ana"), first_day=today(), last_day=today())
    url = reverse("admin:routing_pool_changelist")
    with CaptureQueriesContext(connection) as few:
        page = boss.get(url).content.decode()
    for told in ("Takes everything", "1 in, 1 out", "next: Ben", ">3<", "4 h"):
        assert told in page, told
    for number in range(8):
        made = make_pool(f"Pool {number}", person(f"New{number}"), person(f"More{number}"))
        made.memberships.update(cap_day=3)
    with CaptureQueriesContext(connection) as many:
        assert "next: New7" in boss.get(url).content.decode()
    assert len(many) <= len(few) + 2, "the two about caps"
    assert pool.memberships.count() == 2
