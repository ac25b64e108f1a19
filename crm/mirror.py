"""The spreadsheet that mirrors the audit log: one small interface, two implementations, and their courier.

`sheets.py` writes to Google Sheets; `csvfile.py` is the embedded default that needs no account. Rows go to
lines that our database gave out, so that writing one again changes nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, Protocol, Self

from django.conf import settings
from django.db import IntegrityError
from django.db.models import prefetch_related_objects

from inbox_router.delivery import DeliveryError, Outcome, Probe, Seen

if TYPE_CHECKING:
    from crm.models import SheetRow

HEADER = ("key", "time (UTC)", "actor", "action", "about", "sender", "mail subject", "summary", "reason")


@dataclass(frozen=True)
class Line:
    """One row of the spreadsheet: its number, 1 being the first below the header, and its cells, the key first."""

    number: int
    cells: tuple[str, ...]


class SheetError(DeliveryError):
    """The spreadsheet could not be read or written."""


class Spreadsheet(Protocol):
    """Where the log is mirrored to. `name` is what people know it by."""

    name: str

    def keys(self, first: int, last: int | None = None) -> list[str]:
        """The keys of the lines from `first` to `last` or to the end; "" for an empty line. Raises SheetError."""
        ...

    def write(self, lines: Sequence[Line]) -> None:
        """Write each line in its place, and the header above the first. Raises SheetError."""
        ...


def from_settings() -> Spreadsheet:
    """The Google spreadsheet if GOOGLE_SHEET_ID names one, else the CSV file."""
    if settings.GOOGLE_SHEET_ID:
        from crm.sheets import GoogleSheet  # takes a third of a second, which nobody else should wait

        return GoogleSheet.from_settings()
    from crm.csvfile import CsvFile

    return CsvFile(settings.AUDIT_CSV)


class SheetCourier:
    """Gives each row its line and writes it there. A line that holds something else is never overwritten."""

    def __enter__(self) -> Self:
        self._sheet: Spreadsheet | None = None
        self._trouble: SheetError | None = None
        self._end = 0  # the last line in use when the sheet was opened
        self._unplaced: dict[str, int] = {}  # keys that are in the sheet on lines that our database never gave out
        return self

    def __exit__(self, *exc: object) -> None: ...

    def probe(self, batch: "Sequence[SheetRow]") -> Mapping[int, Probe]:
        """Look at the lines that were given out before, and give one to each row that has none."""
        with self._one_trouble_is_enough():
            sheet = self._sheet or self._opened(type(batch[0]))
            for row in batch:
                row.line = row.line or self._unplaced.get(row.key)
            there = _keys(sheet, [row.line for row in batch if row.line])
            for row in batch:
                if there.get(row.line, "") not in ("", row.key):
                    row.line = None
            try:
                type(batch[0]).give_lines(batch, after=self._end)
            except IntegrityError:
                raise SheetError("another process gives out lines at this moment") from None
        return {row.pk: Probe(Seen.FOUND, self._place(row)) for row in batch if there.get(row.line) == row.key}

    def perform(self, batch: "Sequence[SheetRow]") -> Mapping[int, Outcome]:
        prefetch_related_objects(batch, "entry")
        lines = [Line(row.line, row.cells()) for row in batch if row.line]
        with self._one_trouble_is_enough():
            (self._sheet or self._opened(type(batch[0]))).write(sorted(lines, key=attrgetter("number")))
        return {row.pk: self._place(row) for row in batch}

    def _opened(self, kind: "type[SheetRow]") -> Spreadsheet:
        """Open the sheet and compare its end with what was given out.

        It ends too early when somebody cut it or connected another one: what is missing is owed again. It ends
        too late when our database is an older one, restored: those lines are recognised, not written twice.
        """
        sheet, known = from_settings(), kind.last_line()
        first = max(known, 1)
        keys = sheet.keys(first)
        if known and not keys:
            kind.owe_again(after=len(sheet.keys(1)))
        self._end = first - 1 + len(keys)
        self._unplaced = {key: line for line, key in enumerate(keys, first) if line > known}
        self._sheet = sheet
        return sheet

    def _place(self, row: "SheetRow") -> str:
        return f"{self._sheet.name if self._sheet else ''} line {row.line}"

    @contextmanager
    def _one_trouble_is_enough(self) -> Iterator[None]:
        """After an error the rest of a working-off is put off without troubling the other side again."""
        if self._trouble:
            raise SheetError(f"not tried: {self._trouble}", retry_after=self._trouble.retry_after)
        try:
            yield
        except SheetError as error:
            self._trouble = error
            raise


def _keys(sheet: Spreadsheet, numbers: Sequence[int]) -> dict[int | None, str]:
    """The keys that stand on these lines."""
    if not numbers:
        return {}
    first = min(numbers)
    return dict(enumerate(sheet.keys(first, max(numbers)), first))
