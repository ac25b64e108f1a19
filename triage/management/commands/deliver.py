import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from inbox_router.delivery import Delivery, work_off_all
from triage.management.commands.process_inbox import words


class Command(BaseCommand):
    help = "Work off the due deliveries once: labels, drafts, moves, Slack alerts, spreadsheet rows."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print the counts as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        counts = work_off_all()
        self.stdout.write(json.dumps(counts) if options["json"] else f"deliveries: {words(counts)}")
        if failed := counts[Delivery.State.FAILED]:
            raise CommandError(f"{failed} deliveries failed for good; see Problems in the admin.")
        if blocked := counts[Delivery.State.BLOCKED]:
            raise CommandError(f"{blocked} deliveries wait until we are let in again; see Problems in the admin.")
