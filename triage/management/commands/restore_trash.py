from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from inbox_router.delivery import work_off
from triage.models import MailboxDelivery, Message
from triage.services import restore


class Command(BaseCommand):
    help = "Bring back what was moved to Trash in the last hours, and put it up for review."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--hours", type=float, default=24, metavar="N", help="how far back (default: 24)")

    def handle(self, *args: Any, **options: Any) -> None:
        trashed = MailboxDelivery.objects.filter(
            deed=MailboxDelivery.Deed.TRASH,
            state=MailboxDelivery.State.DONE,
            settled_at__gte=timezone.now() - timedelta(hours=options["hours"]),
            message__status=Message.Status.DONE,
        )
        messages = Message.objects.filter(pk__in=trashed.values("message"))
        for message in messages:
            restore(message, "restore_trash")
        done = work_off(MailboxDelivery)
        self.stdout.write(f"{len(messages)} mails asked for, {done['done']} deeds done, they wait for review now")
