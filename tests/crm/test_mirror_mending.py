"""What people do to the spreadsheet is noticed and mended, and nothing of theirs is touched."""

import csv
from collections.abc import Callable
from pathlib import Path

import pytest

from crm.mirror import TAB_LINES, Line, from_settings
from crm.models import SheetRow
from crm.services import MirrorState, mirror_state, resend_missing, rows_waiting
from inbox_router.delivery import work_off
from tests.crm.test_mirror import keys_of, line, log, time_passes
from tests.servers.sheets import SheetsServer

pytestmark = pytest.mark.django_db
State = SheetRow.State
Rows = list[list[str]]


class Sheet:
    """The mirror as a person sees and edits it; tabs are counted from 1."""

    def __init__(self, read: Callable[[int], Rows], change: Callable[[int, Rows], None]) -> None:
        self.rows, self.put = read, change

    def keys(self, tab: int = 1) -> list[str]:
        return keys_of(lambda: self.rows(tab))

    def edit(self, change: Callable[[Rows], Rows]) -> None:
        """Change the rows below the header."""
        header, *rows = self.rows(1)
        self.put(1, [header, *change(rows)])


def files(path: Path) -> Sheet:
    def file(tab: int) -> Path:
        return path if tab == 1 else path.with_name(f"{path.stem}-{tab}.csv")

    def put(tab: int, rows: Rows) -> None:
        with file(tab).open("w", encoding="utf-8", newline="") as target:
            csv.writer(target, lineterminator="\n").writerows(rows)

    return Sheet(lambda tab: list(csv.reader(file(tab).open(encoding="utf-8", newline=""))), put)


def tabs(server: SheetsServer) -> Sheet:
    def title(tab: int) -> str:
        return "Audit" if tab == 1 else f"Audit-{tab}"

    def put(tab: int, rows: Rows) -> None:
        server.tab(title(tab)).rows = {number: row for number, row in enumerate(rows, 1) if row}

    return Sheet(lambda tab: server.tab(title(tab)).table(), put)


@pytest.fixture(params=["csv", "google"])
def sheet(request: pytest.FixtureRequest) -> Sheet:
    if request.param == "csv":
        return files(request.getfixturevalue("csv_file"))
    return tabs(request.getfixturevalue("google"))


def written(*keys: str) -> None:
    log(*keys)
    work_off(SheetRow)
    assert not rows_waiting()


def test_after_a_full_tab_a_new_one_is_begun(sheet: Sheet) -> None:
    from_settings().write([line(TAB_LINES - 1, "the last but one")])
    written("a", "b", "c")
    assert sheet.keys(1)[-2:] == ["the last but one", "a"]
    assert sheet.keys(2) == ["b", "c"]
    assert sheet.rows(2)[0] == sheet.rows(1)[0]
    assert SheetRow.objects.get(key="b").evidence in ("Audit-2 line 1", "audit-2.csv line 1")
    written("d")
    assert sheet.keys(2) == ["b", "c", "d"]
    assert mirror_state() == MirrorState(here=4, there=4, waiting=0)


def test_a_batch_may_stand_in_two_tabs(sheet: Sheet) -> None:
    spreadsheet = from_settings()
    spreadsheet.write([line(TAB_LINES), line(TAB_LINES + 1)])
    assert spreadsheet.keys(TAB_LINES - 1) == ["", f"key {TAB_LINES}", f"key {TAB_LINES + 1}"]
    assert spreadsheet.keys(TAB_LINES + 1, TAB_LINES + 5) == [f"key {TAB_LINES + 1}"]


def test_an_emptied_row_is_written_to_its_place_again(sheet: Sheet) -> None:
    written("a", "b", "c")
    sheet.edit(lambda rows: [rows[0], [""] * 9, rows[2]])
    assert mirror_state() == MirrorState(here=3, there=2, waiting=0)
    assert resend_missing() == 1
    assert rows_waiting() == 1
    work_off(SheetRow)
    assert sheet.keys() == ["a", "b", "c"]
    assert resend_missing() == 0
    assert mirror_state() == MirrorState(here=3, there=3, waiting=0)


def test_what_a_person_wrote_over_a_row_stays_and_the_row_is_written_below(sheet: Sheet) -> None:
    written("a", "b", "c")
    sheet.edit(lambda rows: [rows[0], ["a person's note"], rows[2]])
    assert resend_missing(whole=False) == 1
    work_off(SheetRow)
    assert sheet.keys() == ["a", "a person's note", "c", "b"]
    assert resend_missing() == 0


@pytest.mark.parametrize(
    "change",
    [
        lambda rows: rows[::-1],
        lambda rows: rows[1:],
        lambda rows: [rows[0], *rows[2:]],
        lambda rows: [rows[0], ["a person's row"], *rows[1:]],
    ],
    ids=["sorted", "first row deleted", "row deleted", "row inserted"],
)
def test_where_rows_stand_on_other_lines_a_fresh_tab_is_begun(change: Callable[[Rows], Rows], sheet: Sheet) -> None:
    written("a", "b", "c", "d")
    sheet.edit(change)
    theirs = sheet.rows(1)
    assert resend_missing() == 4
    work_off(SheetRow)
    assert sheet.keys(2) == ["a", "b", "c", "d"]
    assert sheet.rows(1) == theirs
    written("e")
    assert sheet.keys(2) == ["a", "b", "c", "d", "e"]
    assert resend_missing() == 0
    assert mirror_state() == MirrorState(here=5, there=5, waiting=0)


def test_a_sorted_sheet_is_noticed_before_anything_is_written_below(sheet: Sheet) -> None:
    written("a", "b", "c")
    sheet.edit(lambda rows: rows[::-1])
    written("d")
    assert sheet.keys(1) == ["c", "b", "a"]
    assert sheet.keys(2) == ["a", "b", "c", "d"]


def test_other_cells_and_rows_below_are_the_people_s_own(sheet: Sheet) -> None:
    written("a", "b")
    sheet.edit(lambda rows: [[*rows[0][:8], "my remark"], rows[1], ["my row"]])
    assert resend_missing() == 0
    written("c")
    assert sheet.keys() == ["a", "b", "my row", "c"]
    assert sheet.rows(1)[1][8] == "my remark"


def test_an_older_full_tab_is_mended_as_well_when_a_person_asks(sheet: Sheet) -> None:
    from_settings().write([line(TAB_LINES - 2, "the last but two")])
    written("a", "b", "c")
    header, *rows = sheet.rows(1)
    sheet.put(1, [header, *rows[:-2], rows[-1], rows[-2]])
    assert resend_missing(whole=False) == 0
    assert resend_missing() == 2
    work_off(SheetRow)
    assert [key for key in sheet.keys(3) if key] == ["a", "b"]
    written("d")
    assert sheet.keys(4) == ["d"]
    assert sheet.keys(2) == ["c"]
    assert resend_missing() == 0


def test_with_a_restored_database_a_tab_that_was_begun_anew_is_recognised(sheet: Sheet) -> None:
    written("a", "b", "c")
    sheet.edit(lambda rows: rows[::-1])
    resend_missing()
    work_off(SheetRow)
    for number, key in enumerate("abc", 1):  # as in a backup from before
        SheetRow.objects.filter(key=key).update(line=number)
    written("d")
    assert sheet.keys(2) == ["a", "b", "c", "d"]


def test_a_restored_database_recognises_a_forgotten_row_also_after_it_wrote_others_below(sheet: Sheet) -> None:
    written("a", "b", "c")
    for key in "bc":  # as in a backup from before
        SheetRow.objects.filter(key=key).update(state=State.CANCELLED, line=None)
    written("d")
    SheetRow.objects.filter(key="b").update(state=State.OWED)
    written("e")
    assert sheet.keys() == ["a", "b", "c", "d", "e"]
    assert SheetRow.objects.get(key="b").line == 2


def test_rows_that_are_just_being_written_are_not_taken_for_missing(sheet: Sheet) -> None:
    written("a")
    log("b")
    SheetRow.claim(SheetRow.objects.get(key="b").due_at)
    assert resend_missing() == 0
    time_passes()
    work_off(SheetRow)
    assert sheet.keys() == ["a", "b"]


def test_a_tab_that_a_person_deleted_is_made_again(google: SheetsServer) -> None:
    written("a", "b")
    google.tabs = [tab for tab in google.tabs if tab.title != "Audit"]
    assert resend_missing() == 2
    work_off(SheetRow)
    assert tabs(google).keys() == ["a", "b"]


def test_google_knows_no_difference_between_capitals(google: SheetsServer) -> None:
    from_settings().write([Line(1, ("mine",))])
    google.tab("Audit").title = "AUDIT"
    assert from_settings().keys(1) == ["mine"]


def test_a_full_spreadsheet_says_what_to_do(google: SheetsServer) -> None:
    google.tabs[0].height = 10_000_000 // 26
    log("a")
    assert work_off(SheetRow) == {"failed": 1}
    assert "The spreadsheet is full: make a new one" in SheetRow.objects.get().error


def test_an_empty_log_opens_nothing(google: SheetsServer) -> None:
    assert resend_missing() == 0
    assert google.calls == []
