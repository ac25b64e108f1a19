"""The language model as a judge: any provider that litellm knows, or any server that speaks OpenAI's protocol.

A mail costs at most three calls and twice LLM_TIMEOUT, whatever the other side does. What is not exactly by the
contract after one repair is "uncertain": a person looks at it.
"""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Self

from django.conf import settings

from triage.classifiers import Judgement, MailText
from triage.classifiers.llm import api
from triage.classifiers.llm.api import ClassifierError, Endpoint
from triage.classifiers.llm.guide import Guide, shipped
from triage.classifiers.llm.prompt import messages, prompt_hash
from triage.classifiers.llm.reply import ReplyError
from triage.classifiers.llm.trial import Limits, Session, Trial
from triage.classifiers.llm.usage import used

__all__ = ["ClassifierError", "LlmClassifier", "messages", "prompt_hash"]

SAMPLE = MailText(
    subject="Price for 20 chairs",
    sender_name="Anna Berg",
    sender_address="anna@example.com",
    text="Hello, what would 20 office chairs cost? Anna Berg",
    new_text="Hello, what would 20 office chairs cost? Anna Berg",
)


USUAL, REASONED = 2500, 400  # characters of a mail, and of an answer


@dataclass(frozen=True)
class Probe:
    """How a trial went, in a line, and the judgement with what it cost."""

    said: str
    judgement: Judgement


@dataclass
class LlmClassifier:
    """Asks the first endpoint; the others are asked where it fails."""

    endpoints: tuple[Endpoint, ...]
    limits: Limits
    concurrency: int = 8
    judge: str = "llm"
    guide: Guide = field(default_factory=shipped)

    def __post_init__(self) -> None:
        self.batch = self.concurrency
        self.session = Session(self.endpoints, self.limits, self.guide)

    @classmethod
    def from_settings(cls, guide: Guide | None = None) -> Self:
        """LLM_MODEL and its fallbacks. A fallback of another provider never sees LLM_API_BASE or LLM_API_KEY."""
        base, key = settings.LLM_API_BASE, settings.LLM_API_KEY
        fallbacks = [
            Endpoint(model, base, key) if api.same_provider(model, settings.LLM_MODEL) else Endpoint(model)
            for model in settings.LLM_FALLBACK_MODELS
        ]
        endpoints = (Endpoint(settings.LLM_MODEL, base, key), *fallbacks)
        return cls(endpoints, Limits(settings.LLM_TIMEOUT), settings.LLM_CONCURRENCY, guide=guide or shipped())

    def classify(self, mails: Sequence[MailText]) -> list[Judgement]:
        """Judge each mail, several at a time; what failed is "uncertain" with `error` set."""
        if not mails:
            return []
        api.load()  # here, because its seconds count in no mail's deadline
        if self.session.over():
            self.session = Session(self.endpoints, self.limits, self.guide)
        with ThreadPoolExecutor(min(self.concurrency, len(mails)), "judge") as pool:
            return list(pool.map(self.session.judge, mails))

    def guess(self) -> Decimal:
        """USD that one mail may cost, by the length of what is asked about a usual one; 0 where no price is known."""
        usual = replace(SAMPLE, text=USUAL * "x")
        asked = used(None, messages(usual, "", self.guide), REASONED * "x")
        return api.priced(self.endpoints[0].model, asked)

    def probe(self) -> Probe:
        """Have one tiny mail judged by the first endpoint. Raises ClassifierError."""
        api.load()
        started = time.monotonic()
        trial = Trial(Session(self.endpoints[:1], self.limits, self.guide), SAMPLE, max_calls=1)
        try:
            answer = trial.answer()
        except ReplyError as problem:
            raise ClassifierError(f"{trial.model} answers, but not as asked: {problem}.", permanent=True) from None
        took = time.monotonic() - started
        said = f"{trial.model} answered in {took:.1f} s: {answer.category}, {answer.confidence:.2f}."
        return Probe(said, trial.judgement(answer))
