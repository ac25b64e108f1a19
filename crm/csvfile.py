"""The audit log's mirror as a CSV file: the embedded default, for which nobody needs an account."""

import csv
import fcntl
import io
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from crm.mirror import HEADER, Line, SheetError

# A spreadsheet program would run a cell that begins with one of these: https://owasp.org/www-community/attacks/CSV_Injection
FORMULA = ("=", "+", "-", "@", "\t", "\r")


class CsvFile:
    """A Book in files: audit.csv, audit-2.csv and so on. One entry is one physical line, so that positions hold.

    Lines are appended; one that comes after those behind it finds an empty line in its place.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    def name(self, tab: int) -> str:
        return self._file(tab).name

    def has(self, tab: int) -> bool:
        return self._file(tab).exists()

    def keys(self, tab: int, first: int, last: int) -> list[str]:
        path = self._file(tab)
        with self._troubles():
            if not path.exists():
                return []
            with path.open(encoding="utf-8", errors="replace", newline="\n") as file:
                whole = (line for line in file if line.endswith("\n"))  # a crash may have cut the last one
                return [_first_cell(line) for line in islice(whole, first, last + 1)]

    def write(self, tab: int, lines: Sequence[Line]) -> None:
        new = {line.number: _as_line(line.cells) for line in lines}
        with self._troubles(), self._locked(self._file(tab)) as file:
            end = self._complete_lines(file)
            new |= {} if end else {0: _as_line(HEADER)}
            start = min(end, *new)
            old = self._take_off(file, start) if start < end else []
            numbers = range(start, max(end, *(number + 1 for number in new)))
            file.writelines(new.get(number) or (old[number - start] if number < end else b"\n") for number in numbers)
            file.flush()
            os.fsync(file.fileno())

    def _file(self, tab: int) -> Path:
        return self.path if tab == 1 else self.path.with_stem(f"{self.path.stem}-{tab}")

    @contextmanager
    def _locked(self, path: Path) -> Iterator[BinaryIO]:
        """The file, for this process alone."""
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield file

    def _complete_lines(self, file: BinaryIO) -> int:
        """Count the lines, header included. A last one that a crash left unfinished is cut off."""
        size = lines = 0
        file.seek(0)
        for line in file:
            if not line.endswith(b"\n"):
                file.truncate(size)
                break
            size, lines = size + len(line), lines + 1
        return lines

    def _take_off(self, file: BinaryIO, start: int) -> list[bytes]:
        """Remove the lines from `start` on. If they are lost in a crash now, the database owes them again."""
        file.seek(0)
        size = sum(len(line) for line in islice(file, start))
        lines = file.readlines()
        file.truncate(size)
        return lines

    @contextmanager
    def _troubles(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            reason = f"AUDIT_CSV: {self.path} cannot be written ({error.strerror})"
            raise SheetError(reason, permanent=True, blocked=True) from error


def _as_line(cells: Sequence[str]) -> bytes:
    """One line of CSV in which no cell spans lines or begins a formula."""
    line = io.StringIO()
    flat = (re.sub(r"[\r\n]+", " ", cell) for cell in cells)
    csv.writer(line, lineterminator="\n").writerow(f"'{cell}" if cell.startswith(FORMULA) else cell for cell in flat)
    return line.getvalue().encode()


def _first_cell(line: str) -> str:
    return (next(csv.reader([line]), None) or [""])[0]
