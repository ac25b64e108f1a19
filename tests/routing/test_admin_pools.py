"""The pool's page: members are edited, and who is next is seen before anything is saved."""

import csv
from collections.abc import Sequence
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from routing.admin.history import moments
from routing.models import Assignment, LedgerLine, Membership, Pool, Salesperson
from routing.services import stop_clock, tick
from tests import office
from tests.routing.making import check_books, give, member, owners, person
from tests.routing.making import pool as make_pool
from triage.models import Draft

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
    assert "lead on, Ana" in said


def test_the_last_days_are_given_out_again_under_the_edit_and_nothing_is_written(boss):
    pool = office.team()
    assert owners(4) == ["Ana", "Ben", "Ana", "Ben"]
    lines = LedgerLine.objects.count()
    url = reverse("admin:routing_pool_what_if", args=(pool.pk,))
    said = boss.post(url, form(pool, **{"memberships-0-active": None})).content.decode()
    assert "4 leads of the last 30 days" in said
    assert '<td>Ana</td><td class="number">2</td><td class="number">0</td>' in said
    assert '<td>Ben</td><td class="number">2</td><td class="number">4</td>' in said
    assert (LedgerLine.objects.count(), pool.memberships.filter(active=False).count()) == (lines, 0)


def test_no_form_leaves_a_pool_with_nobody(boss):
    pool, nobody = office.team(), "Inside sales would be left with nobody. Add a member or a fallback person."
    page = reverse("admin:routing_pool_change", args=(pool.pk,))
    empty = {"memberships-0-DELETE": "on", "memberships-1-active": None}
    assert nobody in boss.post(page, form(pool, **empty)).content.decode()
    assert pool.memberships.filter(active=True).count() == 2
    assert boss.post(page, form(pool, fallback=person("Petra").pk, **empty)).status_code == 302
    ben = Membership.objects.get()
    assert (ben.salesperson.name, ben.active) == ("Ben", False)


def test_nor_does_a_members_own_page_or_a_persons(boss):
    pool, nobody = office.team(), "would be left with nobody"
    ana, ben = pool.memberships.order_by("position")
    Membership.objects.filter(pk=ben.pk).update(active=False)
    told = {"pool": pool.pk, "salesperson": ana.salesperson_id, "weight": 1, "position": 0}
    assert nobody in boss.post(reverse("admin:routing_membership_change", args=(ana.pk,)), told).content.decode()
    page = reverse("admin:routing_salesperson_change", args=(ana.salesperson_id,))
    line = {"id": ana.pk, "salesperson": ana.salesperson_id, "pool": pool.pk, "weight": 1}
    for emptying in ({"DELETE": "on"}, {"pool": make_pool("Other").pk, "active": "on"}, {}):
        told = person_form(ana.salesperson, memberships=[line | emptying])
        assert nobody in boss.post(page, told).content.decode()
    assert Membership.objects.get(pk=ana.pk).active


def test_what_a_manager_does_with_a_new_colleague(boss):
    pool, cleo = office.team(), person("Cleo")
    owners(3)
    page, history = (reverse(f"admin:routing_pool_{name}", args=(pool.pk,)) for name in ("change", "history"))
    new = {
        "memberships-TOTAL_FORMS": 3, "memberships-2-salesperson": cleo.pk, "memberships-2-weight": 2,
        "memberships-2-position": 2, "memberships-2-active": "on", "memberships-0-weight": 3,
        "memberships-1-paused_until": "2999-12-02T09:00", "change_reason": "Cleo is new",
    }  # fmt: skip
    said = next_names(boss, pool, **new)
    assert "Cleo joins, weight 2." in said
    assert "Ben</li>" not in said
    assert "Cleo</li>" in said
    assert boss.post(page, form(pool, **new)).status_code == 302
    told = boss.get(history).content.decode()
    assert "Cleo is new" in told
    assert "boss" in told
    assert "Ana: weight 1 becomes 3" in told
    assert "Cleo: joins, weight 2" in told

    credits = dict(pool.memberships.values_list("salesperson__name", "credit"))
    last_before = moments(pool)[1].at
    asked = boss.get(history, {"at": last_before.isoformat()}).content.decode()
    assert "Ana: weight 3 becomes 1." in asked
    assert "Cleo: active yes becomes no." in asked
    assert member(pool, cleo).active, "asking restores nothing"
    boss.post(history, {"at": last_before.isoformat(), "why": "not yet"})
    ana, ben, new_one = pool.memberships.order_by("position")
    assert (ana.weight, ben.paused_until, new_one.active) == (1, None, False)
    assert dict(pool.memberships.values_list("salesperson__name", "credit")) == credits, "nothing resets the ledger"
    assert (moments(pool)[0].why, moments(pool)[0].who) == ("not yet", "boss")
    check_books()


def test_who_was_taken_out_comes_back_by_restoring_but_not_their_old_credit(boss):
    pool = office.team()
    owners(3)
    before = timezone.now()
    page, history = (reverse(f"admin:routing_pool_{name}", args=(pool.pk,)) for name in ("change", "history"))
    boss.post(page, form(pool, **{"memberships-0-DELETE": "on"}))
    assert pool.memberships.count() == 1
    boss.post(history, {"at": before.isoformat(), "why": "came back"})
    ana = pool.memberships.get(salesperson__name="Ana")
    assert (ana.active, ana.credit) == (True, None), "starts at the others' average"


def test_history_is_restored_by_managers_only_and_only_to_a_time_that_was(boss):
    pool = office.team()
    history = reverse("admin:routing_pool_history", args=(pool.pk,))
    assert boss.get(history, {"at": "2001-01-01T00:00:00+00:00"}).status_code == 404
    assert boss.get(history, {"at": "yesterday"}).status_code == 200
    boss.post(history, {"at": "2001-01-01T00:00:00+00:00"})
    reader = Client()
    reader.force_login(office.user("rita", "Read-only"))
    page = reader.get(history)
    assert (page.status_code, b"Restore" in page.content) == (200, False)
    assert reader.post(history, {"at": timezone.now().isoformat()}).status_code == 403
    assert pool.history.count() == 1


def test_a_member_is_restored_from_their_own_history_and_keeps_their_credit(boss):
    pool = office.team()
    ana = member(pool, person_named("Ana"))
    ana.weight = 5
    ana.save()
    owners(3)
    credit = member(pool, ana.salesperson).credit
    first = ana.history.earliest("history_id")
    url = reverse("admin:routing_membership_simple_history", args=(ana.pk, first.history_id))
    assert "Revert" in boss.get(url).content.decode()
    told = {"pool": pool.pk, "salesperson": ana.salesperson_id, "weight": 1, "position": 0, "active": "on"}
    boss.post(url, told | {"change_reason": "too much"})
    restored = member(pool, ana.salesperson)
    assert (restored.weight, restored.credit) == (1, credit)
    assert restored.history.latest("history_id").history_change_reason == "too much"


def test_a_person_is_restored_with_who_and_why(boss):
    ana = office.team().memberships.get(salesperson__name="Ana").salesperson
    page = reverse("admin:routing_salesperson_change", args=(ana.pk,))
    boss.post(page, person_form(ana, languages="en, it", change_reason="learned it"))
    told = boss.get(reverse("admin:routing_salesperson_history", args=(ana.pk,))).content.decode()
    assert "learned it" in told
    first = ana.history.earliest("history_id")
    url = reverse("admin:routing_salesperson_simple_history", args=(ana.pk, first.history_id))
    assert boss.get(url).status_code == 200
    assert boss.post(url, person_form(ana, languages="en", change_reason="forgot it")).status_code == 302
    last = ana.history.latest("history_id")
    assert (last.languages, last.history_change_reason, last.history_user.username) == (["en"], "forgot it", "boss")


def test_only_a_pool_manager_changes_pools(client):
    pool, mia = office.team(), office.user("mia")
    page = reverse("admin:routing_pool_change", args=(pool.pk,))
    few = ["view_pool", "change_pool", "view_membership", "change_membership"]
    mia.user_permissions.set(Permission.objects.filter(codename__in=few))
    client.force_login(mia)
    assert client.get(page).status_code == 200
    assert client.post(page, form(pool, **{"memberships-0-weight": 3})).status_code == 403
    mia.user_permissions.add(Permission.objects.get(codename="edit_pool"))
    assert client.post(page, form(pool, **{"memberships-0-weight": 3})).status_code == 302
    assert pool.memberships.filter(weight=3).count() == 1


def test_weights_are_saved_with_their_history(boss):
    pool = office.team()
    boss.post(reverse("admin:routing_pool_change", args=(pool.pk,)), form(pool, **{"memberships-0-weight": 3}))
    ana = pool.memberships.get(salesperson__name="Ana")
    assert ana.weight == 3
    assert [row.weight for row in ana.history.order_by("history_date")] == [1, 3]


def test_languages_are_written_as_words(boss):
    ana = office.team().memberships.first().salesperson
    page = reverse("admin:routing_salesperson_change", args=(ana.pk,))
    assert boss.post(page, person_form(ana, languages="en,  it")).status_code == 302
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


def test_the_statement_of_a_month_is_a_page_and_a_file(boss):
    office.team()
    owners(3)
    url = reverse("admin:routing_pool_statement")
    page = boss.get(url).content.decode()
    assert "<td>Ana, Inside sales<" in page
    file = boss.get(url, {"csv": "1"})
    assert file["Content-Disposition"] == f'attachment; filename="rotation-{timezone.localdate():%Y-%m}.csv"'
    rows = list(csv.DictReader(file.content.decode().splitlines()))
    assert [(row["person"], row["received"]) for row in rows] == [("Ana", "2"), ("Ben", "1")]
    assert "No lead was given out." in boss.get(url, {"month": "2001-01"}).content.decode()
    assert "Monthly statement" in boss.get(reverse("admin:routing_pool_changelist")).content.decode()
    assert boss.get(reverse("admin:routing_pool_to_statement")).headers["Location"] == url


def test_somebody_who_leaves_is_not_just_switched_off(boss):
    office.team()
    owners(2)
    ana = person_named("Ana")
    page = reverse("admin:routing_salesperson_change", args=(ana.pk,))
    said = boss.post(page, person_form(ana, active=None)).content.decode()
    assert "This touches Inside sales; 1 open leads." in said
    assert "Leaves the team" in boss.get(page).content.decode()
    assert person_named("Ana").active


def test_what_leaving_touches_is_listed_and_handed_over_with_its_drafts(boss):
    office.waiting_draft("Springs for Ana")
    ana = person_named("Ana")
    url = reverse("admin:crm_lead_leaving", args=(ana.pk,))
    assert url in boss.get(reverse("admin:routing_salesperson_change", args=(ana.pk,))).content.decode()
    page = boss.get(url).content.decode()
    assert "Inside sales" in page
    assert "1 open lead<" in page
    assert "Springs for Ana" in page
    boss.post(url, {})
    assert person_named("Ana").active, "without a reason nothing happens"
    said = boss.post(url, {"why": "has another job"}, follow=True).content.decode()
    assert "leads handed over: 1." in said
    assert not person_named("Ana").active
    assert Assignment.objects.get(active=True).salesperson.name == "Ben"
    assert list(Draft.objects.order_by("pk").values_list("state", "owner_name")) == [
        (Draft.State.REPLACED, "Ana"),
        (Draft.State.WAITING, "Ben"),
    ]


def test_the_last_one_cannot_leave(boss):
    pool = office.team()
    pool.memberships.filter(salesperson__name="Ben").update(active=False)
    url = reverse("admin:crm_lead_leaving", args=(person_named("Ana").pk,))
    assert "Inside sales would be left with nobody" in boss.get(url).content.decode()
    boss.post(url, {"why": "has another job"})
    assert person_named("Ana").active


def test_the_lead_tells_its_clock_its_card_and_who_had_it(boss):
    pool = office.team()
    Pool.objects.filter(pk=pool.pk).update(response_minutes=60)
    lead = give().lead
    Assignment.objects.update(due_at=timezone.now() - timedelta(minutes=1))
    tick()
    Assignment.objects.update(due_at=timezone.now() - timedelta(minutes=1))
    tick()
    page = boss.get(reverse("admin:crm_lead_change", args=(lead.pk,))).content.decode()
    assert "passed on 1 time for want of an answer" in page
    assert "answer is due" in page
    assert "reminded" in page
    assert "Credit in Inside sales (version" in page
    assert "did not answer in time" in page
    stop_clock(lead, timezone.now(), "a reply in Sent")
    page = boss.get(reverse("admin:crm_lead_change", args=(lead.pk,))).content.decode()
    assert "answered" in page
    assert "answer is due" not in page


def person_form(who: Salesperson, memberships: Sequence[dict] = (), **changes: object) -> dict[str, object]:
    """A person's form as the page has it, with these lines of pools."""
    told: dict[str, object] = {"name": who.name, "email": who.email, "active": "on", "languages": "en"}
    for part, rows in (("leaves", ()), ("memberships", memberships)):
        told |= {f"{part}-{count}": len(rows) for count in ("TOTAL_FORMS", "INITIAL_FORMS")}
        told |= {f"{part}-{number}-{name}": value for number, row in enumerate(rows) for name, value in row.items()}
    return {name: value for name, value in (told | changes).items() if value is not None}


def person_named(name: str) -> Salesperson:
    return office.team().memberships.get(salesperson__name=name).salesperson
