import signal
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from triage.demo import stage
from triage.demo.running import DemoError


class Command(BaseCommand):
    help = "Show the whole product on this machine: a demo inbox, the real pipeline, the admin. Needs no account."
    requires_system_checks: list[str] = []  # the demo's programs have settings of their own

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=8000, help="of the admin (default: 8000)")
        parser.add_argument("--no-serve", action="store_true", help="set up, run the pipeline twice, and end")

    def handle(self, *args: Any, **options: Any) -> None:
        for ending in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(ending, signal.default_int_handler)
        try:
            stage.run(self.say, port=options["port"], serve=not options["no_serve"])
        except DemoError as error:
            raise CommandError(str(error)) from None
        except KeyboardInterrupt:
            self.say("\nThe demo has ended.")

    def say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
