import json
import time
from collections.abc import Sequence
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from triage.classifiers import Classifier
from triage.classifiers.evaluation import Outcome, by, confusion, figures, table
from triage.classifiers.llm import LlmClassifier
from triage.classifiers.llm.api import Endpoint
from triage.classifiers.llm.trial import Limits
from triage.classifiers.local import LocalClassifier
from triage.classifiers.local.dataset import DatasetError, LabelledMail, read_jsonl
from triage.learning.cascade import NAMED, Saving, saving
from triage.learning.guides import in_force_if_known


class Command(BaseCommand):
    requires_system_checks: tuple[str, ...] = ()  # it needs neither a database nor a mailbox
    help = "Judge labelled mail (JSON lines, plain or gzipped) and print how good the judge is."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE.jsonl[.gz]")
        parser.add_argument("--json", action="store_true", help="print the figures as JSON")
        parser.add_argument(
            "--model", default="", metavar="NAME", help="a litellm model, or `local`; by default the configured judge"
        )
        parser.add_argument("--limit", type=int, default=0, metavar="N", help="only the first N mails")

    def handle(self, *args: Any, file: Path, model: str, limit: int, **options: Any) -> None:
        mails = labelled(file)[: limit or None]
        classifier = chosen(model)
        outcomes, seconds = judge(classifier, mails)
        embedded = outcomes if isinstance(classifier, LocalClassifier) else judge(LocalClassifier.load(), mails)[0]
        report = describe(outcomes, seconds, saving(embedded, settings.LOCAL_TARGET or NAMED))
        if options["json"]:
            self.stdout.write(json.dumps(report))
        else:
            self.stdout.write(readable(outcomes, report))


def labelled(file: Path) -> list[LabelledMail]:
    """The file's mails; one clear line if there are none."""
    try:
        mails = list(read_jsonl(file))
    except DatasetError as error:
        raise CommandError(str(error)) from None
    if not mails:
        raise CommandError(f"{file} holds no mail.")
    return mails


def chosen(model: str) -> Classifier:
    """The judge of that name, without fallbacks: the figures are to be of one model."""
    if model == "local" or not (model or settings.LLM_MODEL):
        return LocalClassifier.load()
    if not model:
        return LlmClassifier.from_settings(in_force_if_known())
    endpoint = Endpoint(model, settings.LLM_API_BASE, settings.LLM_API_KEY)
    limits = Limits(settings.LLM_TIMEOUT)
    return LlmClassifier((endpoint,), limits, settings.LLM_CONCURRENCY, guide=in_force_if_known())


def judge(classifier: Classifier, mails: Sequence[LabelledMail]) -> tuple[list[Outcome], float]:
    """An outcome per mail, and the seconds that judging took; loading the judge is not counted."""
    classifier.classify([mails[0].mail])
    started = time.perf_counter()
    outcomes = []
    for start in range(0, len(mails), classifier.batch):
        batch = mails[start : start + classifier.batch]
        judged = classifier.classify([one.mail for one in batch])
        outcomes += [Outcome(*pair) for pair in zip(batch, judged, strict=True)]
    return outcomes, time.perf_counter() - started


def describe(outcomes: Sequence[Outcome], seconds: float, cascade: Saving) -> dict[str, Any]:
    """Everything that was measured, as plain values."""
    threshold = settings.REVIEW_THRESHOLD
    judged = [one.judged for one in outcomes]
    return {
        "model": judged[0].model,
        "definitions": judged[0].prompt,
        "threshold": threshold,
        **asdict(figures(outcomes, threshold)),
        "errors": sum(bool(one.error) for one in judged),
        "ms_per_mail": 1000 * seconds / len(outcomes),
        "cost_usd": float(sum((one.cost for one in judged), Decimal(0))),
        "cost_is_estimated": any(one.estimated for one in judged),
        "cascade": asdict(cascade),
        "confusion": confusion(outcomes),
        "languages": {name: asdict(row) for name, row in by(outcomes, lambda mail: mail.language, threshold).items()},
        "sources": {name: asdict(row) for name, row in by(outcomes, lambda mail: mail.source, threshold).items()},
    }


def readable(outcomes: Sequence[Outcome], report: dict[str, Any]) -> str:
    """The same for people."""
    threshold = report["threshold"]
    rows = {
        "all": figures(outcomes, threshold),
        **by(outcomes, lambda mail: mail.source, threshold),
        **by(outcomes, lambda mail: mail.language, threshold),
    }
    matrix = "\n".join(
        f"{label.ljust(12)}{''.join(str(count).rjust(12) for count in row.values())}"
        for label, row in report["confusion"].items()
    )
    return (
        f"{table(rows)}\n\nrows: what it is; columns: what it was judged\n"
        f"{' ' * 12}{''.join(name.rjust(12) for name in report['confusion'])}\n{matrix}\n\n"
        f"{report['model']} at {threshold}: {report['mails']} mails, {report['errors']} errors, "
        f"{report['ms_per_mail']:.1f} ms and {report['cost_usd'] / report['mails']:.6f} USD a mail"
        f"{' (estimated: the server tells no tokens)' if report['cost_is_estimated'] else ''}"
        f"{', told the definitions ' + report['definitions'] if report['definitions'] else ''}\n"
        f"{alone(report['cascade'])}"
    )


def alone(cascade: dict[str, Any]) -> str:
    """What a cascade would save, in one line."""
    right = "" if cascade["accuracy"] is None else f", and is right in {cascade['accuracy']:.3f} of them"
    return (
        f"with LOCAL_TARGET={cascade['target']:g} the embedded classifier decides {cascade['calls_saved']} of "
        f"{cascade['mails']} without the model{right} (each half of the mail by the record of the other)"
    )
