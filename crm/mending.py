"""Rows that people sorted, emptied or deleted in the spreadsheet are noticed and written again.

Only the keys are compared: what people change in the other cells is theirs. Nothing of theirs is overwritten.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from crm.mirror import Spreadsheet, first_line, tab_of

if TYPE_CHECKING:
    from crm.models import SheetRow


def mend(kind: "type[SheetRow]", sheet: Spreadsheet, *, whole: bool = True) -> int:
    """Owe again what is missing in the tab that is written now, or in the `whole` spreadsheet; how many rows.

    A missing row goes back to its line, or below all others if something else stands there. Where rows stand on
    other lines than their own, nobody can say any more which line is free: that tab is left to the people who
    sorted it, and its rows are written to a fresh one. Raises SheetError.
    """
    last = tab_of(max(kind.last_line(), 1))
    owed = 0
    for tab in range(1 if whole else last, last + 1):
        written, there = in_tab(kind, sheet, tab)
        gone = lost(written, there)
        if misplaced(written, there, gone):
            owed += kind.begin_anew(tab)
        elif gone:
            owed += kind.owe_again(gone)
    return owed


def in_tab(kind: "type[SheetRow]", sheet: Spreadsheet, tab: int) -> tuple[dict[int, str], dict[int, str]]:
    """The keys by line: those that were written to a tab, and those that stand there now."""
    first, last = first_line(tab), first_line(tab + 1) - 1
    written = kind.written(first, last)  # before the sheet is read: what another process writes now is not missing
    return written, dict(enumerate(sheet.keys(first, last), first)) if written else {}


def lost(written: Mapping[int, str], there: Mapping[int, str]) -> list[int]:
    """The lines on which the key does not stand that was written there. Pure."""
    return [line for line, key in written.items() if there.get(line) != key]


def misplaced(written: Mapping[int, str], there: Mapping[int, str], gone: list[int]) -> bool:
    """Whether one of the missing keys stands on another line. Pure."""
    standing = set(there.values()) if gone else set()
    return any(written[line] in standing for line in gone)
