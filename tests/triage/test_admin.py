"""The admin as a whole: every page opens, nothing happens by a link, nobody does more than their role allows."""

import re
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Group, Permission, User
from django.core.cache import cache
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.views.defaults import server_error

from crm.models import AuditEntry
from inbox_router.navigation import SECTIONS
from inbox_router.roles import APPROVER, READ_ONLY, REVIEWER, ROLES, SALESPERSON, make_roles
from tests import office
from triage.models import Draft, Message

pytestmark = pytest.mark.django_db
PAGES = [
    "index",
    *(f"triage_message_{name}" for name in ("review", "problems", "customers")),
    "triage_draft_approve",
    "triage_draft_several",
]
MODELS = sorted(admin.site._registry, key=lambda model: model._meta.label)
DEEDS = [
    (model, action.action_name) for model in MODELS for action in admin.site._registry[model]._get_base_actions_detail()
]


@pytest.fixture
def filled() -> None:
    office.fill()


@pytest.fixture
def boss(client: Client, filled: None) -> Client:
    client.force_login(office.boss())
    return client


def signed_in(role: str) -> Client:
    client = Client()
    client.force_login(User.objects.get(username=role.lower().replace(" ", "-")))
    return client


def everything() -> dict[str, list[Any]]:
    """All rows of all our tables."""
    ours = [model for app in ("crm", "routing", "triage") for model in apps.get_app_config(app).get_models()]
    return {model._meta.label: list(model._base_manager.order_by("pk").values()) for model in ours}


def deed_url(model: type, name: str) -> str:
    return reverse(f"admin:{name}", args=(model._default_manager.order_by("pk").first().pk,))


class TestPages:
    @pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
    def test_each_list_and_each_row_opens(self, boss, model):
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        assert boss.get(reverse(f"{name}_changelist")).status_code == 200
        for row in model._default_manager.all()[:20]:
            page = boss.get(reverse(f"{name}_change", args=(row.pk,)))
            assert page.status_code == 200
            assert "(&#x27;" not in page.content.decode()  # a tuple, which only lists know how to show

    @pytest.mark.parametrize("place", PAGES)
    def test_each_page_of_ours_opens(self, boss, place):
        assert boss.get(reverse(f"admin:{place}")).status_code == 200

    @pytest.mark.parametrize("place", PAGES)
    def test_each_page_of_ours_opens_where_nothing_is(self, client, place):
        client.force_login(office.boss())
        assert client.get(reverse(f"admin:{place}")).status_code == 200

    @pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
    def test_a_search_finds_or_finds_nothing_but_never_fails(self, boss, model):
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"
        assert boss.get(reverse(name), {"q": "springs"}).status_code == 200

    def test_all_our_tables_have_a_page(self):
        ours = {model for app in ("crm", "routing", "triage") for model in apps.get_app_config(app).get_models()}
        assert {m._meta.label for m in ours - set(MODELS) if not m.__name__.startswith("Historical")} == set()

    @pytest.mark.parametrize("place", ["triage_message_changelist", "triage_draft_changelist", "crm_lead_changelist"])
    def test_a_list_asks_the_database_as_often_for_many_rows_as_for_few(self, boss, place):
        few = queries(boss, place)
        for _ in range(8):
            office.waiting_draft()
        assert queries(boss, place) <= few

    @pytest.mark.parametrize("place", ["triage_message_review", "triage_draft_approve", "index"])
    def test_a_page_asks_the_database_as_often_for_much_work_as_for_little(self, boss, place):
        few = queries(boss, place)
        for _ in range(8):
            office.waiting_draft()
            office.message()
        assert queries(boss, place) <= few

    def test_what_a_mail_says_is_shown_and_never_run(self, boss):
        nasty = Message.objects.get(subject=office.NASTY)
        for url in (
            reverse("admin:triage_message_change", args=(nasty.pk,)),
            reverse("admin:triage_message_review") + f"?row={nasty.pk}",
            reverse("admin:triage_message_changelist"),
        ):
            page = boss.get(url).content.decode()
            assert "&lt;script&gt;document.title" in page
            assert "<script>document.title" not in page
            assert "<img src=x" not in page

    def test_a_mail_that_cannot_be_read_is_kept_as_text_to_download(self, boss):
        broken = Message.objects.get(status="quarantined")
        answer = boss.get(reverse("admin:triage_message_raw", args=(broken.pk,)))
        assert answer.content == b"\xff<script>"
        assert answer["Content-Type"].startswith("text/plain")
        assert answer["Content-Disposition"].startswith("attachment")

    def test_the_command_palette_finds_records(self, boss):
        found = boss.get(reverse("admin:search"), {"s": "springs", "extended": "1"}).content.decode()
        assert "Springs, Berta Buyer" in found


def queries(client: Client, place: str) -> int:
    cache.clear()
    client.get(reverse(f"admin:{place}"))  # so that what is cached is cached
    with CaptureQueriesContext(connection) as asked:
        assert client.get(reverse(f"admin:{place}")).status_code == 200
    return len(asked)


@pytest.mark.parametrize("item", [item for section in SECTIONS for item in section.items], ids=lambda item: item.page)
def test_a_page_is_called_as_in_the_sidebar(boss, item):
    page = boss.get(item.path()).content.decode()
    heading, title = (re.search(pattern, page, re.DOTALL) for pattern in (r"<h1.*?</h1>", r"<title>.*?</title>"))
    assert heading
    assert str(item.title) in heading[0]
    assert title
    assert str(item.title) in title[0]


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [("/admin/auth/user/", 403, "You may not open this page"), ("/admin/nowhere/", 404, "There is no such page")],
)
def test_a_refusal_is_a_page_that_leads_back(filled, path, status, said):
    page = signed_in(REVIEWER).get(path)
    assert page.status_code == status
    assert said in page.content.decode()
    assert f'href="{reverse("admin:index")}"' in page.content.decode()


def test_a_form_that_was_open_for_too_long_says_what_to_do(filled):
    client = Client(enforce_csrf_checks=True)
    client.force_login(office.boss())
    page = client.post(reverse("admin:triage_message_problems"))
    assert page.status_code == 403
    assert "Please send it once more" in page.content.decode()


def test_a_fault_is_told_without_anything_of_it(client):
    page = server_error(RequestFactory().get("/admin/")).content.decode()
    assert "Something went wrong" in page


def test_an_address_keeps_its_letters_over_its_page(boss):
    box = office.mailbox()
    page = boss.get(reverse("admin:triage_mailbox_change", args=(box.pk,))).content.decode()
    heading = re.search(r"<h1.*?</h1>", page, re.DOTALL)
    assert heading
    assert str(box) in heading[0]
    assert str(box).capitalize() not in heading[0]


class TestDeeds:
    def test_there_are_deeds(self):
        assert len(DEEDS) >= 14

    @pytest.mark.parametrize(("model", "name"), DEEDS)
    def test_a_link_to_a_deed_changes_nothing(self, boss, model, name):
        before = everything()
        assert boss.get(deed_url(model, name)).status_code == 200
        assert everything() == before

    @pytest.mark.parametrize(("model", "name"), DEEDS)
    def test_a_deed_without_the_form_s_token_is_refused(self, filled, model, name):
        client = Client(enforce_csrf_checks=True)
        client.force_login(office.boss())
        before = everything()
        assert client.post(deed_url(model, name), {"_form_submitted": "1"}).status_code == 403
        assert everything() == before

    @pytest.mark.parametrize(("model", "name"), DEEDS)
    @pytest.mark.parametrize("role", [READ_ONLY, SALESPERSON])
    def test_who_may_only_look_may_do_nothing(self, filled, model, name, role):
        client, before = signed_in(role), everything()
        for answer in (client.get(deed_url(model, name)), client.post(deed_url(model, name), {"_form_submitted": "1"})):
            assert answer.status_code == 403
        assert everything() == before

    @pytest.mark.parametrize("place", ["triage_message_review", "triage_draft_approve", "triage_message_problems"])
    def test_a_page_of_work_is_refused_to_who_may_not_work_there(self, filled, place):
        client, before = signed_in(SALESPERSON), everything()
        assert client.get(reverse(f"admin:{place}")).status_code == 403
        assert client.post(reverse(f"admin:{place}"), {"row": "1", "decision": "spam"}).status_code == 403
        assert everything() == before

    def test_problems_are_looked_at_but_not_retried_by_who_may_only_look(self, filled):
        client, before = signed_in(READ_ONLY), everything()
        assert client.get(reverse("admin:triage_message_problems")).status_code == 200
        assert client.post(reverse("admin:triage_message_problems")).status_code == 403
        assert everything() == before

    def test_nobody_may_change_the_log(self, boss):
        entry = AuditEntry.objects.first()
        change = reverse("admin:crm_auditentry_change", args=(entry.pk,))
        assert boss.post(change, {"summary": "nothing happened"}).status_code == 403
        assert boss.post(reverse("admin:crm_auditentry_delete", args=(entry.pk,)), {"post": "yes"}).status_code == 403
        assert boss.get(reverse("admin:crm_auditentry_add")).status_code == 403
        assert AuditEntry.objects.get(pk=entry.pk).summary == entry.summary


class TestRoles:
    LANDING = {
        REVIEWER: "triage_message_review",
        APPROVER: "triage_draft_approve",
        SALESPERSON: "triage_message_changelist",
    }

    @pytest.mark.parametrize("role", ROLES)
    def test_every_link_of_the_sidebar_opens(self, filled, role):
        client = signed_in(role)
        page = client.get(reverse("admin:triage_message_changelist"))
        links = [item["link"] for group in page.context["sidebar_navigation"] for item in group["items"]]
        assert links
        for link in links:
            assert client.get(link).status_code == 200, link

    @pytest.mark.parametrize("role", ROLES)
    def test_what_the_sidebar_does_not_offer_is_refused(self, filled, role):
        client = signed_in(role)
        page = client.get(reverse("admin:triage_message_changelist"))
        offered = {item["link"] for group in page.context["sidebar_navigation"] for item in group["items"]}
        others = {item.path() for section in SECTIONS for item in section.items} - offered - {reverse("admin:index")}
        assert [link for link in others if client.get(link).status_code != 403] == []

    @pytest.mark.parametrize("role", ROLES)
    def test_each_role_begins_with_its_own_work(self, filled, role):
        answer = signed_in(role).get(reverse("admin:index"))
        if page := self.LANDING.get(role):
            assert answer["Location"] == reverse(f"admin:{page}")
        else:
            assert answer.status_code == 200
            assert "Dashboard" in answer.content.decode()

    def test_roles_are_made_once_and_keep_what_was_added(self):

        group = Group.objects.get(name=REVIEWER)
        group.permissions.add(Permission.objects.get(codename="change_draft"))
        make_roles()
        assert Group.objects.filter(name=REVIEWER).count() == 1
        assert group.permissions.filter(codename="change_draft").exists()

    def test_badges_count_what_waits_and_show_nothing_at_zero(self, boss):

        cache.clear()
        shown = badges(boss)
        assert shown["Review queue"] == 3
        assert shown["Drafts to approve"] == 1
        Draft.objects.update(state=Draft.State.REJECTED)
        cache.clear()
        assert badges(boss)["Drafts to approve"] is None

    def test_the_operator_is_told_what_is_armed(self, boss, settings):
        settings.ARMED = frozenset()
        assert "Shadow mode" in boss.get(reverse("admin:index")).content.decode()
        settings.ARMED = frozenset({"label"})
        assert "Off: draft, trash" in boss.get(reverse("admin:index")).content.decode()


def badges(client: Client) -> dict[str, object]:
    page = client.get(reverse("admin:index"))
    return {item["title"]: item["badge"] for group in page.context["sidebar_navigation"] for item in group["items"]}
