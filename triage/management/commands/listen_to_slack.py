from threading import Event
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from inbox_router.stopping import unwind_on_sigterm
from routing.services import SlackError, listen_to_slack
from triage.slack.pressing import answer


class Command(BaseCommand):
    help = "Beside the worker, where SLACK_APP_TOKEN is set: hear the buttons that people press under alerts in Slack."

    def handle(self, *args: Any, **options: Any) -> None:
        if not (settings.SLACK_APP_TOKEN and settings.SLACK_BOT_TOKEN):
            raise CommandError(
                "Set SLACK_APP_TOKEN and SLACK_BOT_TOKEN. With SLACK_SIGNING_SECRET, Slack posts to us instead."
            )
        unwind_on_sigterm()
        try:
            listen_to_slack(answer, Event())
        except SlackError as error:
            raise CommandError(f"{error}. Mend SLACK_APP_TOKEN, or try again.") from None
        except KeyboardInterrupt:
            self.stdout.write("Ended.")
