"""The dashboard: how it goes, in numbers that lead to the rows behind them."""

import json
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.http import HttpRequest
from django.utils import timezone

from triage.admin import capture, setup, trust
from triage.admin import figures as of
from triage.learning import audit

PERIODS = (7, 30)


def context(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """What the first page shows, for the period that its address asks for."""
    days = 30 if request.GET.get("days") == "30" else 7
    since = of.since(days)
    mix, judged = of.mix(since), of.judged(since)
    return context | {
        "days": days,
        "periods": PERIODS,
        "now": timezone.now(),
        "figures": of.figures(since, days),
        "chart": json.dumps(of.chart(mix), cls=DjangoJSONEncoder),
        "chart_options": json.dumps(of.CHART_OPTIONS, cls=DjangoJSONEncoder),
        "categories": [category.label for category in of.SHOWN],
        "mix": [(day, [counts[category] for category in of.SHOWN]) for day, counts in mix.items()],
        "people": of.leads_per_person(since),
        "overrides": of.overrides(judged),
        "confidences": of.confidences(judged),
        "sample": audit.outcome(since),
        **capture.context(),
        **trust.context(request, since),
        "next_step": setup.next_step() if request.user.has_perm(setup.RIGHT) else None,
    }
