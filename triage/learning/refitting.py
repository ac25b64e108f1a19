"""Fitting the embedded classifier to people's verdicts: seconds of work, for the worker alone.

Each lesson is fitted anew to the shipped weights and to all verdicts that count, so that a verdict which is taken
back leaves no trace. Nothing else imports this module, as it loads SciPy: the scheduler finds it by its path.
"""

from __future__ import annotations

import time

from triage.classifiers.local.refit import change_by
from triage.learning import verdicts
from triage.learning.lessons import fingerprint, starter
from triage.models import Lesson

KEPT = 5  # lessons; the older ones are dropped


def run() -> str:
    """Learn what people said since the last time; what the scheduler calls, at most once a minute."""
    made = learn()
    return f"learned from {made}" if made else "nothing new"


def learn() -> Lesson | None:
    """Fit a new lesson if people's verdicts, or the shipped weights, are not those of the last one; seconds."""
    said = verdicts.state()
    last = Lesson.objects.order_by("pk").last()
    if last and (last.starter, last.verdicts) == (fingerprint(), said):
        return None
    started = time.monotonic()
    corrections = verdicts.corrections()
    if not last and not corrections:
        return None
    change = change_by(starter(), corrections)
    made = Lesson.objects.create(
        starter=fingerprint(),
        verdicts=said,
        examples=len(corrections),
        change=change.to_bytes(),
        seconds=time.monotonic() - started,
    )
    Lesson.objects.exclude(pk__in=Lesson.objects.order_by("-pk").values_list("pk", flat=True)[:KEPT]).delete()
    return made
