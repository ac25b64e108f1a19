"""Create or update people and pools from a file."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from routing.people import team


class Command(BaseCommand):
    help = "Create or update people (by address) and pools (by name) from a TOML file; all of it or nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE.toml")
        parser.add_argument("--dry-run", action="store_true", help="tell what would happen, write nothing")

    def handle(self, *args: Any, file: Path, dry_run: bool, **options: Any) -> None:
        try:
            loaded = team.load(team.read(file), dry_run=dry_run)
        except team.TeamError as error:
            raise CommandError(str(error)) from None
        for warning in loaded.warnings:
            self.stderr.write(warning)
        done = ", ".join(loaded.counts) or "nothing to change"
        self.stdout.write(f"{'Dry run, nothing written' if dry_run else 'Team loaded'}: {done}.")
