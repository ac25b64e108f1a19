from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from triage.classifiers.evaluation import by, figures, table
from triage.classifiers.local import STARTER
from triage.classifiers.local.dataset import DatasetError, LabelledMail, read_jsonl
from triage.classifiers.local.starter import RENDERINGS, starter_mail
from triage.classifiers.local.training import train
from triage.classifiers.local.validation import validate


class Command(BaseCommand):
    requires_system_checks: tuple[str, ...] = ()  # it needs neither a database nor a mailbox
    help = "Build the embedded classifier's weights from the starter mail and from labelled mail in JSON lines."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("files", nargs="*", type=Path, metavar="FILE.jsonl[.gz]", help="labelled mail to add")
        parser.add_argument("--output", type=Path, default=STARTER, help="where to write the weights (%(default)s)")
        parser.add_argument(
            "--renderings", type=int, default=RENDERINGS, metavar="N", help="mails per starter template (%(default)s)"
        )
        parser.add_argument(
            "--validate", action="store_true", help="write nothing; measure on sources, templates, languages left out"
        )

    def handle(self, *args: Any, files: list[Path], output: Path, **options: Any) -> None:
        mails = [*starter_mail(renderings=options["renderings"]), *labelled(files)]
        if options["validate"]:
            self.validate(mails)
            return
        train(mails).save(output)
        self.stdout.write(f"Learned from {len(mails)} mails; {output} holds {output.stat().st_size / 1e6:.1f} MB.")

    def validate(self, mails: list[LabelledMail]) -> None:
        threshold = settings.REVIEW_THRESHOLD
        for part, outcomes in validate(mails, ("source", "template", "language")):
            group = language_of if part == "language" else source_of
            given = [one for one in outcomes if one.truth.source != "starter"]
            rows = {"all": figures(outcomes, threshold), "all but ours": figures(given, threshold)}
            rows |= by(outcomes, group, threshold)
            self.stdout.write(f"each {part} left out:\n{table(rows)}\n")


def source_of(mail: LabelledMail) -> str:
    return mail.source


def language_of(mail: LabelledMail) -> str:
    return mail.language


def labelled(files: list[Path]) -> list[LabelledMail]:
    """The mails of all files; a file that cannot be read ends the command with one line."""
    try:
        return [mail for file in files for mail in read_jsonl(file)]
    except DatasetError as error:
        raise CommandError(str(error)) from None
