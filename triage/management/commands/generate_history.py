from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from triage.demo.history import Amounts, NotEmpty, make


class Command(BaseCommand):
    help = "Fill an empty database with a made-up year of mail, to see how fast the admin is with much of it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--messages", type=int, default=100_000, metavar="N", help="mails (default: 100000)")
        parser.add_argument("--leads", type=int, default=20_000, metavar="N", help="of them leads (default: 20000)")
        parser.add_argument(
            "--entries", type=int, default=500_000, metavar="N", help="lines of the audit log (default: 500000)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        amounts = Amounts(options["messages"], options["leads"], options["entries"])
        if not 0 <= amounts.leads <= amounts.messages or amounts.messages < 1 or amounts.entries < 0:
            raise CommandError("Give at least one mail, and no more leads than mails.")
        try:
            make(amounts, self.say)
        except NotEmpty:
            raise CommandError(
                "This database has real mail; nothing was written. Name an empty one by DATABASE_URL."
            ) from None
        told = f"{amounts.messages} mails, {amounts.leads} leads, {amounts.entries} audit entries"
        self.stdout.write(f"{told} were made up.")

    def say(self, done: int) -> None:
        if done % 20_000 == 0:
            self.stderr.write(f"{done} mails so far")
