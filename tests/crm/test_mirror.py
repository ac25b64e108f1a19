"""The mirror of the audit log: one contract for the CSV file and for Google Sheets, and the courier over both."""

import csv
import socket
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Protocol

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from crm.mirror import HEADER, Line, SheetError, from_settings
from crm.models import AuditEntry, SheetRow
from crm.services import Entry, record
from inbox_router.delivery import work_off
from tests.servers.http import BROKEN, BUSY, CLOSED, GARBAGE, HALF, RESET, Fault
from tests.servers.sheets import ACCOUNT, SHEET_ID, SheetsServer

State = SheetRow.State


@pytest.fixture
def csv_file(tmp_path: Path, settings: Settings) -> Path:
    settings.AUDIT_CSV = str(tmp_path / "log" / "audit.csv")
    return Path(settings.AUDIT_CSV)


@pytest.fixture
def google(tmp_path: Path, settings: Settings) -> Iterator[SheetsServer]:
    with SheetsServer() as server:
        settings.GOOGLE_SHEET_ID = SHEET_ID
        settings.GOOGLE_SERVICE_ACCOUNT_FILE = server.account_file(tmp_path)
        settings.GOOGLE_SHEETS_API_URL = server.url
        yield server


class Table(Protocol):
    def __call__(self) -> list[list[str]]:
        """All that is written, the header first."""
        ...


@pytest.fixture(params=["csv", "google"])
def table(request: pytest.FixtureRequest) -> Table:
    """What stands in the mirror that the settings name; the test runs once with each of the two."""
    if request.param == "csv":
        path: Path = request.getfixturevalue("csv_file")
        return lambda: list(csv.reader(path.open(encoding="utf-8", newline="")))
    server: SheetsServer = request.getfixturevalue("google")
    return lambda: server.tab("Audit").table()


def line(number: int, key: str = "") -> Line:
    return Line(number, (key or f"key {number}", *[f"{name} {number}" for name in HEADER[1:]]))


def log(*keys: str) -> None:
    record([Entry(key=key, action="filed", subject="message:1", summary=f"About {key}") for key in keys])


def keys_of(table: Table) -> list[str]:
    return [row[0] if row else "" for row in table()[1:]]


def time_passes() -> None:
    past = timezone.now() - timedelta(seconds=1)
    SheetRow.objects.update(due_at=past)
    SheetRow.objects.exclude(lease_until=None).update(lease_until=past)


# --- the contract of a Spreadsheet ------------------------------------------------------------------------


def test_a_new_mirror_is_empty(table: Table) -> None:
    assert from_settings().keys(1) == []


def test_lines_stand_below_the_header_in_their_places(table: Table) -> None:
    sheet = from_settings()
    sheet.write([line(1), line(2)])
    sheet.write([line(3)])
    assert table() == [list(HEADER), *[list(line(number).cells) for number in (1, 2, 3)]]


def test_keys_are_read_from_a_line_to_a_line_or_to_the_end(table: Table) -> None:
    from_settings().write([line(1), line(2), line(3)])
    sheet = from_settings()
    assert sheet.keys(1) == ["key 1", "key 2", "key 3"]
    assert sheet.keys(2, 2) == ["key 2"]
    assert sheet.keys(3, 9) == ["key 3"]
    assert sheet.keys(4) == []
    assert sheet.keys(7000) == []


def test_writing_a_line_again_changes_nothing(table: Table) -> None:
    sheet = from_settings()
    sheet.write([line(1), line(2)])
    before = table()
    sheet.write([line(1), line(2)])
    from_settings().write([line(2)])
    assert table() == before


def test_a_line_may_come_before_those_above_it(table: Table) -> None:
    sheet = from_settings()
    sheet.write([line(4)])
    sheet.write([line(1), line(3)])
    assert sheet.keys(1) == ["key 1", "", "key 3", "key 4"]
    from_settings().write([line(2), line(5)])
    assert table() == [list(HEADER), *[list(line(number).cells) for number in (1, 2, 3, 4, 5)]]


# --- the CSV file -----------------------------------------------------------------------------------------


def test_a_spreadsheet_program_runs_nothing_of_the_file(csv_file: Path) -> None:
    from_settings().write([Line(1, ("key", "=HYPERLINK(1)", "+1", "-1", "@x", "\t=1", "\r=1", "a\r\nb", '"q", x'))])
    assert csv_file.read_bytes().splitlines()[1:] == [b"""key,'=HYPERLINK(1),'+1,'-1,'@x,'\t=1, =1,a b,\"""q"", x\""""]


def test_a_last_line_that_a_crash_cut_is_replaced_by_the_whole_one(csv_file: Path) -> None:
    from_settings().write([line(1), line(2)])
    whole = csv_file.read_bytes()
    csv_file.write_bytes(whole[:-20])
    sheet = from_settings()
    assert sheet.keys(1) == ["key 1"]
    sheet.write([line(2)])
    assert csv_file.read_bytes() == whole


def test_a_file_that_cannot_be_written_says_which_setting_to_mend(tmp_path: Path, settings: Settings) -> None:
    settings.AUDIT_CSV = str(tmp_path)
    with pytest.raises(SheetError, match=r"^AUDIT_CSV: .* cannot be written"):
        from_settings().write([line(1)])


def test_a_shorter_file_in_the_place_of_the_old_one_is_noticed_by_an_open_courier(csv_file: Path) -> None:
    sheet = from_settings()
    sheet.write([line(1), line(2)])
    csv_file.unlink()
    sheet.write([line(1)])
    assert sheet.keys(1) == ["key 1"]


# --- Google Sheets ----------------------------------------------------------------------------------------


def test_cells_are_written_raw_so_that_google_runs_no_formula(google: SheetsServer) -> None:
    from_settings().write([Line(1, ("key", "=HYPERLINK(1)"))])
    assert google.tab("Audit").rows[2] == ["key", "=HYPERLINK(1)"]
    assert google.tab("Audit").formulas == []


def test_the_grid_grows_before_a_line_beyond_its_end_is_written(google: SheetsServer) -> None:
    sheet = from_settings()
    sheet.write([line(1)])
    sheet.write([line(4999), line(5000)])
    assert google.tab("Audit").height == 10_000
    assert sheet.keys(4999) == ["key 4999", "key 5000"]


def test_a_tab_that_another_process_made_first_is_used(google: SheetsServer) -> None:
    first, second = from_settings(), from_settings()
    google.fail("change", Fault(status=400, text='{"error": {"code": 400, "message": "A sheet already exists."}}'))
    first.write([line(1)])
    second.write([line(2)])
    assert [tab.title for tab in google.tabs] == ["Sheet1", "Audit"]
    assert second.keys(1) == ["key 1", "key 2"]


def test_a_sheet_that_is_not_shared_says_with_whom_to_share_it(google: SheetsServer) -> None:
    google.shared = False
    with pytest.raises(SheetError, match=f"share the spreadsheet with {ACCOUNT} as an editor") as refused:
        from_settings().keys(1)
    assert refused.value.permanent


def test_a_wrong_id_names_the_setting(google: SheetsServer, settings: Settings) -> None:
    settings.GOOGLE_SHEET_ID = "another"
    with pytest.raises(SheetError, match="check GOOGLE_SHEET_ID") as refused:
        from_settings().keys(1)
    assert refused.value.permanent


@pytest.mark.parametrize("content", [None, "no json", "{}"])
def test_a_key_file_of_no_use_names_the_setting(content: str | None, google: SheetsServer, settings: Settings) -> None:
    path = Path(settings.GOOGLE_SERVICE_ACCOUNT_FILE)
    path.unlink() if content is None else path.write_text(content)
    with pytest.raises(SheetError, match="GOOGLE_SERVICE_ACCOUNT_FILE must be the JSON key") as refused:
        from_settings()
    assert refused.value.permanent


def test_a_revoked_key_is_permanent_and_says_what_to_do(google: SheetsServer) -> None:
    google.fail("token", Fault(status=400, text='{"error": "invalid_grant", "error_description": "revoked"}'))
    with pytest.raises(SheetError, match="make a new key and set GOOGLE_SERVICE_ACCOUNT_FILE") as refused:
        from_settings().keys(1)
    assert refused.value.permanent


def test_a_quota_is_waited_for_as_long_as_google_asks(google: SheetsServer) -> None:
    google.fail("write", BUSY)
    with pytest.raises(SheetError, match="429") as refused:
        from_settings().write([line(1)])
    assert (refused.value.permanent, refused.value.maybe_done, refused.value.retry_after) == (False, False, 77)


@pytest.mark.parametrize("fault", [CLOSED, RESET, HALF, GARBAGE, BROKEN])
def test_a_lost_answer_is_temporary_and_asked_for_once(fault: Fault, google: SheetsServer) -> None:
    sheet = from_settings()
    google.fail("write", fault)
    with pytest.raises(SheetError) as refused:
        sheet.write([line(1)])
    assert (refused.value.permanent, refused.value.maybe_done) == (False, True)
    assert google.count("write") == 1


def test_nobody_but_google_s_two_endpoints_is_talked_to(google: SheetsServer, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as everywhere_else:
        everywhere_else.settimeout(0.5)
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{everywhere_else.getsockname()[1]}")
        from_settings().write([line(1)])
        with pytest.raises(TimeoutError):
            everywhere_else.accept()


def test_a_server_that_is_away_is_temporary(google: SheetsServer, settings: Settings) -> None:
    settings.GOOGLE_SHEETS_API_URL = "http://127.0.0.1:1"
    with pytest.raises(SheetError, match="cannot be reached") as refused:
        from_settings().keys(1)
    assert not refused.value.permanent


# --- the courier, over both -------------------------------------------------------------------------------


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
