"""The same question is asked once: answers of the language model, for as long as they are good."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from django.conf import settings
from django.utils import timezone

from triage.classifiers import Judgement
from triage.models import CachedAnswer

KEPT = ("category", "confidence", "language", "technical", "sender_first_name", "company", "reason", "model", "prompt")


def find(prompts: Sequence[str]) -> dict[str, Judgement]:
    """The answers that are there, by the hash of the prompt; they cost nothing now."""
    rows = CachedAnswer.objects.filter(prompt__in=prompts, expires_at__gt=timezone.now())
    return {row.prompt: Judgement(**row.answer) for row in rows}


def keep(answers: Mapping[str, Judgement]) -> None:
    """Store the valid ones for LLM_CACHE_DAYS."""
    until = timezone.now() + timedelta(days=settings.LLM_CACHE_DAYS)
    rows = [
        CachedAnswer(prompt=prompt, answer={name: getattr(one, name) for name in KEPT}, expires_at=until)
        for prompt, one in answers.items()
        if settings.LLM_CACHE_DAYS and not one.error
    ]
    unique, changed = ["prompt"], ["answer", "expires_at"]
    CachedAnswer.objects.bulk_create(rows, update_conflicts=True, unique_fields=unique, update_fields=changed)


def forget() -> int:
    """Drop what is too old; how many."""
    return CachedAnswer.objects.filter(expires_at__lte=timezone.now()).delete()[0]


def free(answer: Judgement) -> Judgement:
    """The same answer for a further mail with the same text: it is not paid twice."""
    return replace(answer, cost=Decimal(0), input_tokens=0, output_tokens=0, estimated=False)
