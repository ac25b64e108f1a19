"""What was changed of the rotation, by whom and why, and the way back."""

from datetime import date

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from inbox_router.models import Preferences
from routing.admin.history import moments
from routing.models import Leave
from tests import office
from tests.routing.forms import next_names, person_form, person_named, pool_form
from tests.routing.making import check_books, member, owners, person

pytestmark = pytest.mark.django_db


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
    assert boss.post(page, pool_form(pool, **new)).status_code == 302
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
    boss.post(page, pool_form(pool, **{"memberships-0-DELETE": "on"}))
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


def test_weights_are_saved_with_their_history(boss):
    pool = office.team()
    boss.post(reverse("admin:routing_pool_change", args=(pool.pk,)), pool_form(pool, **{"memberships-0-weight": 3}))
    ana = pool.memberships.get(salesperson__name="Ana")
    assert ana.weight == 3
    assert [row.weight for row in ana.history.order_by("history_date")] == [1, 3]


def test_leave_is_in_the_history_of_a_person_and_comes_back_with_it(boss):
    ana = office.team().memberships.get(salesperson__name="Ana").salesperson
    leave = Leave.objects.create(salesperson=ana, first_day=date(2999, 7, 1), last_day=date(2999, 7, 9))
    ana.languages = ["it"]
    ana.save()
    then = timezone.now()
    Leave.objects.create(salesperson=ana, first_day=date(2999, 8, 1), last_day=date(2999, 8, 2))
    leave.last_day = date(2999, 7, 20)
    leave.save()
    leave.delete()
    ana.languages = ["en"]
    ana.save()
    history = reverse("admin:routing_salesperson_history", args=(ana.pk,))
    told = boss.get(history).content.decode()
    assert "Ana: on leave from 1 Jul 2999 to 9 Jul 2999." in told
    assert "Ana: on leave from 1 Jul 2999 to 20 Jul 2999." in told
    assert "Ana: no leave from 1 Jul 2999 to 20 Jul 2999." in told
    asked = boss.get(history, {"at": then.isoformat()}).content.decode()
    assert "languages en becomes it." in asked
    assert Leave.objects.get().first_day == date(2999, 8, 1), "asking restores nothing"
    boss.post(history, {"at": then.isoformat(), "why": "was right"})
    ana.refresh_from_db()
    assert ana.languages == ["it"]
    assert list(ana.leaves.values_list("first_day", "last_day")) == [(date(2999, 7, 1), date(2999, 7, 9))]
    assert (moments(ana)[0].why, moments(ana)[0].who) == ("was right", "boss")


def test_leave_of_before_its_history_began_stays_when_a_person_is_restored(boss):
    ana = office.team().memberships.get(salesperson__name="Ana").salesperson
    then = timezone.now()
    Leave.objects.bulk_create([Leave(salesperson=ana, first_day=date(2999, 7, 1), last_day=date(2999, 7, 9))])
    boss.post(reverse("admin:routing_salesperson_history", args=(ana.pk,)), {"at": then.isoformat()})
    assert ana.leaves.count() == 1


def test_the_history_of_a_place_in_a_pool_is_restored_and_never_leaves_the_pool_with_nobody(boss):
    pool = office.team()
    ana, ben = pool.memberships.select_related("salesperson").order_by("salesperson__name")
    ana.active = False
    ana.save()
    off = timezone.now()
    ana.active, ana.weight = True, 4
    ana.save()
    ben.active = False
    ben.save()
    history = reverse("admin:routing_membership_history", args=(ana.pk,))
    assert "Ana: weight 1 becomes 4" in boss.get(history).content.decode()
    asked = boss.get(history, {"at": off.isoformat()}).content.decode()
    assert "Ana: weight 4 becomes 1." in asked
    answer = boss.post(history, {"at": off.isoformat()}, follow=True).content.decode()
    assert "would be left with nobody" in answer
    assert member(pool, ana.salesperson).weight == 4
    ben.active = True
    ben.save()
    boss.post(history, {"at": off.isoformat(), "why": "too much"})
    assert (member(pool, ana.salesperson).weight, member(pool, ana.salesperson).active) == (1, False)
    reader = Client()
    reader.force_login(office.user("rita", "Read-only"))
    assert reader.post(history, {"at": off.isoformat()}).status_code == 403


class TestTheAuditLog:
    def test_has_the_old_and_the_new_value_of_what_was_changed_together(self, boss):
        pool = office.team()
        page = reverse("admin:routing_pool_change", args=(pool.pk,))
        form = {"memberships-0-weight": 3, "response_minutes": 60, "change_reason": "Ana has more time"}
        boss.post(page, pool_form(pool, **form))
        told = "Inside sales: response minutes 0 becomes 60; Ana: weight 1 becomes 3"
        assert office.edits(pool) == [(told, "Ana has more time", "boss")]

    def test_is_in_one_language_and_time_whoever_edits(self, boss):
        Preferences.objects.create(user=office.boss(), language="de", time_zone="Asia/Tokyo")
        pool = office.team()
        page = reverse("admin:routing_pool_change", args=(pool.pk,))
        form = {"memberships-0-weight": 3, "memberships-1-paused_until": "2999-12-02T09:00"}
        boss.post(page, pool_form(pool, **form))
        told = "Inside sales: Ana: weight 1 becomes 3; Ben: paused until nothing becomes 2 Dec 2999 00:00"
        assert office.edits(pool) == [(told, "", "boss")]

    def test_says_nothing_of_what_was_saved_unchanged(self, boss):
        pool = office.team()
        boss.post(reverse("admin:routing_pool_change", args=(pool.pk,)), pool_form(pool))
        assert office.edits(pool) == []

    def test_has_what_was_restored(self, boss):
        pool, before = office.team(), timezone.now()
        page, history = (reverse(f"admin:routing_pool_{name}", args=(pool.pk,)) for name in ("change", "history"))
        boss.post(page, pool_form(pool, **{"memberships-0-weight": 3}))
        boss.post(history, {"at": before.isoformat(), "why": "not yet"})
        assert office.edits(pool)[-1] == ("Inside sales: Ana: weight 3 becomes 1", "not yet", "boss")

    def test_leads_to_the_pages_of_people_and_members(self, boss):
        ana = person_named("Ana")
        boss.post(
            reverse("admin:routing_salesperson_change", args=(ana.pk,)),
            person_form(ana, signature="Ana, sales", change_reason="asked for it"),
        )
        assert office.edits(ana) == [("Ana: signature nothing becomes Ana, sales", "asked for it", "boss")]
        page = boss.get(reverse("admin:crm_auditentry_changelist"), {"action": "edited"}).content.decode()
        assert reverse("admin:routing_salesperson_change", args=(ana.pk,)) in page

    def test_has_the_leave_that_a_manager_enters_moves_and_takes_out(self, boss):
        ana = person_named("Ana")
        add, rows = reverse("admin:routing_leave_add"), reverse("admin:routing_leave_changelist")
        days = {"salesperson": ana.pk, "first_day": "2999-07-01", "last_day": "2999-07-09", "note": ""}
        boss.post(add, days)
        leave = Leave.objects.get()
        boss.post(reverse("admin:routing_leave_change", args=(leave.pk,)), days | {"last_day": "2999-07-20"})
        boss.post(rows, {"action": "delete_selected", "_selected_action": leave.pk, "post": "yes"})
        assert [told for told, _, _ in office.edits(ana)] == [
            "Ana: Ana: on leave from 1 Jul 2999 to 9 Jul 2999.",
            "Ana: Ana: on leave from 1 Jul 2999 to 20 Jul 2999.",
            "Ana: Ana: no leave from 1 Jul 2999 to 20 Jul 2999.",
        ]
