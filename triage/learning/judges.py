"""Who judges the mail of a run: the embedded classifier always, and the language model if one is configured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.conf import settings

from triage import classifiers
from triage.classifiers import Classifier, Judgement, MailText
from triage.guides import in_force
from triage.learning import lessons, verdicts
from triage.learning.memory import Memory


@dataclass
class Judges:
    """The embedded classifier with what it remembers of senders, and the language model above it.

    The language model's word counts, but its mail goes to Trash only if the embedded classifier, which no text in a
    mail can talk to, holds that for safe: two keys.
    """

    embedded: Classifier
    memory: Memory
    model: Classifier | None = None

    def __post_init__(self) -> None:
        main = self.model or self.embedded
        self.judge, self.batch = main.judge, main.batch

    def classify(self, mails: Sequence[MailText]) -> list[Judgement]:
        """Judge each mail; never raises for one mail."""
        reminded = [self.memory.remind(mail) for mail in mails]
        ours = [self.memory.weigh(*pair) for pair in zip(mails, self.embedded.classify(mails), strict=True)]
        ours = [replace(one, judge=self.embedded.judge) for one in ours]
        if self.model is None:
            return ours
        asked = self.model.classify(reminded)
        return [self._beside(*pair) for pair in zip(asked, ours, strict=True)]

    def _beside(self, asked: Judgement, own: Judgement) -> Judgement:
        """The model's answer with the embedded classifier's key to the trash, and its judgement to be compared."""
        assert self.model
        return replace(asked, judge=self.model.judge, may_trash=own.may_trash, before=(own,))


def judge() -> Judges:
    """The judges as configured, with what people taught them until now."""
    memory = Memory(verdicts.senders())
    return Judges(lessons.embedded(), memory, classifiers.from_settings(in_force()) if settings.LLM_MODEL else None)
