"""The courier of the audit log's rows, over the CSV file and over Google Sheets."""

import threading
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone

from crm.mirror import HEADER, Line, from_settings
from crm.models import AuditEntry, SheetRow
from crm.services import Entry, record
from inbox_router.delivery import work_off
from tests.crm.conftest import Table
from tests.servers.http import BROKEN, BUSY, CLOSED, GARBAGE, HALF, RESET, Fault
from tests.servers.sheets import SheetsServer

State = SheetRow.State


def log(*keys: str) -> None:
    record([Entry(key=key, action="filed", subject="message:1", summary=f"About {key}") for key in keys])


def keys_of(table: Table) -> list[str]:
    return [row[0] if row else "" for row in table()[1:]]


def time_passes() -> None:
    past = timezone.now() - timedelta(seconds=1)
    SheetRow.objects.update(due_at=past)
    SheetRow.objects.exclude(lease_until=None).update(lease_until=past)


def line(number: int, key: str = "") -> Line:
    return Line(number, (key or f"key {number}", *[f"{name} {number}" for name in HEADER[1:]]))


@pytest.mark.django_db
def test_every_entry_has_one_row_and_a_further_run_writes_nothing(table: Table) -> None:
    log("a", "b", "c")
    assert work_off(SheetRow) == {"done": 3}
    before = table()
    assert keys_of(table) == ["a", "b", "c"]
    assert work_off(SheetRow) == {}
    log("a", "d")
    assert work_off(SheetRow) == {"done": 1}
    assert keys_of(table) == ["a", "b", "c", "d"]
    assert table()[:4] == before


@pytest.mark.django_db
def test_a_row_shows_what_happened_to_what_by_whom_and_why(table: Table) -> None:
    texts = {"reason": "It asks for a price", "sender": "ana@example.com", "mail_subject": "Price?", "actor": "Ben"}
    record([Entry(key="k", action="filed", subject="message:12", summary="A lead", **texts)])
    work_off(SheetRow)
    at = AuditEntry.objects.get().at.strftime("%Y-%m-%d %H:%M:%S")
    expected = ["k", at, "Ben", "filed", "message:12", "ana@example.com", "Price?", "A lead", "It asks for a price"]
    assert table()[1] == expected
    assert SheetRow.objects.get().evidence.endswith(" line 1")


@pytest.mark.django_db
def test_many_entries_are_written_in_order_and_in_few_requests(google: SheetsServer) -> None:
    log(*[f"entry {number}" for number in range(450)])
    assert work_off(SheetRow) == {"done": 450}
    assert keys_of(google.tab("Audit").table) == [f"entry {number}" for number in range(450)]
    assert google.count("write") == 3
    assert google.count("token") == 1


@pytest.mark.django_db
@pytest.mark.parametrize("fault", [CLOSED, RESET, HALF, GARBAGE, BROKEN, BUSY])
def test_an_answer_that_was_lost_leads_to_no_second_row(fault: Fault, google: SheetsServer) -> None:
    google.fail("write", fault)
    log("a", "b")
    assert work_off(SheetRow) == {"owed": 2}
    assert all("Google" in row.error for row in SheetRow.objects.all())
    log("c")
    time_passes()
    assert work_off(SheetRow) == {"done": 3}
    assert keys_of(google.tab("Audit").table) == ["a", "b", "c"]


@pytest.mark.django_db
def test_rows_that_a_dead_worker_wrote_or_not_are_each_there_once(table: Table) -> None:
    log("a", "b")
    work_off(SheetRow)
    SheetRow.objects.update(state=State.OWED)
    SheetRow.claim(timezone.now())
    log("c")
    assert work_off(SheetRow) == {"done": 1}
    time_passes()
    assert work_off(SheetRow) == {"done": 2}
    assert keys_of(table) == ["a", "b", "c"]


@pytest.mark.django_db
def test_a_worker_that_died_between_giving_lines_and_writing_them_leaves_no_gap(table: Table) -> None:
    log("a", "b")
    _, taken = SheetRow.claim(timezone.now())
    SheetRow.give_lines(taken, after=0)
    log("c")
    work_off(SheetRow)
    time_passes()
    work_off(SheetRow)
    assert keys_of(table) == ["a", "b", "c"]


@pytest.mark.django_db
def test_what_stands_in_the_sheet_already_is_never_overwritten(table: Table) -> None:
    from_settings().write([line(1, "of an earlier installation"), line(2, "of an earlier installation, too")])
    log("a")
    work_off(SheetRow)
    assert keys_of(table) == ["of an earlier installation", "of an earlier installation, too", "a"]


@pytest.mark.django_db
def test_a_line_that_was_given_but_holds_something_else_now_is_left_alone(google: SheetsServer) -> None:
    log("a", "b")
    google.fail("write", BUSY)
    work_off(SheetRow)
    google.tab("Audit").rows[2] = ["a person's note"]
    time_passes()
    work_off(SheetRow)
    assert sorted(keys_of(google.tab("Audit").table)) == ["a", "a person's note", "b"]


@pytest.mark.django_db
def test_with_a_restored_database_rows_that_stand_there_are_recognised(table: Table) -> None:
    log("a", "b", "c")
    work_off(SheetRow)
    SheetRow.objects.filter(key__in="bc").update(state=State.OWED, line=None)  # as in a backup from before
    log("d")
    assert work_off(SheetRow) == {"done": 3}
    assert keys_of(table) == ["a", "b", "c", "d"]


@pytest.mark.django_db
def test_rows_that_somebody_cut_off_the_end_are_written_again(table: Table, request: pytest.FixtureRequest) -> None:
    log("a", "b", "c")
    work_off(SheetRow)
    cut_after_first_row(request)
    log("d")
    work_off(SheetRow)
    time_passes()
    work_off(SheetRow)
    assert keys_of(table) == ["a", "b", "c", "d"]


def cut_after_first_row(request: pytest.FixtureRequest) -> None:
    if "google" in request.fixturenames:
        rows = request.getfixturevalue("google").tab("Audit").rows
        del rows[3], rows[4]
    else:
        path: Path = request.getfixturevalue("csv_file")
        path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:2]))


@pytest.mark.django_db
def test_a_mirror_that_is_connected_later_gets_the_whole_log(csv_file: Path, request: pytest.FixtureRequest) -> None:
    log("a", "b")
    work_off(SheetRow)
    google: SheetsServer = request.getfixturevalue("google")
    log("c")
    work_off(SheetRow)
    work_off(SheetRow)
    assert keys_of(google.tab("Audit").table) == ["a", "b", "c"]


@pytest.mark.django_db
def test_after_one_refusal_the_other_side_is_left_in_peace_for_this_run(google: SheetsServer) -> None:
    log(*[f"entry {number}" for number in range(450)])
    google.fail("write", BUSY)
    assert work_off(SheetRow) == {"owed": 450}
    assert google.count("write") == 1
    assert SheetRow.objects.filter(in_doubt=True).count() == 0
    assert min(SheetRow.objects.values_list("due_at", flat=True)) > timezone.now() + timedelta(seconds=70)


@pytest.mark.django_db(transaction=True)
def test_workers_side_by_side_write_each_entry_once_and_leave_no_gap(table: Table) -> None:
    log(*[f"entry {number}" for number in range(900)])

    def work() -> None:
        work_off(SheetRow)
        connection.close()

    workers = [threading.Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    for _ in range(5):  # one that came too early or at the same instant was put off
        time_passes()
        work_off(SheetRow)
    assert SheetRow.objects.filter(state=State.DONE).count() == 900
    assert sorted(keys_of(table)) == sorted(f"entry {number}" for number in range(900))
