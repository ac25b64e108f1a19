"""Where the embedded classifier decides without the language model: where it was right often enough. Pure."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from triage.classifiers import Judgement
from triage.classifiers.evaluation import Outcome, share
from triage.classifiers.local.dataset import TRASH
from triage.learning.calibration import Record
from triage.learning.experience import Seen

NAMED = 0.98  # the target to tell of where LOCAL_TARGET is off


@dataclass(frozen=True)
class Saving:
    """What a cascade saves on some mail, and how right the embedded classifier is (leniently) where it is alone."""

    target: float
    mails: int
    calls_saved: int
    accuracy: float | None


def proved(own: Judgement, record: Record, target: float) -> bool:
    """Whether people found the embedded classifier right often enough where it is as sure as here."""
    if own.error or own.category == "uncertain" or (own.category in TRASH and not own.may_trash):
        return False
    stated = own.confidence if own.raw_confidence is None else own.raw_confidence
    return record.at_least(own.category, stated) >= target


def saving(outcomes: Sequence[Outcome], target: float) -> Saving:
    """What it saves on labelled mail. One half of the mail is the record by which the other half is decided."""
    shuffled = random.Random(0).sample(outcomes, len(outcomes))  # noqa: S311 (the same halves each time, no secret)
    one, other = shuffled[::2], shuffled[1::2]
    pairs = (one, Record(map(seen, other))), (other, Record(map(seen, one)))
    alone = [mail for half, record in pairs for mail in half if proved(mail.judged, record, target)]
    return Saving(target, len(outcomes), len(alone), share(mail.right for mail in alone))


def seen(one: Outcome) -> Seen:
    """A labelled mail as an answer of a person."""
    return Seen("local", one.judged.category, one.judged.confidence, one.right)
