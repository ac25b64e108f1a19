"""What would follow from another line of confidence, by what people said of the mail in between. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from triage.learning.calibration import BINS, tenth
from triage.learning.experience import Acted


@dataclass(frozen=True)
class Line:
    """What would be decided without a person with another line; `more` is negative for a higher one.

    Of the mails in between, people were asked about `asked`, and `right` of them were what the machine said.
    """

    line: float
    more: int
    asked: int
    right: int


def what_if(rows: Sequence[Acted], now: float, lines: Iterable[float]) -> list[Line]:
    """What each line would change against the one that is in force now."""
    return [_line(rows, now, line) for line in lines]


def _line(rows: Sequence[Acted], now: float, line: float) -> Line:
    low, high = sorted((now, line))
    between = [row for row in rows if low <= row.sure < high]
    answers = [row.right for row in between if row.right is not None]
    return Line(line, len(between) if line < now else -len(between), len(answers), sum(answers))


def tenths(answers: Iterable[tuple[float, bool]]) -> list[tuple[int, int]]:
    """For each tenth of stated confidence, how many answers were right and how many there are."""
    counts = [(0, 0)] * BINS
    for stated, right in answers:
        good, number = counts[tenth(stated)]
        counts[tenth(stated)] = good + right, number + 1
    return counts
