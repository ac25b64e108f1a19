"""One mail's way to an answer: calls, back-off, repair, fallback models, and what they cost."""

import logging
import random
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from triage.classifiers import Judgement, MailText
from triage.classifiers.llm import api, reply
from triage.classifiers.llm.api import ClassifierError, Completion, Endpoint
from triage.classifiers.llm.guide import Guide, shipped
from triage.classifiers.llm.prompt import Chat, messages, repair
from triage.classifiers.llm.reply import Reply, ReplyError

log = logging.getLogger(__name__)

MAX_CALLS = 3  # for one mail, over retries, the repair and fallback models
MAX_STRIKES = 8  # mails in a row that found every model down; those after them are not tried
MEMORY = 60.0  # seconds after the last trouble until everything is tried again


@dataclass(frozen=True)
class Limits:
    """Seconds: `call` for one call, `pause` before the first repetition; a mail gets twice `call`."""

    call: float
    pause: float = 0.5

    @property
    def mail(self) -> float:
        return 2 * self.call


class Session:
    """Judges mails that learn from each other: which endpoints refuse us, and that all of them are down."""

    def __init__(self, endpoints: Sequence[Endpoint], limits: Limits, guide: Guide | None = None) -> None:
        self.endpoints, self.limits, self.guide = endpoints, limits, guide or shipped()
        self.refusals: dict[Endpoint, ClassifierError] = {}
        self.strikes = 0
        self.last_trouble = 0.0

    def over(self) -> bool:
        """Whether what was learnt is too old to be held against anybody."""
        return time.monotonic() - self.last_trouble > MEMORY

    def judge(self, mail: MailText) -> Judgement:
        """Never raises: what failed is "uncertain" with `error` set."""
        trial = Trial(self, mail)
        if self.strikes >= MAX_STRIKES:
            return trial.failure(f"{trial.model} failed for {self.strikes} mails in a row: not asked for this one.")
        try:
            answer = trial.answer()
        except ReplyError as problem:
            return trial.failure(f"{trial.model} gave no valid answer: {problem}.")
        except ClassifierError as error:
            self.strikes += not error.permanent
            self.last_trouble = time.monotonic()
            return trial.failure(str(error), refused=error.every_mail)
        except Exception as error:  # not its text, which may quote the mail
            log.error("judging a mail failed unexpectedly: %s", type(error).__name__)
            return trial.failure(f"Judging failed unexpectedly ({type(error).__name__}).")
        return trial.judgement(answer)


class Trial:
    """One mail before the models. Its clock starts when it is made."""

    def __init__(self, session: Session, mail: MailText, max_calls: int = MAX_CALLS) -> None:
        self.session, self.mail, self.max_calls = session, mail, max_calls
        self.deadline = time.monotonic() + session.limits.mail
        self.model = session.endpoints[0].model
        self.ready: dict[Endpoint, float] = {}  # when an endpoint that failed may be asked again
        self.out: set[Endpoint] = set()  # endpoints that cannot judge this mail
        self.error: ClassifierError | None = None
        self.completions: list[Completion] = []
        self.calls = 0

    def answer(self) -> Reply:
        """A reply that is by the contract, after one repair if need be. Raises ReplyError or ClassifierError."""
        chat = messages(self.mail, secrets.token_hex(16), self.session.guide)
        completion = self.ask(chat)
        try:
            return reply.read(completion)
        except ReplyError as problem:
            if not problem.repairable or self.calls == self.max_calls:
                raise
            return reply.read(self.ask(chat + repair(completion.text, str(problem))))

    def ask(self, chat: Chat) -> Completion:
        """The first answer that any endpoint gives while there are calls and time left."""
        while True:
            endpoint, start = self.next()
            time.sleep(max(start - time.monotonic(), 0))
            self.calls += 1
            self.model = endpoint.model
            seconds = min(self.session.limits.call, self.deadline - time.monotonic())
            try:
                completion = api.complete(endpoint, chat, Reply, seconds)
            except ClassifierError as error:
                self.completions += [error.lost] if error.lost else []
                self.learn(endpoint, error)
                continue
            self.session.strikes = 0
            self.completions.append(completion)
            return completion

    def next(self) -> tuple[Endpoint, float]:
        """Which endpoint to ask and when: the first that can be asked soonest. Raises the last error if none can."""
        refusals, now = self.session.refusals, time.monotonic()
        usable = [one for one in self.session.endpoints if one not in self.out and one not in refusals]
        if not usable:
            raise self.error or refusals[self.session.endpoints[0]]
        endpoint = min(usable, key=lambda one: self.ready.get(one, 0))
        start = max(self.ready.get(endpoint, 0), now)
        if self.calls == self.max_calls or start > self.deadline - self.session.limits.call / 10:
            raise self.error or ClassifierError(f"{self.model}: no time left for another call.")
        return endpoint, start

    def learn(self, endpoint: Endpoint, error: ClassifierError) -> None:
        """Remember what a failed call says about asking this endpoint again."""
        self.error = error
        if error.every_mail:
            self.session.refusals[endpoint] = error
            log.warning("%s", error)
        elif error.permanent:
            self.out.add(endpoint)
        else:
            pause = self.session.limits.pause * 2 ** (self.calls - 1) * random.uniform(0.5, 1.5)  # noqa: S311 (no secret)
            self.ready[endpoint] = time.monotonic() + max(error.retry_after, pause)

    def judgement(self, answer: Reply) -> Judgement:
        """A valid answer, its free texts cut down to what may reach a draft or a page."""
        return Judgement(
            category=answer.category,
            confidence=answer.confidence,
            language=reply.language(answer.language),
            technical=answer.technical,
            sender_first_name=reply.first_name(answer.sender_first_name, self.mail),
            company=reply.company(answer.company, self.mail),
            reason=reply.reason(answer.reason),
            **self.bill(),
        )

    def failure(self, error: str, *, refused: bool = False) -> Judgement:
        """A person must look, and is told why."""
        return Judgement("uncertain", 0.0, "", error=error[:300], refused=refused, **self.bill())

    def bill(self) -> dict[str, Any]:
        """Who answered last, by which rules, and the tokens and USD of every answer, valid or not, read or lost."""
        used = [one.usage for one in self.completions]
        return {
            "model": self.model[:100],
            "prompt": self.session.guide.version,
            "input_tokens": sum(one.input_tokens for one in used),
            "output_tokens": sum(one.output_tokens for one in used),
            "cost": sum((one.cost for one in self.completions), Decimal(0)),
            "estimated": any(one.estimated for one in used),
        }
