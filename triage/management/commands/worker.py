from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand

from triage.tasks import ensure_schedules


class Command(BaseCommand):
    help = "Run the background scheduler: the pipeline each minute, and the deliveries."

    def handle(self, *args: Any, **options: Any) -> None:
        ensure_schedules()
        call_command("qcluster")
