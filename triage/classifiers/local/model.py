"""The learned weights: numbers in an .npz file, no pickle, and what they say of a mail."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from triage.classifiers.local.features import SIZE, Features

CATEGORIES = ("spam", "newsletter", "lead", "accounting", "uncertain")
SURE = 0.95  # of the safe-to-trash head: the second key to the trash
WORDS = 8  # a mail with fewer is never trashed
UNSURE = 0.69  # below the default REVIEW_THRESHOLD
VERSION = 4  # of features and heads: weights of another one mean something else
# The odds of "uncertain" are believed less (their logarithm, by this): it stands for whatever the known sources held
# beside the rest, and a new inbox holds something else.
STRANGENESS = 1.75
FAINT = 60 / 32767  # of the largest weight; what is smaller would be rounded away and is no knowledge


@dataclass(frozen=True)
class Verdict:
    """The category a mail looks most like, how likely that is right, and how likely trashing it does no harm."""

    category: str
    confidence: float
    safe_to_trash: float
    scores: tuple[float, ...]


@dataclass(frozen=True)
class Impressions:
    """What the heads go by, a row a mail: scores (mails x categories), the share of its words that has a weight,
    its length in words, its outward signs (mails x signs).
    """

    scores: np.ndarray
    familiar: np.ndarray
    words: np.ndarray
    outward: np.ndarray

    def at(self, places: np.ndarray) -> "Impressions":
        """Only the mails at these places."""
        return Impressions(self.scores[places], self.familiar[places], self.words[places], self.outward[places])


@dataclass(frozen=True)
class Model:
    """Linear weights (columns x categories), and the two heads that turn scores into probabilities.

    `untaught` is the model that people's corrections changed into this one.
    """

    coefficients: np.ndarray
    offsets: np.ndarray
    confidence: np.ndarray
    trash: np.ndarray
    untaught: "Model | None" = None

    def judge(self, rows: Sequence[Features]) -> list[Verdict]:
        """One verdict a mail. Corrections can take the key to the trash away, never give it."""
        if not rows:
            return []
        found = verdicts(self.impressions(rows), self.confidence, self.trash)
        if self.untaught is None:
            return found
        pairs = zip(found, self.untaught.judge(rows), strict=True)
        return [replace(now, safe_to_trash=min(now.safe_to_trash, before.safe_to_trash)) for now, before in pairs]

    def scores(self, rows: Sequence[Features]) -> np.ndarray:
        """How much each mail looks like each category (mails x categories)."""
        return self.impressions(rows).scores

    def impressions(self, rows: Sequence[Features]) -> Impressions:
        """What the heads need to know of each mail."""
        weights = [self.weights(row.columns) for row in rows]
        scores = np.stack([row.values @ own for row, own in zip(rows, weights, strict=True)]) + self.offsets
        words = [own[: len(row.kinds[0].columns)] for row, own in zip(rows, weights, strict=True)]
        familiar = np.array([own.any(axis=1).mean() if len(own) else 0.0 for own in words])
        return Impressions(scores, familiar, *outside(rows))

    def weights(self, columns: Sequence[int] | np.ndarray) -> np.ndarray:
        """The weights of some columns, as numbers to calculate with."""
        return self.coefficients[np.asarray(columns, dtype=np.int64)].astype(np.float32)

    def save(self, path: Path) -> None:
        """Write the weights with sixteen bits each; those that are nothing cost no space."""
        step = np.abs(self.coefficients).max() / 32767
        whole = np.round(self.coefficients / step).astype(np.int16)
        np.savez_compressed(
            path,
            version=VERSION,
            step=step,
            coefficients=whole,
            offsets=self.offsets,
            confidence=self.confidence,
            trash=self.trash,
        )

    @classmethod
    def load(cls, path: Path) -> "Model":
        """Read what `save` wrote; raises ValueError for a file of another shape."""
        with np.load(path, allow_pickle=False) as file:
            parts = dict(file)
        if parts.get("version") != VERSION or parts["coefficients"].shape != (SIZE, len(CATEGORIES)):
            raise ValueError(f"{path.name} holds weights for another version. Build them with train_local_classifier.")
        coefficients = parts["coefficients"].astype(np.float32) * np.float32(parts["step"])
        return cls(coefficients, parts["offsets"], parts["confidence"], parts["trash"])


def verdicts(seen: Impressions, confidence: np.ndarray, trash: np.ndarray) -> list[Verdict]:
    """What the two heads make of each mail."""
    doubts = np.where(seen.scores.argmax(1) == CATEGORIES.index("uncertain"), STRANGENESS, 1.0)
    sure = probability(confidence, head_inputs(seen), doubts)
    safe = probability(trash, trash_inputs(seen))
    return [
        Verdict(CATEGORIES[own.argmax()], float(sure[i]), float(safe[i]), tuple(map(float, own)))
        for i, own in enumerate(seen.scores)
    ]


def outside(rows: Sequence[Features]) -> tuple[np.ndarray, np.ndarray]:
    """What of the impressions no weight changes: length in words, outward signs."""
    return np.array([row.words for row in rows]), np.stack([row.outward for row in rows])


def final_confidence(row: Features, verdict: Verdict) -> float:
    """How sure the category is; for what would be trashed only if the second head is sure, too."""
    if verdict.category not in ("spam", "newsletter"):
        return verdict.confidence
    return verdict.confidence if safe_to_trash(row, verdict) else min(verdict.confidence, UNSURE)


def safe_to_trash(row: Features, verdict: Verdict) -> bool:
    """Whether trashing the mail can do no harm, as far as the second head knows; the key to the trash."""
    return verdict.safe_to_trash >= SURE and row.words >= WORDS and not row.from_a_person


def probability(head: np.ndarray, inputs: np.ndarray, doubts: np.ndarray | float = 1.0) -> np.ndarray:
    """A head's chance of yes for each row of its inputs; the logarithms of the odds are divided by the doubts."""
    chances: np.ndarray = 1 / (1 + np.exp(-np.clip((head[0] + inputs @ head[1:]) / doubts, -30, 30)))
    return chances


def without_faint(coefficients: np.ndarray) -> np.ndarray:
    """The weights without those that say next to nothing."""
    kept: np.ndarray = np.where(np.abs(coefficients) < FAINT * np.abs(coefficients).max(), 0, coefficients)
    return kept


def head_inputs(seen: Impressions) -> np.ndarray:
    """What the confidence rests on: lead of the first over the second, which one it is, how much there is to read."""
    ordered = np.sort(seen.scores, axis=1)[:, ::-1]
    first = np.eye(len(CATEGORIES), dtype=np.float32)[seen.scores.argmax(1)]
    length = np.log1p(seen.words)
    gap = ordered[:, 0] - ordered[:, 1]
    bends = np.minimum(gap, 0.5), np.minimum(length, 2.5)
    return np.column_stack([ordered[:, 0], gap, first, first * gap[:, None], length, *bends, seen.familiar])


def trash_inputs(seen: Impressions) -> np.ndarray:
    """What trashing rests on: the best reason for it, the reasons against it, how much there is to read,
    and outward signs that it was sent to many.

    The bends let a weak reason for it weigh more than strong ones against the rest: mail that looks like nothing
    known is not rubbish. So does the share of what is familiar.
    """
    scores = seen.scores
    best_trash, best_keep = scores[:, :2].max(axis=1), scores[:, 2:].max(axis=1)
    gap = best_trash - best_keep
    wanted, unclear = scores[:, 2:4].max(axis=1), scores[:, 4]
    bends = np.minimum(gap, 0.5), np.minimum(best_trash, 0), np.minimum(np.log1p(seen.words), 3)
    return np.column_stack([gap, best_trash, wanted, unclear, *bends, seen.familiar, seen.outward])
