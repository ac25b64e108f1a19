"""Judging a mail: one small interface, two implementations.

`llm` asks a language model through litellm; `local` is the embedded classifier that needs no key. Both see the same
`MailText`, so that a reviewer can see what a judge saw.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Protocol


@dataclass(frozen=True)
class MailText:
    """What a judge sees of a mail. `text` is bounded and holds no hidden text; `new_text` is without quotes.

    `precedents` are verdicts about like mail of others, without a word that they wrote.
    """

    subject: str
    sender_name: str
    sender_address: str
    text: str
    new_text: str
    headers: Mapping[str, str] = field(default_factory=dict)
    attachments: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    automatic: str = ""
    precedents: tuple[str, ...] = ()


@dataclass(frozen=True)
class Judgement:
    """One answer. The first seven names are the reply contract; `error` says why there is no usable answer.

    `judge` says whose it is where several judge together. `raw_confidence` is the one before calibration, `spared` why
    no model was paid. `may_trash`: the embedded classifier holds trashing it for
    safe. `before` are other judges' answers about the same mail, kept to be compared with people's.
    `estimated`: the server told no tokens, so they and the cost are estimated by length.
    `prompt` names the version of the rules that the model was told.
    `refused`: the judge takes no mail at all until a person mends a setting, so this says nothing about the mail.
    """

    category: str
    confidence: float
    language: str
    technical: bool = False
    sender_first_name: str | None = None
    company: str | None = None
    reason: str = ""
    model: str = ""
    error: str = ""
    refused: bool = False
    input_tokens: int = 0
    output_tokens: int = 0
    cost: Decimal = Decimal(0)
    estimated: bool = False
    judge: str = ""
    prompt: str = ""
    may_trash: bool = False
    raw_confidence: float | None = None
    spared: str = ""
    before: "tuple[Judgement, ...]" = ()


class Refused(Exception):
    """The judge takes no mail until a person mends a setting; the mail waits for that. One line says which."""


class Classifier(Protocol):
    """A judge.

    `judge` is the Classification.Judge value that its answers are stored under. `batch` is how many mails it
    wants at once: after each batch the answers are stored, so that a paid one is lost by a crash as rarely
    as can be.
    """

    @property
    def judge(self) -> str: ...
    @property
    def batch(self) -> int: ...

    def classify(self, mails: Sequence[MailText]) -> list[Judgement]:
        """Judge each mail; never raises for one mail: what failed is "uncertain" with `error` set."""
        ...
