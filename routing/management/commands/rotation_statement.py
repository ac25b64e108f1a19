"""What each person got in a month against what they were owed."""

import re
import sys
from argparse import ArgumentParser
from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from routing.fairness import month, shares, write_csv


class Command(BaseCommand):
    help = "Print the statement of a month: each person's leads by turn, owed and received, and all leads by rule."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--month", metavar="YYYY-MM", help="this month if not told")
        parser.add_argument("--csv", type=Path, metavar="FILE", help="write CSV there; - for standard output")

    def handle(self, *args: Any, month: str | None, csv: Path | None, **options: Any) -> None:
        start, end = _span(month)
        rows = shares(start, end)
        if csv == Path("-"):
            write_csv(rows, sys.stdout)
            return
        if csv:
            with csv.open("w", newline="", encoding="utf-8") as file:
                write_csv(rows, file)
        for row in rows:
            self.stdout.write(
                f"{row.pool:<20} {row.person:<24} {row.received:>5} by turn, {row.owed:>8.2f} owed, "
                f"{row.in_all:>5} in all, {row.copied:>5} copied"
            )
        self.stdout.write(f"{start:%B %Y}: {len(rows)} lines{f' in {csv}' if csv else ''}.")


def _span(text: str | None) -> tuple[datetime, datetime]:
    if text is None:
        today = timezone.localdate()
        return month(today.year, today.month)
    if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", text):
        raise CommandError(f"--month {text!r} is not understood. Write it such as 2026-11.")
    return month(int(text[:4]), int(text[5:]))
