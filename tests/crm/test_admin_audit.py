"""The audit log's page: found by what it is about, filtered, and taken away as a file without formulas."""

import csv
import io
from datetime import datetime

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse
from openpyxl import load_workbook

from crm.admin import audit
from crm.admin.audit import as_text
from crm.models import AuditEntry, SheetRow
from crm.services import Entry, record
from inbox_router.models import Preferences
from tests import office

pytestmark = pytest.mark.django_db
LIST = "/admin/crm/auditentry/"


def log(key: str, **fields: str) -> None:
    told = {"action": "received", "subject": f"message:{key}", "summary": "Received: Springs", "sender": "b@c.example"}
    record([Entry(key=key, **(told | fields))])


def exported(client: Client, form: int = 0, query: str = "") -> bytes:
    answer = client.post(f"{LIST}export/{query}", {"format": form, "resource": ""})
    assert answer.status_code == 200
    assert answer["Content-Disposition"].startswith("attachment")
    return answer.content


def lines(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode())))


def test_the_log_is_taken_away_as_csv_with_what_stands_in_the_sheet(boss):
    log("1")
    log("2", summary="Second")
    SheetRow.objects.filter(key="1").update(state="done")
    rows = lines(exported(boss))
    assert [(row["key"], row["summary"], row["in the sheet"]) for row in rows] == [
        ("2", "Second", "owed"),
        ("1", "Received: Springs", "done"),
    ]


def test_the_times_of_a_file_are_the_offices_with_their_offset(boss, settings):
    settings.TIME_ZONE = "Asia/Kolkata"
    Preferences.objects.create(user=office.boss(), time_zone="America/St_Johns")
    log("1")
    time = lines(exported(boss))[0]["time"]
    assert time.endswith("+05:30")
    assert datetime.fromisoformat(time) == AuditEntry.objects.get().at.replace(microsecond=0)


def test_the_log_is_taken_away_as_xlsx(boss):
    log("1", summary="A bell \x07 rings")
    sheet = load_workbook(io.BytesIO(exported(boss, 1))).active
    told = dict(zip(*([cell.value for cell in row] for row in sheet.iter_rows(max_row=2)), strict=True))
    assert told["summary"] == "A bell  rings"
    assert told["sender"] == "b@c.example"


def test_the_file_has_what_the_list_is_filtered_to(boss):
    log("1")
    log("2", action="assigned", summary="To Ana")
    assert [row["key"] for row in lines(exported(boss, query="?action=assigned"))] == ["2"]


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "  =1", "'=1", "|calc", "%0A=1", "\r=1"])
def test_no_cell_is_a_formula(boss, cell):
    log("1", mail_subject=cell, sender=cell)
    row = lines(exported(boss))[0]
    assert row["mail_subject"].startswith("'")
    assert row["sender"].startswith("'")
    sheet = load_workbook(io.BytesIO(exported(boss, 1))).active
    assert "f" not in {one.data_type for line in sheet.iter_rows() for one in line}


def test_what_is_no_formula_stays_as_it_is():
    assert [as_text(cell) for cell in ("Springs", "5 = 5", "a@b.example", "")] == [
        "Springs",
        "5 = 5",
        "a@b.example",
        "",
    ]


def test_too_much_for_one_file_is_refused_and_says_what_to_do(boss, monkeypatch):
    monkeypatch.setattr(audit, "EXPORTED", 1)
    log("1")
    log("2")
    answer = boss.post(f"{LIST}export/", {"format": 0, "resource": ""}, follow=True)
    assert "Filter the list by date first" in answer.content.decode()


def test_only_those_with_the_right_may_take_it_away(client):
    reader = User.objects.create(username="reader", is_staff=True)
    reader.user_permissions.add(Permission.objects.get(codename="view_auditentry"))
    client.force_login(reader)
    assert "export/" not in client.get(LIST).content.decode()
    assert client.get(f"{LIST}export/").status_code == 403
    assert client.post(f"{LIST}export/", {"format": 0, "resource": ""}).status_code == 403


def test_an_entry_is_found_by_what_it_is_about_and_by_its_sender(boss):
    log("1", summary="The first")
    log("2", summary="The second", sender="anna@other.example")
    assert found(boss, "message:2") == found(boss, "Anna@") == ["The second"]
    assert found(boss, "message") == []
    assert found(boss, "") == ["The second", "The first"]


def found(client: Client, asked: str) -> list[str]:
    page = client.get(reverse("admin:crm_auditentry_changelist"), {"q": asked})
    return [entry.summary for entry in page.context["cl"].result_list]


def test_the_list_is_filtered_by_actor_action_and_state_in_the_sheet(boss):
    log("1")
    log("2", action="drafted 12ab", actor_kind="model")
    SheetRow.objects.filter(key="1").update(state="done")
    for query in ("actor_kind=model", "action=drafted", "sheet_row__state__exact=owed"):
        page = boss.get(f"{LIST}?{query}")
        assert [entry.key for entry in page.context["cl"].result_list] == ["2"], query
