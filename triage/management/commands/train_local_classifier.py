"""`manage.py train_local_classifier`: builds the weights of the embedded classifier."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from triage.classifiers.local import STARTER
from triage.classifiers.local.dataset import DatasetError, LabelledMail, read_jsonl
from triage.classifiers.local.starter import starter_mail
from triage.classifiers.local.training import train


class Command(BaseCommand):
    help = "Builds the embedded classifier's weights from the starter mail and from labelled mail in JSON lines."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", nargs="*", type=Path, metavar="FILE.jsonl[.gz]", help="labelled mail to add")
        parser.add_argument("--output", type=Path, default=STARTER, help="where to write the weights (%(default)s)")

    def handle(self, *args: Any, files: list[Path], output: Path, **options: Any) -> None:
        mails = [*starter_mail(), *labelled(files)]
        train(mails).save(output)
        self.stdout.write(f"Learned from {len(mails)} mails; {output} holds {output.stat().st_size / 1e6:.1f} MB.")


def labelled(files: list[Path]) -> list[LabelledMail]:
    """The mails of all files; a file that cannot be read ends the command with one line."""
    try:
        return [mail for file in files for mail in read_jsonl(file)]
    except DatasetError as error:
        raise CommandError(str(error)) from None
