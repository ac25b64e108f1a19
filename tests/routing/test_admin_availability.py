"""Everybody sets their own pause and leave, and nobody else's."""

from datetime import date

import pytest
from django.test import Client
from django.urls import reverse

from inbox_router.models import Preferences
from inbox_router.roles import SALESPERSON
from routing.models import Leave, Salesperson
from tests import office

pytestmark = pytest.mark.django_db
DAYS = {"first_day": "2030-05-01", "last_day": "2030-05-03", "note": "sea"}


@pytest.fixture
def ana(client: Client) -> Salesperson:
    who = office.team().memberships.get(salesperson__name="Ana").salesperson
    who.user = office.user("ana", SALESPERSON)
    who.save()
    client.force_login(who.user)
    return who


def send(client: Client, deed: str, **told: object) -> str:
    answer = client.post(reverse("admin:routing_salesperson_me"), {"deed": deed} | told, follow=True)
    return answer.content.decode()


def test_leave_is_added_and_taken_out(client, ana):
    assert "3 May 2030" in send(client, "leave", **DAYS)
    leave = Leave.objects.get()
    assert (leave.salesperson, leave.last_day) == (ana, date(2030, 5, 3))
    send(client, "remove", leave=leave.pk)
    assert not Leave.objects.exists()


def test_a_login_that_nobody_linked_is_known_by_its_address(client):
    ana = office.team().memberships.get(salesperson__name="Ana").salesperson
    client.force_login(office.user("ana", SALESPERSON))
    send(client, "leave", **DAYS)
    assert Leave.objects.get().salesperson == ana


def test_an_address_that_is_linked_to_somebody_else_is_not_taken_for_theirs(client, ana):
    Salesperson.objects.filter(pk=ana.pk).update(email="other@acme.example")
    client.force_login(office.user("other", SALESPERSON))
    assert "Your login belongs to no salesperson; nothing was changed." in send(client, "leave", **DAYS)
    assert not Leave.objects.exists()


def test_a_pause_is_set_and_ended(client, ana):
    send(client, "pause", paused_until="2030-05-01T09:00")
    ana.refresh_from_db()
    assert ana.paused_until.year == 2030
    send(client, "pause", paused_until="")
    ana.refresh_from_db()
    assert ana.paused_until is None


def test_days_that_make_no_sense_are_refused_in_words(client, ana):
    said = send(client, "leave", **DAYS | {"last_day": "2030-04-01"})
    assert "The last day cannot be before the first day." in said
    assert not Leave.objects.exists()


def test_nobody_takes_out_somebody_else_s_leave(client, ana):
    ben = office.team().memberships.get(salesperson__name="Ben").salesperson
    leave = Leave.objects.create(salesperson=ben, first_day=date(2030, 1, 1), last_day=date(2030, 1, 2))
    send(client, "remove", leave=leave.pk)
    assert Leave.objects.filter(pk=leave.pk).exists()


def test_a_login_without_a_person_is_told_what_to_do(client):
    client.force_login(office.user("mia", SALESPERSON))
    assert "belongs to no salesperson" in send(client, "pause", paused_until="")


def test_the_audit_log_has_who_set_which_leave_and_pause(client, ana):
    Preferences.objects.create(user=ana.user, language="de", time_zone="Asia/Tokyo")
    send(client, "leave", **DAYS)
    send(client, "remove", leave=Leave.objects.get().pk)
    send(client, "pause", paused_until="2030-05-01T09:00")
    send(client, "pause", paused_until="2030-05-01T09:00")
    assert [(told, who) for told, _, who in office.edits(ana)] == [
        ("Ana: Ana: on leave from 1 May 2030 to 3 May 2030.", "ana"),
        ("Ana: Ana: no leave from 1 May 2030 to 3 May 2030.", "ana"),
        ("Ana: paused until nothing becomes 1 May 2030 00:00", "ana"),
    ]
