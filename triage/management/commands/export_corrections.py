import gzip
import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from triage.learning import verdicts
from triage.learning.export import line


class Command(BaseCommand):
    help = "Write the mail that people decided about as JSON lines, the format of evaluate_classifier."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE.jsonl[.gz]")

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        opener = gzip.open if file.suffix == ".gz" else open
        rows = verdicts.live().select_related("message__mailbox", "message__sender_rule").order_by("pk")
        number = 0
        try:
            with opener(file, "wt", encoding="utf-8") as out:
                for verdict in rows.iterator(chunk_size=200):
                    out.write(json.dumps(line(verdict), ensure_ascii=False) + "\n")
                    number += 1
        except OSError as error:
            raise CommandError(f"{file} cannot be written: {error.strerror}.") from None
        self.stdout.write(f"{number} mails with what people said of them are in {file}. They are your customers' mail.")
