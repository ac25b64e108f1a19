"""Who judges the mail of a run."""

from __future__ import annotations

from django.conf import settings

from triage import classifiers
from triage.learning import lessons


def judge() -> classifiers.Classifier:
    """The language model if one is configured, else the embedded classifier as people's verdicts taught it."""
    return classifiers.from_settings() if settings.LLM_MODEL else lessons.embedded()
