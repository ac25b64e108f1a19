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
    """A Spreadsheet in a file. One entry is one physical line, so that positions hold.

    Lines are appended; one that comes after those behind it finds an empty line in its place.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.name = self.path.name

    def keys(self, first: int, last: int | None = None) -> list[str]:
        with self._troubles():
            if not self.path.exists():
                return []
            with self.path.open(encoding="utf-8", errors="replace", newline="\n") as file:
                whole = (line for line in file if line.endswith("\n"))  # a crash may have cut the last one
                return [_first_cell(line) for line in islice(whole, first, None if last is None else last + 1)]

    def write(self, lines: Sequence[Line]) -> None:
        new = {line.number: _as_line(line.cells) for line in lines}
        with self._troubles(), self._locked() as file:
            end = self._complete_lines(file)
            new |= {} if end else {0: _as_line(HEADER)}
            start = min(end, *new)
            old = self._take_off(file, start) if start < end else []
            numbers = range(start, max(end, *(number + 1 for number in new)))
            file.writelines(new.get(number) or (old[number - start] if number < end else b"\n") for number in numbers)
            file.flush()
            os.fsync(file.fileno())

    @contextmanager
    def _locked(self) -> Iterator[BinaryIO]:
        """The file, for this process alone."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a+b") as file:
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
            raise SheetError(f"AUDIT_CSV: {self.path} cannot be written ({error.strerror})") from error


def _as_line(cells: Sequence[str]) -> bytes:
    """One line of CSV in which no cell spans lines or begins a formula."""
    line = io.StringIO()
    flat = (re.sub(r"[\r\n]+", " ", cell) for cell in cells)
    csv.writer(line, lineterminator="\n").writerow(f"'{cell}" if cell.startswith(FORMULA) else cell for cell in flat)
    return line.getvalue().encode()


def _first_cell(line: str) -> str:
    return (next(csv.reader([line]), None) or [""])[0]
