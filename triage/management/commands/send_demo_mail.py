from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from triage.demo.running import DemoError, find, put, read_mail


class Command(BaseCommand):
    help = "Put mails into the inbox of the running demo; they are in the admin within a minute."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("files", nargs="+", type=Path, metavar="FILE.eml")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            mails = [read_mail(path) for path in options["files"]]
            running = find()
            put(running.mailbox, mails)
        except DemoError as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"{len(mails)} put into the demo's inbox; see {running.url}/admin/ within a minute.")
