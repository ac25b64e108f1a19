"""Who judges the mail of a run: the embedded classifier always, and the language model if one is configured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from django.conf import settings

from triage.classifiers import Classifier, Judgement, MailText
from triage.classifiers.llm import LlmClassifier, prompt_hash
from triage.learning import budget, cache, experience, lessons, verdicts
from triage.learning.budget import Spent
from triage.learning.calibration import Curves, Record, curves
from triage.learning.cascade import proved
from triage.learning.guides import in_force
from triage.learning.memory import Memory
from triage.learning.precedents import Precedents
from triage.models import Classification

Judge, Spared = Classification.Judge, Classification.Spared


@dataclass
class Learned:
    """What people taught the judges until now, read when it is first needed."""

    @cached_property
    def memory(self) -> Memory:
        return Memory(verdicts.senders())

    @cached_property
    def precedents(self) -> Precedents:
        return Precedents(verdicts.subjects())

    def tell(self, mail: MailText) -> MailText:
        """The mail with all that people said of its sender and of like mail."""
        return self.precedents.show(self.memory.remind(mail))

    @cached_property
    def _seen(self) -> list[experience.Seen]:
        return experience.seen()

    @cached_property
    def curves(self) -> Curves:
        return curves(self._seen)

    @cached_property
    def record(self) -> Record:
        return Record(one for one in self._seen if one.judge == Judge.LOCAL)


@dataclass
class Judges:
    """The embedded classifier with what it remembers of senders, and the language model above it.

    The language model's word counts, but its mail goes to Trash only if the embedded classifier, which no text in a
    mail can talk to, holds that for safe: two keys. It is not asked where the embedded classifier has proved itself
    (LOCAL_TARGET), where it answered the same before, and when its budget is spent.
    """

    embedded: Classifier
    model: LlmClassifier | None = None
    learned: Learned = field(default_factory=Learned)

    def __post_init__(self) -> None:
        main: Classifier = self.model or self.embedded
        self.judge, self.batch = main.judge, main.batch

    def classify(self, mails: Sequence[MailText]) -> list[Judgement]:
        """Judge each mail; never raises for one mail."""
        if not mails:
            return []
        own = [self._own(*pair) for pair in zip(mails, self.embedded.classify(mails), strict=True)]
        if self.model is None:
            return own
        target = settings.LOCAL_TARGET
        alone = [bool(target) and proved(one, self.learned.record, target) for one in own]
        left = [self.learned.tell(mail) for mail, is_alone in zip(mails, alone, strict=True) if not is_alone]
        answers = iter(self._asked(left))
        return [
            replace(one, spared=Spared.CASCADE) if is_alone else self._beside(next(answers), one)
            for one, is_alone in zip(own, alone, strict=True)
        ]

    def _own(self, mail: MailText, said: Judgement) -> Judgement:
        weighed = self.learned.memory.weigh(mail, said)
        return replace(self.learned.curves.correct(weighed, Judge.LOCAL), judge=self.embedded.judge)

    def _asked(self, mails: Sequence[MailText]) -> list[Judgement | Spent | None]:
        """The model's answers, each question asked once; the budget that is spent where it allows none."""
        assert self.model
        prompts = [prompt_hash(mail, self.model.endpoints[0].model, self.model.guide) for mail in mails]
        known = {prompt: replace(one, spared=Spared.CACHE) for prompt, one in cache.find(prompts).items()}
        new = {prompt: mail for prompt, mail in zip(prompts, mails, strict=True) if prompt not in known}
        made, spent = self._paid(new) if new else ({}, None)
        cache.keep(made)
        return [known.get(prompt) or _first(made, known, prompt) or spent for prompt in prompts]

    def _paid(self, new: Mapping[str, MailText]) -> tuple[dict[str, Judgement], Spent | None]:
        """The answers to new questions until a budget is spent, which is told; never more at once than it pays for."""
        assert self.model
        purse, made, left = budget.purse(), dict[str, Judgement](), list(new.items())
        while left and not purse.spent:
            number = purse.enough_for(len(left))
            some, left = dict(left[:number]), left[number:]
            made |= zip(some, self.model.classify(list(some.values())), strict=True)
            purse.pay([made[prompt].cost for prompt in some])
        if left and purse.spent:
            budget.tell(purse.spent)
        return made, purse.spent

    def _beside(self, answer: Judgement | Spent | None, own: Judgement) -> Judgement:
        """The model's answer with the embedded classifier's key to the trash, and its judgement to be compared.

        Without one a person decides; they see what the embedded classifier takes it for.
        """
        assert self.model
        if not isinstance(answer, Judgement):
            return replace(own, spared=Spared.BUDGET, error=f"not asked, as {answer}")
        corrected = self.learned.curves.correct(answer, answer.model)
        return replace(corrected, judge=self.model.judge, may_trash=own.may_trash, before=(own,))


def _first(made: dict[str, Judgement], known: dict[str, Judgement], prompt: str) -> Judgement | None:
    """A new answer, if there is one; whoever asks the same in this batch gets it for nothing."""
    answer = made.get(prompt)
    if answer and not answer.error:
        known[prompt] = replace(cache.free(answer), spared=Spared.CACHE)
    return answer


def as_told(mail: MailText) -> MailText:
    """What the judges are told of a mail now, for people to see the same."""
    learned = Learned()
    return learned.tell(mail) if settings.LLM_MODEL else learned.memory.remind(mail)


def judge() -> Judges:
    """The judges as configured, with what people taught them until now."""
    return Judges(lessons.embedded(), LlmClassifier.from_settings(in_force()) if settings.LLM_MODEL else None)
