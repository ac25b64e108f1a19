"""The spreadsheet's page: what waits, what is missing there, and one press to write it again."""

from pathlib import Path

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from crm.models import SheetRow
from crm.services import Entry, record
from inbox_router.delivery import work_off

pytestmark = pytest.mark.django_db
PAGE = "/admin/crm/sheetrow/mirror/"


@pytest.fixture
def written(csv_file: Path) -> Path:
    record([Entry(key=key, action="a", subject="s", summary=f"Row {key}") for key in "abc"])
    work_off(SheetRow)
    return csv_file


def press(client: Client, deed: str) -> str:
    return client.post(PAGE, {"deed": deed}, follow=True).content.decode()


def test_it_says_how_many_rows_wait(boss, written):
    assert "0 rows wait to be written." in boss.get(PAGE).content.decode()
    record([Entry(key="d", action="a", subject="s", summary="Row d")])
    assert "1 row waits to be written." in boss.get(PAGE).content.decode()


def test_rows_that_somebody_deleted_are_counted_and_written_again(boss, written):
    assert "All 3 rows that were written stand there" in press(boss, "compare")
    header, first, _, last = written.read_text().splitlines()
    written.write_text("\n".join([header, first, "", last]) + "\n")
    assert "1 of the 3 rows that were written are missing there." in press(boss, "compare")
    assert "1 row is written again." in press(boss, "resend")
    work_off(SheetRow)
    assert "Row b" in written.read_text()
    assert "No row is missing there" in press(boss, "resend")


def test_a_spreadsheet_that_cannot_be_read_is_told(boss, written):
    written.unlink()
    written.mkdir()
    assert "The spreadsheet could not be read" in press(boss, "compare")


def test_who_may_only_look_changes_nothing(client, written):
    reader = User.objects.create(username="reader", is_staff=True)
    reader.user_permissions.add(Permission.objects.get(codename="view_sheetrow"))
    client.force_login(reader)
    assert "Write missing rows again" not in client.get(PAGE).content.decode()
    assert client.post(PAGE, {"deed": "resend"}).status_code == 403
