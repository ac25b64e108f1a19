from typing import Any

from django.core.management.base import BaseCommand, CommandError

from inbox_router.stopping import unwind_on_sigterm
from triage.running import watching
from triage.running.starting import CannotStartError, make_ready


class Command(BaseCommand):
    help = "Stay connected (IMAP IDLE) and run the pipeline within a second of new mail, and each minute anyway."

    def handle(self, *args: Any, **options: Any) -> None:
        unwind_on_sigterm()
        try:
            make_ready()
            watching.watch()
        except CannotStartError as error:
            raise CommandError(str(error)) from None
        except KeyboardInterrupt:
            self.stdout.write("Ended.")
