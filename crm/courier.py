"""Carries the audit log's rows into the spreadsheet."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Self

from django.db import IntegrityError
from django.db.models import prefetch_related_objects

from crm.mending import lost, mend
from crm.mirror import Line, SheetError, Spreadsheet, first_line, from_settings, tab_of
from inbox_router.couriers import Outcome, Patience, Probe, Seen

if TYPE_CHECKING:
    from crm.models import SheetRow

WINDOW = 200  # of the lines written last are looked at before anything is written below them
RECENT = 20_000  # lines, those of some days: among them a restored database looks for what it has forgotten


class SheetCourier:
    """Gives each row its line and writes it there. A line that holds something else is never overwritten."""

    def __enter__(self) -> Self:
        self._sheet: Spreadsheet | None = None
        self._patience = Patience()
        self._end = 0  # the last line in use when the sheet was opened
        self._unplaced: dict[str, int] = {}  # keys that are in the sheet on lines that our database never gave out
        return self

    def __exit__(self, *exc: object) -> None: ...

    def probe(self, batch: "Sequence[SheetRow]") -> Mapping[int, Probe]:
        """Look at the lines that were given out before, and give one to each row that has none."""
        kind = type(batch[0])
        with self._patience.once():
            sheet = self._sheet or self._opened(batch)
            there = _keys(sheet, [row.line for row in batch if row.line])
            for row in batch:
                if there.get(row.line, "") not in ("", row.key):
                    row.line = None
                if row.line is None and (line := self._unplaced.get(row.key)):
                    row.line, there[line] = line, row.key
            try:
                kind.give_lines(batch, after=self._end)
            except IntegrityError:
                raise SheetError("another process gives out lines at this moment") from None
            standing = [row for row in batch if row.line and there.get(row.line) == row.key]
            return {row.pk: Probe(Seen.FOUND, sheet.place(row.line)) for row in standing if row.line}

    def perform(self, batch: "Sequence[SheetRow]") -> Mapping[int, Outcome]:
        prefetch_related_objects(batch, "entry")
        with self._patience.once():
            sheet = self._sheet or self._opened(batch)
            placed = {row.pk: row.line for row in batch if row.line}
            sheet.write([Line(placed[row.pk], row.cells()) for row in batch if row.pk in placed])
            return {pk: sheet.place(line) for pk, line in placed.items()}

    def _opened(self, batch: "Sequence[SheetRow]") -> Spreadsheet:
        """Open the sheet and compare the end of it with what was written there.

        It differs when somebody sorted or cut it, or connected another one: what is missing is owed again. It ends
        too late when our database is an older one, restored: those lines are recognised, not written twice.
        """
        kind, sheet = type(batch[0]), from_settings()
        first = _first_to_read(kind)
        written, keys = kind.written(first), sheet.keys(first)
        if lost(written, dict(enumerate(keys, first))):
            mend(kind, sheet)
            kind.read_lines(batch)
            first = _first_to_read(kind)
            keys = sheet.keys(first)
        given = kind.given(first)
        self._end = first - 1 + len(keys)
        self._unplaced = {key: line for line, key in enumerate(keys, first) if key and line not in given}
        self._sheet = sheet
        return sheet


def _first_to_read(kind: "type[SheetRow]") -> int:
    """The line from which to read to the end: further up where an older, restored database gave none out."""
    known = kind.last_line()
    recent = max(known - RECENT, 0) + 1
    given = kind.given(recent)
    not_given = (line for line in range(recent, known + 1) if line not in given)
    window = max(known - WINDOW + 1, first_line(tab_of(max(known, 1))))
    return min(window, next(not_given, window))


def _keys(sheet: Spreadsheet, numbers: Sequence[int]) -> dict[int | None, str]:
    """The keys that stand on these lines."""
    if not numbers:
        return {}
    first = min(numbers)
    return dict(enumerate(sheet.keys(first, max(numbers)), first))
