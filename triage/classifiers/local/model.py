"""The learned weights: numbers in an .npz file, no pickle, and what they say of a mail."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from triage.classifiers.local.features import SIZE, Features

CATEGORIES = ("spam", "newsletter", "lead", "accounting", "uncertain")
SURE = 0.95  # of the safe-to-trash head: the second key to the trash
WORDS = 8  # a mail with fewer is never trashed
UNSURE = 0.69  # below the default REVIEW_THRESHOLD


@dataclass(frozen=True)
class Verdict:
    """The category a mail looks most like, how likely that is right, and how likely trashing it does no harm."""

    category: str
    confidence: float
    safe_to_trash: float
    scores: tuple[float, ...]


@dataclass(frozen=True)
class Model:
    """Linear weights (columns x categories), and the two heads that turn scores into probabilities."""

    coefficients: np.ndarray
    offsets: np.ndarray
    confidence: np.ndarray
    trash: np.ndarray

    def judge(self, rows: Sequence[Features]) -> list[Verdict]:
        """One verdict a mail."""
        if not rows:
            return []
        scores = self.scores(rows)
        sure = probability(self.confidence, head_inputs(scores, rows))
        safe = probability(self.trash, trash_inputs(scores, rows))
        tops = scores.argmax(1)
        return [
            Verdict(CATEGORIES[top], float(sure[i]), float(safe[i]), tuple(map(float, scores[i])))
            for i, top in enumerate(tops)
        ]

    def scores(self, rows: Sequence[Features]) -> np.ndarray:
        """How much each mail looks like each category (mails x categories)."""
        scores: np.ndarray = np.stack([row.values @ self.weights(row.columns) for row in rows]) + self.offsets
        return scores

    def weights(self, columns: Sequence[int] | np.ndarray) -> np.ndarray:
        """The weights of some columns, as numbers to calculate with."""
        return self.coefficients[np.asarray(columns, dtype=np.int64)].astype(np.float32)

    def save(self, path: Path) -> None:
        """Write the weights with eight bits each; what would be rounded to nothing costs no space."""
        step = np.abs(self.coefficients).max() / 32767
        whole = np.round(self.coefficients / step).astype(np.int16)
        whole[np.abs(whole) < 60] = 0
        np.savez_compressed(
            path, step=step, coefficients=whole, offsets=self.offsets, confidence=self.confidence, trash=self.trash
        )

    @classmethod
    def load(cls, path: Path) -> "Model":
        """Read what `save` wrote; raises ValueError for a file of another shape."""
        with np.load(path, allow_pickle=False) as file:
            parts = {name: file[name] for name in ("step", "coefficients", "offsets", "confidence", "trash")}
        if parts["coefficients"].shape != (SIZE, len(CATEGORIES)):
            raise ValueError(f"{path.name} holds weights for another version. Build them with train_local_classifier.")
        coefficients = parts["coefficients"].astype(np.float32) * np.float32(parts["step"])
        return cls(coefficients, parts["offsets"], parts["confidence"], parts["trash"])


def final_confidence(row: Features, verdict: Verdict) -> float:
    """How sure the category is; for what would be trashed only if the second head is sure, too."""
    if verdict.category not in ("spam", "newsletter"):
        return verdict.confidence
    return verdict.confidence if safe_to_trash(row, verdict) else min(verdict.confidence, UNSURE)


def safe_to_trash(row: Features, verdict: Verdict) -> bool:
    """Whether trashing the mail can do no harm, as far as the second head knows; the key to the trash."""
    return verdict.safe_to_trash >= SURE and row.words >= WORDS


def probability(head: np.ndarray, inputs: np.ndarray) -> np.ndarray:
    """A head's chance of yes for each row of its inputs."""
    chances: np.ndarray = 1 / (1 + np.exp(-np.clip(head[0] + inputs @ head[1:], -30, 30)))
    return chances


def head_inputs(scores: np.ndarray, rows: Sequence[Features]) -> np.ndarray:
    """What the confidence rests on: lead of the first over the second, which one it is, how much there is to read."""
    ordered = np.sort(scores, axis=1)[:, ::-1]
    first = np.eye(len(CATEGORIES), dtype=np.float32)[scores.argmax(1)]
    length = np.log1p([row.words for row in rows])
    gap = ordered[:, 0] - ordered[:, 1]
    return np.column_stack(
        [ordered[:, 0], gap, np.minimum(gap, 0.5), first, first * gap[:, None], length, np.minimum(length, 2.5)]
    )


def trash_inputs(scores: np.ndarray, rows: Sequence[Features]) -> np.ndarray:
    """What trashing rests on: the best reason for it, the reasons against it, how much there is to read.

    The bends let a weak reason for it weigh more than strong ones against the rest: mail that looks like nothing
    known is not rubbish.
    """
    best_trash, best_keep = scores[:, :2].max(axis=1), scores[:, 2:].max(axis=1)
    gap = best_trash - best_keep
    length = np.log1p([row.words for row in rows])
    wanted, unclear = scores[:, 2:4].max(axis=1), scores[:, 4]
    bends = np.minimum(gap, 0.5), np.minimum(best_trash, 0)
    return np.column_stack([gap, best_trash, *bends, wanted, unclear, np.minimum(length, 3)])
