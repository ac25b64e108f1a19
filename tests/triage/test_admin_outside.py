"""What is armed is said on every page, and one press stops all that goes out."""

from datetime import UTC, datetime

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from crm.models import AuditEntry
from inbox_router.models import Halt
from inbox_router.roles import APPROVER, MANAGER, OPERATOR, REVIEWER, ROLES
from tests import office

pytestmark = pytest.mark.django_db
PAGE = "/admin/inbox_router/halt/outside/"
PLACES = [
    "index",
    "triage_message_review",
    "triage_message_changelist",
    "crm_auditentry_changelist",
    "inbox_router_halt_outside",
]


def as_role(role: str) -> Client:
    client = Client()
    client.force_login(office.user(role, role))
    return client


def shown(client: Client, url: str) -> str:
    return " ".join(client.get(url).content.decode().split())


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(
    ("armed", "says"),
    [
        (frozenset(), "Shadow mode"),
        (frozenset(["label", "draft", "archive", "slack", "sheet", "crm"]), "Off: trash"),
        (frozenset(["label", "draft", "trash", "archive", "slack", "sheet", "crm"]), "All armed"),
    ],
)
def test_each_page_says_what_is_armed(boss, settings, place, armed, says):
    settings.ARMED = armed
    assert says in shown(boss, reverse(f"admin:{place}"))


@pytest.mark.parametrize("place", PLACES)
def test_each_page_says_that_everything_is_stopped(boss, place):
    Halt.begin("mona", "odd")
    assert "Stopped: nothing goes out" in shown(boss, reverse(f"admin:{place}"))


def test_when_it_was_stopped_is_told_by_the_offices_clock_with_its_zone(settings):
    settings.TIME_ZONE = "Asia/Kolkata"
    with timezone.override("America/St_Johns"):
        halt = Halt(by="mona", since=datetime(2026, 11, 22, 20, tzinfo=UTC))
        assert str(halt) == "stopped by mona since 2026-11-23 01:30 IST"


def test_the_switch_needs_a_reason_and_is_in_the_log(boss):
    boss.post(PAGE, {"deed": "stop", "why": " "})
    assert not Halt.in_force().exists()
    boss.post(PAGE, {"deed": "stop", "why": "the drafts look odd"})
    halt = Halt.in_force().get()
    assert (halt.by, halt.why) == ("boss", "the drafts look odd")
    assert "Stopped by boss" in shown(boss, PAGE)
    boss.post(PAGE, {"deed": "go-on"})
    assert not Halt.in_force().exists()
    told = AuditEntry.objects.order_by("pk").values_list("action", "actor", "reason")
    assert list(told) == [
        ("outside effects stopped", "boss", "the drafts look odd"),
        ("outside effects go on", "boss", ""),
    ]


def test_pressed_twice_it_stays_as_it_was(boss):
    for why in ("first", "second"):
        boss.post(PAGE, {"deed": "stop", "why": why})
    assert [halt.why for halt in Halt.objects.all()] == ["first"]
    for _ in range(2):
        boss.post(PAGE, {"deed": "go-on"})
    assert AuditEntry.objects.count() == 2


def test_a_link_to_it_changes_nothing(boss):
    assert boss.get(PAGE, {"deed": "stop", "why": "x"}).status_code == 200
    assert not Halt.objects.exists()


@pytest.mark.parametrize("role", ROLES)
def test_who_works_with_mail_may_stop_it_and_who_is_responsible_may_let_it_go_on(role):
    client = as_role(role)
    assert client.get(PAGE).status_code == 200
    stopped = client.post(PAGE, {"deed": "stop", "why": "odd"}).status_code
    assert (stopped == 302) == (role in (REVIEWER, APPROVER, MANAGER, OPERATOR))
    assert client.post(PAGE, {"deed": "go-on"}).status_code == (302 if role in (MANAGER, OPERATOR) else 403)


def test_nobody_else_may(client):
    client.force_login(office.user("nobody"))
    assert client.get(PAGE).status_code == 403
    assert client.post(PAGE, {"deed": "stop", "why": "odd"}).status_code == 403


def test_the_page_counts_what_is_owed_and_what_is_only_shown(boss, settings):
    settings.ARMED = frozenset(["draft"])
    office.waiting_draft()
    rows = {one.name: (one.armed, one.owed > 0, one.shown > 0) for one in boss.get(PAGE).context["effects"]}
    assert rows["draft"] == (True, True, False)
    assert rows["sheet"] == (False, False, True)
    assert "ARMED=draft" in shown(boss, PAGE)
