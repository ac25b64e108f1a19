"""Making a stated confidence mean something: of mail at 80 % people are to find 80 % right. Pure."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from triage.classifiers import Judgement
from triage.learning.experience import Seen

ENOUGH = 30  # answers of people, for one judge and category
DOUBT = 2.0  # how strongly a curve is held to what was stated; as much as about ten answers
BINS = 10
SURELY = 1.645  # standard deviations: true in 95 of 100 cases


@dataclass(frozen=True)
class Curve:
    """log odds = shift + slope * stated log odds (Platt, Advances in Large Margin Classifiers, 1999)."""

    shift: float
    slope: float

    def __call__(self, stated: float) -> float:
        return round(1 / (1 + math.exp(-(self.shift + self.slope * _log_odds(stated)))), 3)


@dataclass(frozen=True)
class Curves:
    """The curve of each judge and category about which people were asked often enough."""

    known: Mapping[tuple[str, str], Curve]

    def correct(self, judgement: Judgement, judge: str) -> Judgement:
        """The judgement with the corrected confidence, the stated one kept; itself where nothing is known."""
        curve = None if judgement.error else self.known.get((judge, judgement.category))
        kept = replace(judgement, raw_confidence=judgement.confidence)
        return replace(kept, confidence=curve(judgement.confidence)) if curve else kept


def curves(answers: Iterable[Seen]) -> Curves:
    """Fit them all."""
    groups: defaultdict[tuple[str, str], list[Seen]] = defaultdict(list)
    for one in answers:
        groups[one.judge, one.category].append(one)
    return Curves({key: fit(group) for key, group in groups.items() if len(group) >= ENOUGH})


def fit(answers: Sequence[Seen]) -> Curve:
    """The likeliest curve, with what was stated as the prior. It never falls.

    Steps as if every chance were one half: they cannot overshoot (Böhning and Lindsay, Annals of the Institute of
    Statistical Mathematics 40, 1988).
    """
    inputs = np.array([[1.0, _log_odds(one.raw)] for one in answers])
    right, prior = np.array([one.right for one in answers], dtype=float), np.array([0.0, 1.0])
    bend = np.linalg.inv(inputs.T @ inputs / 4 + DOUBT * np.eye(2))
    found = prior
    for _ in range(300):
        chances = 1 / (1 + np.exp(-inputs @ found))
        found = found + bend @ (inputs.T @ (right - chances) - DOUBT * (found - prior))
    return Curve(float(found[0]), max(float(found[1]), 0.0))


def _log_odds(chance: float) -> float:
    bounded = min(max(chance, 0.02), 0.98)
    return math.log(bounded / (1 - bounded))


class Record:
    """How often a judge was right, by category and tenth of stated confidence."""

    def __init__(self, answers: Iterable[Seen] = ()) -> None:
        self._right: defaultdict[tuple[str, int], list[bool]] = defaultdict(list)
        for one in answers:
            self._right[one.category, tenth(one.raw)].append(one.right)

    def at_least(self, category: str, stated: float) -> float:
        """The accuracy there, so low that it is higher in 95 of 100 cases; 0 where nobody was asked."""
        answers = self._right.get((category, tenth(stated)), [])
        return wilson(sum(answers), len(answers))


def tenth(confidence: float) -> int:
    """0 for below 0.1, up to 9."""
    return min(int(confidence * BINS), BINS - 1)


def wilson(right: int, number: int) -> float:
    """The lower bound of a share (Wilson, Journal of the American Statistical Association 22, 1927)."""
    if not number:
        return 0.0
    share, square = right / number, SURELY**2
    spread = SURELY * math.sqrt(share * (1 - share) / number + square / (4 * number**2))
    return (share + square / (2 * number) - spread) / (1 + square / number)
