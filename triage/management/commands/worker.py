from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from triage.running.starting import CannotStartError, make_ready
from triage.running.watchdog import STALE, Watchdog
from triage.tasks import ensure_schedules


class Command(BaseCommand):
    help = "Run the scheduler in production: the pipeline twice a minute and the deliveries, under a watchdog."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--stale",
            type=float,
            default=STALE,
            metavar="SECONDS",
            help="restart the cluster when no task came through its queue for so long (default: %(default).0f)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            make_ready()
        except CannotStartError as error:
            raise CommandError(str(error)) from None
        ensure_schedules()
        Watchdog(options["stale"]).run()
