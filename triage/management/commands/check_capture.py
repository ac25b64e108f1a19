import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from triage.mailbox import MailboxError
from triage.proof import capture
from triage.services import active_mailboxes


class Command(BaseCommand):
    help = "Compare the server's UIDs with our rows and name every mail that is not accounted for."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print the result as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            found = [capture.check_and_store(mailbox) for mailbox in active_mailboxes()]
        except MailboxError as error:
            raise CommandError(str(error)) from None
        if not found:
            raise CommandError("No mailbox is set up: set MAILBOX_URL (see .env.example), or try `make demo`.")
        missing = sum(len(one.unexplained) for one in found)
        messages = sum(one.messages for one in found)
        if options["json"]:
            totals = {"messages": messages, "unexplained": missing}
            self.stdout.write(json.dumps(totals | {"mailboxes": [one.facts() for one in found]}))
        else:
            for one in found:
                self.stdout.write(
                    f"{one.mailbox}: {one.messages} messages: {one.in_inbox} in the inbox, "
                    f"{one.moved_by_us} moved by us, {one.taken_by_people} taken by people, "
                    f"{len(one.waiting)} came since the last run, {len(one.moved_unseen)} moved before we saw them"
                )
        if missing:
            named = "; ".join(f"{one.mailbox}: UID {', '.join(map(str, one.unexplained))}" for one in found)
            raise CommandError(f"{missing} messages are not accounted for: {named}")
        if not options["json"]:
            self.stdout.write(f"{messages} messages, 0 unexplained")
