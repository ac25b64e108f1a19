"""How far a stated confidence can be trusted, and what another line would change, by what people said."""

import json
from datetime import datetime
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext as _

from inbox_router.shown import percent
from triage.admin import suggested
from triage.learning import experience
from triage.learning.calibration import BINS
from triage.learning.lines import tenths, what_if
from triage.models import Classification

LINES = (0.5, 0.6, 0.65, 0.7, 0.75, 0.8, 0.9)
SERIES = 3  # judges in the chart, those with the most answers
COLOURS = ("var(--color-primary-600)", "#f97316", "#0d9488")
IDEAL = "var(--color-base-500)"
OPTIONS = {
    "responsive": True,
    "maintainAspectRatio": False,
    "animation": False,
    "spanGaps": True,
    "plugins": {"legend": {"position": "bottom", "labels": {"usePointStyle": True, "pointStyle": "line"}}},
    "scales": {"x": {"grid": {"display": False}}, "y": {"min": 0, "max": 100, "grid": {"display": True}}},
}
Counts = list[tuple[int, int]]


def context(request: HttpRequest, since: datetime) -> dict[str, Any]:
    """What admin/triage/trust.html and admin/triage/suggestions.html show."""
    now, judges = settings.REVIEW_THRESHOLD, by_judge(experience.seen())
    others = [line for line in LINES if line != now]
    return {
        "suggestions": suggested.shown(request),
        "line_now": percent(now),
        "lines": [(percent(row.line), row) for row in what_if(experience.acted(since), now, others)],
        "trust_judges": list(judges),
        "trust_rows": table(judges),
        "trust_chart": json.dumps(chart(judges)),
        "trust_options": json.dumps(OPTIONS),
    }


def by_judge(answers: list[experience.Seen]) -> dict[str, Counts]:
    """What people answered about each judge, per tenth of the confidence that it stated."""
    names = sorted({one.judge for one in answers}, key=lambda name: -sum(one.judge == name for one in answers))
    return {
        _name(name): tenths((one.raw, one.right) for one in answers if one.judge == name) for name in names[:SERIES]
    }


def table(judges: dict[str, Counts]) -> list[tuple[str, list[str]]]:
    """Per tenth that holds an answer, "right of asked" for each judge."""
    rows = [(_tenth(at), [counts[at] for counts in judges.values()]) for at in range(BINS)]
    told = [
        (label, [_("%(right)d of %(asked)d") % {"right": good, "asked": all_} for good, all_ in row])
        for label, row in rows
    ]
    return [kept for kept, (_label, row) in zip(told, rows, strict=True) if any(number for _good, number in row)]


def chart(judges: dict[str, Counts]) -> dict[str, object]:
    """The share that was right, in percent, as Chart.js wants it; null where nobody was asked."""
    ideal = {"label": _("As it should be"), "data": [100 * (at + 0.5) / BINS for at in range(BINS)]}
    lines = [
        {
            "label": name,
            "data": [round(100 * right / asked, 1) if asked else None for right, asked in counts],
            "borderColor": colour,
            "backgroundColor": colour,
        }
        for (name, counts), colour in zip(judges.items(), COLOURS, strict=False)
    ]
    dashed = {"borderColor": IDEAL, "backgroundColor": IDEAL, "borderDash": [6, 4], "pointRadius": 0}
    return {"labels": [_tenth(at) for at in range(BINS)], "datasets": [*lines, ideal | dashed]}


def _tenth(at: int) -> str:
    return _("%(low)d to %(high)d %%") % {"low": 100 * at // BINS, "high": 100 * (at + 1) // BINS}


def _name(judge: str) -> str:
    """What people call a judge: the embedded classifier, or a model by its name."""
    return str(Classification.Judge(judge).label) if judge in Classification.Judge.values else judge
