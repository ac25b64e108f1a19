"""The spreadsheets: one contract for the CSV file and for Google Sheets, and what is each one's own."""

import socket
from pathlib import Path

import pytest
from pytest_django import Settings

from crm.mirror import HEADER, Line, SheetError, from_settings
from tests.crm.conftest import Table
from tests.servers.http import BROKEN, BUSY, CLOSED, GARBAGE, HALF, RESET, Fault
from tests.servers.sheets import ACCOUNT, SheetsServer


def line(number: int, key: str = "") -> Line:
    return Line(number, (key or f"key {number}", *[f"{name} {number}" for name in HEADER[1:]]))


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


@pytest.mark.parametrize(("request_name", "status"), [("token", 503), ("open", 401), ("open", 503), ("read", 401)])
def test_what_google_refuses_is_asked_for_once(request_name: str, status: int, google: SheetsServer) -> None:
    sheet = from_settings()
    sheet.write([line(1)]) if request_name == "read" else None
    before = google.count(request_name)
    google.fail(request_name, *[Fault(status=status, text="{}", applied=False)] * 5)
    with pytest.raises(SheetError) as refused:
        sheet.keys(1)
    assert refused.value.blocked == (status == 401 or request_name == "token")
    assert google.count(request_name) == before + 1


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
