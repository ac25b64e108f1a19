import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from inbox_router.stopping import unwind_on_sigterm
from triage import services


class Command(BaseCommand):
    help = "Run the pipeline once over every active mailbox, fetch to clean-up, then the due deliveries."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--mailbox", default="", metavar="NAME", help="only this one")
        parser.add_argument("--json", action="store_true", help="print the counts as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        unwind_on_sigterm()
        try:
            report = services.process(options["mailbox"])
        except KeyError:
            raise CommandError(f"There is no mailbox {options['mailbox']}; see MAILBOX_URL in .env.example.") from None
        if options["json"]:
            facts = {"mailboxes": report.mailboxes, "busy": report.busy, "errors": report.errors}
            self.stdout.write(json.dumps(facts | {"deliveries": report.deliveries}))
        else:
            self.describe(report)
        if report.errors:
            raise CommandError("; ".join(f"{name}: {error}" for name, error in report.errors.items()))
        if not report.mailboxes and not report.busy:
            raise CommandError("No mailbox is set up: set MAILBOX_URL (see .env.example), or try `make demo`.")

    def describe(self, report: services.Report) -> None:
        for name in report.busy:
            self.stdout.write(f"{name}: another run has it just now, or its server asked us to wait")
        for name, counts in report.mailboxes.items():
            self.stdout.write(f"{name}: {words(counts)}")
        self.stdout.write(f"deliveries: {words(report.deliveries)}")


def words(counts: dict[str, int]) -> str:
    shown = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in sorted(counts.items()) if count)
    return shown or "nothing to do"
