"""The spreadsheet that mirrors the audit log: one small interface and two implementations.

`sheets.py` writes to Google Sheets; `csvfile.py` is the embedded default that needs no account. Rows go to
lines that our database gave out, so that writing one again changes nothing. The lines are counted through
all tabs: which tab one stands in is arithmetic.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Protocol

from django.conf import settings

from inbox_router.couriers import DeliveryError

HEADER = ("key", "time (UTC)", "actor", "action", "about", "sender", "mail subject", "summary", "reason")
TAB_LINES = 100_000  # then a new tab is begun; it stays quick to open and to check


@dataclass(frozen=True)
class Line:
    """One row of the spreadsheet: its number, 1 being the first below the header, and its cells, the key first."""

    number: int
    cells: tuple[str, ...]


class SheetError(DeliveryError):
    """The spreadsheet could not be read or written."""


class Book(Protocol):
    """Where the log is mirrored to: tabs, each with a header and its own lines, all counted from 1."""

    def name(self, tab: int) -> str:
        """What people know the tab by."""
        ...

    def has(self, tab: int) -> bool:
        """Whether the tab was begun. Raises SheetError."""
        ...

    def keys(self, tab: int, first: int, last: int) -> list[str]:
        """The keys of the lines from `first` to `last`, as far as there are any; "" for an empty line.

        Raises SheetError.
        """
        ...

    def write(self, tab: int, lines: Sequence[Line]) -> None:
        """Write each line in its place, and the header above the first. Raises SheetError."""
        ...


class Spreadsheet:
    """The mirrored log as one long table."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self.name = book.name(1)

    def place(self, line: int) -> str:
        """Where people find a line."""
        tab = tab_of(line)
        return f"{self._book.name(tab)} line {line - first_line(tab) + 1}"

    def keys(self, first: int, last: int | None = None) -> list[str]:
        """The keys of the lines from `first` to `last` or to the end; "" for an empty line. Raises SheetError."""
        found: list[str] = []
        tab = tab_of(first)
        while tab <= tab_of(last) if last else tab == tab_of(first) or self._book.has(tab):
            before = first_line(tab) - 1
            start = max(first - before, 1)
            end = min(last - before, TAB_LINES) if last else TAB_LINES
            if keys := self._book.keys(tab, start, end):
                found += [""] * (before + start - first - len(found)) + keys
            tab += 1
        return found

    def write(self, lines: Sequence[Line]) -> None:
        """Write each line in its place. Raises SheetError."""
        ordered = sorted(lines, key=lambda line: line.number)
        for tab, run in groupby(ordered, key=lambda line: tab_of(line.number)):
            before = first_line(tab) - 1
            self._book.write(tab, [replace(line, number=line.number - before) for line in run])


def tab_of(line: int) -> int:
    """The number of the tab that a line stands in."""
    return (line - 1) // TAB_LINES + 1


def first_line(tab: int) -> int:
    """The first line of a tab."""
    return (tab - 1) * TAB_LINES + 1


def from_settings() -> Spreadsheet:
    """The Google spreadsheet if GOOGLE_SHEET_ID names one, else the CSV file."""
    if settings.GOOGLE_SHEET_ID:
        from crm.sheets import GoogleSheet  # takes a third of a second, which nobody else should wait

        return Spreadsheet(GoogleSheet.from_settings())
    from crm.csvfile import CsvFile

    return Spreadsheet(CsvFile(settings.AUDIT_CSV))
