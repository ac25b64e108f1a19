"""The pages of pools and people: what is edited there, and what is refused."""

import csv
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse
from django.utils import timezone

from routing.models import Assignment, LedgerLine, Membership, Pool
from routing.services import stop_clock, tick
from tests import office
from tests.routing.forms import person_form, person_named, pool_form
from tests.routing.making import give, member, owners, person
from tests.routing.making import pool as make_pool
from triage.models import Draft

pytestmark = pytest.mark.django_db


def test_no_form_leaves_a_pool_with_nobody(boss):
    pool, nobody = office.team(), "Inside sales would be left with nobody. Add a member or a fallback person."
    page = reverse("admin:routing_pool_change", args=(pool.pk,))
    empty = {"memberships-0-DELETE": "on", "memberships-1-active": None}
    assert nobody in boss.post(page, pool_form(pool, **empty)).content.decode()
    assert pool.memberships.filter(active=True).count() == 2
    assert boss.post(page, pool_form(pool, fallback=person("Petra").pk, **empty)).status_code == 302
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


def test_only_a_pool_manager_changes_pools(client):
    pool, mia = office.team(), office.user("mia")
    page = reverse("admin:routing_pool_change", args=(pool.pk,))
    few = ["view_pool", "change_pool", "view_membership", "change_membership"]
    mia.user_permissions.set(Permission.objects.filter(codename__in=few))
    client.force_login(mia)
    assert client.get(page).status_code == 200
    assert client.post(page, pool_form(pool, **{"memberships-0-weight": 3})).status_code == 403
    mia.user_permissions.add(Permission.objects.get(codename="edit_pool"))
    assert client.post(page, pool_form(pool, **{"memberships-0-weight": 3})).status_code == 302
    assert pool.memberships.filter(weight=3).count() == 1


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
    assert "This touches Inside sales; 1 open lead." in said
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
