"""How the judges did where people were asked: the one ground on which confidence is corrected and trust is given.

Only verdicts that were asked for count. What a person comes upon by chance is nearly always wrong: to count it would
make every judge look worse than it is.
"""

from __future__ import annotations

from dataclasses import dataclass

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
