"""How the judges did where people were asked: the one ground on which confidence is corrected and trust is given.

Only verdicts that were asked for count. What a person comes upon by chance is nearly always wrong: to count it would
make every judge look worse than it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models.functions import Coalesce

from triage.classifiers.local.dataset import TRASH
from triage.learning.verdicts import REMEMBERED, live
from triage.models import Category, Classification


@dataclass(frozen=True)
class Seen:
    """One judgement of a machine about which a person was asked. `raw` is the confidence that the machine stated."""

    judge: str
    category: str
    raw: float
    right: bool


@dataclass(frozen=True)
class Acted:
    """A machine's judgement that counted, where nothing but its confidence decides whether a person is asked.

    `right` is None where nobody was asked.
    """

    sure: float
    right: bool | None


def acted(since: datetime) -> list[Acted]:
    """The judgements since then that can be acted on: no error, a category, and where it is rubbish both keys."""
    said = dict(live().filter(asked=True, created_at__gte=since).values_list("message_id", "category"))
    rows = Classification.objects.filter(created_at__gte=since, judge__in=Classification.Judge.machines())
    told = rows.order_by("pk").values_list("message_id", "category", "confidence", "may_trash", "error")
    newest = {message: (category, sure, key, error) for message, category, sure, key, error in told}
    return [
        Acted(sure, is_right(category, said[message]) if message in said else None)
        for message, (category, sure, key, error) in newest.items()
        if not error and category != Category.UNCERTAIN and (key or category not in TRASH)
    ]


def seen() -> list[Seen]:
    """The judgements about which people were asked, as many as are remembered."""
    said = dict(live().filter(asked=True).values_list("message_id", "category")[:REMEMBERED])
    machines = Classification.objects.filter(judge__in=Classification.Judge.machines(), error="")
    about = machines.filter(message__in=live().filter(asked=True).values("message_id")).exclude(
        category=Category.UNCERTAIN
    )
    rows = about.annotate(raw=Coalesce("raw_confidence", "confidence")).order_by("-pk")
    told = rows.values_list("message_id", "judge", "model", "category", "raw")[: 2 * REMEMBERED]
    return [
        Seen(judge_of(judge, model), category, raw, is_right(category, said[message]))
        for message, judge, model, category, raw in told
        if message in said
    ]


def judge_of(judge: str, model: str) -> str:
    """Whose judgement it is; what the embedded classifier learns does not make it another judge."""
    return model if judge == Classification.Judge.LLM else str(judge)


def is_right(category: str, said: str) -> bool:
    """Whether acting on a category does no harm where a person said something else."""
    return category == said or (category in TRASH and said in TRASH)
