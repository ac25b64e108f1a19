"""When somebody is back: the date in an out-of-office reply."""

import re
from collections.abc import Iterator
from datetime import date, timedelta

from triage.parsing.words import any_of, table

HORIZON = timedelta(days=400)  # nobody is away for longer
_TEXT_LIMIT = 3000

_MONTH_OF = {name: int(month) for month, names in table("absence")["months"].items() for name in names}
_NAMES = "|".join(sorted(_MONTH_OF, key=len, reverse=True))
_UNTIL = re.compile(rf"\b{any_of('absence', 'until')}\b|{any_of('absence', 'until_unspaced')}", re.IGNORECASE)
_DATE = re.compile(
    rf"(?P<y1>20\d\d)[-./](?P<m1>\d{{1,2}})[-./](?P<d1>\d{{1,2}})(?!\d)"
    rf"|(?P<y2>20\d\d)\s?[年년]\s?(?P<m2>\d{{1,2}})\s?[月월]\s?(?P<d2>\d{{1,2}})\s?[日일]|(?P<m3>\d{{1,2}})\s?[月월]\s?(?P<d3>\d{{1,2}})\s?[日일]"
    rf"|(?<!\d)(?P<d4>\d{{1,2}})(?:st|nd|rd|th|er|º|°|\.)?\s+(?:of\s+|de\s+)?(?P<n4>{_NAMES})\b\.?(?:,?\s+(?:de\s+|del\s+)?(?P<y4>20\d\d))?"
    rf"|\b(?P<n5>{_NAMES})\.?\s+(?P<d5>\d{{1,2}})(?:st|nd|rd|th|\.)?(?!\d)(?:,?\s+(?P<y5>20\d\d))?"
    rf"|(?<![\d.])(?P<a6>\d{{1,2}})(?P<s6>[./-])\s?(?P<b6>\d{{1,2}})(?:(?P=s6)\s?(?P<y6>20\d\d|\d\d(?!\d))?)?(?![\d:])",
    re.IGNORECASE,
)


def absent_until(text: str, written: date) -> date | None:
    """Read the last or the return date of an absence from `text`, for a mail written on `written`.

    The first date after a word such as "until"; else the latest date. None if there is none after `written` and
    within 400 days, or if it could be two (03/04).
    """
    text = text[:_TEXT_LIMIT]
    dates = [(start, day) for start, day in _dates(text, written) if day is None or written <= day <= written + HORIZON]
    if not dates:
        return None
    after_word = [day for start, day in dates if _UNTIL.search(text[max(0, start - 30) : start])]
    if after_word:
        return after_word[0]
    return None if any(day is None for _, day in dates) else max(day for _, day in dates if day)


def _dates(text: str, written: date) -> Iterator[tuple[int, date | None]]:
    """Every date in `text` with its place; None for one that can be read in two ways."""
    for match in _DATE.finditer(text):
        found = {name[0]: value for name, value in match.groupdict().items() if value}
        year = int(found.get("y", 0))
        year += 2000 if 0 < year < 100 else 0
        if "a" not in found:
            month = int(found["m"]) if "m" in found else _MONTH_OF[found["n"].lower()]
            day = _day(year, month, int(found["d"]), written)
            if day:
                yield match.start(), day
            continue
        first, second = int(found["a"]), int(found["b"])
        readings = {_day(year, second, first, written)}
        if found["s"] == "/":  # day/month nearly everywhere, month/day in the United States
            readings.add(_day(year, first, second, written))
        readings = {day for day in readings if day and written <= day <= written + HORIZON}
        if readings:
            yield match.start(), readings.pop() if len(readings) == 1 else None


def _day(year: int, month: int, day: int, written: date) -> date | None:
    """The date; without a year, the next such day (or one of the last month, as the start of an absence)."""
    try:
        if year:
            return date(year, month, day)
        this_year = date(written.year, month, day)
        return this_year if this_year >= written - timedelta(days=60) else date(written.year + 1, month, day)
    except ValueError:
        return None
