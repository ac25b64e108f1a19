"""Learning from people's corrections on top of the starter weights, in a second.

The corrected model is the starter model plus one linear correction of all corrections together (kernel ridge
regression on what the starter model misses). It depends on nothing but the starter weights and the list, so
that undoing a correction is refitting without it.
"""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from scipy.sparse import csr_matrix

from triage.classifiers.local.change import Change, Correction
from triage.classifiers.local.features import SIZE, Row, features_of
from triage.classifiers.local.model import CATEGORIES, Model

DOUBT = 1.0  # how much a single correction is doubted: more of them must agree before the model turns
RARITY = 0.5  # how much less so in a category that people name seldom; most of what they are asked about is none
MARGIN = 2.0  # a score beyond this needs no correction; most scores of a known kind of mail are


def refit(starter: Model, corrections: Sequence[Correction]) -> Model:
    """The starter model, moved towards the corrections; the starter model itself if there are none."""
    return change_by(starter, corrections).on(starter)


def change_by(starter: Model, corrections: Sequence[Correction]) -> Change:
    """What all corrections together change in the starter model."""
    if not corrections:
        return Change(np.zeros(0, dtype=np.int32), np.zeros((0, len(CATEGORIES)), dtype=np.float16))
    rows = [features_of(one.mail) for one in corrections]
    matrix = sparse(rows)
    wanted = np.array([[MARGIN if one.category == name else -MARGIN for name in CATEGORIES] for one in corrections])
    missing = np.where(wanted * starter.scores(rows) < MARGIN, wanted - starter.scores(rows), 0.0)
    likeness = (matrix @ matrix.T).toarray()
    shares = np.linalg.solve(likeness + np.diag(doubts([one.category for one in corrections])), missing)
    change: np.ndarray = (matrix.T @ shares.astype(np.float32)).astype(np.float16)
    columns = np.flatnonzero(change.any(axis=1)).astype(np.int32)
    return Change(columns, change[columns])


def doubts(said: Sequence[str]) -> np.ndarray:
    """How much each correction is doubted, the more the more often its category is named; the mean category DOUBT."""
    named = Counter(said)
    usual = len(said) / len(named)
    return np.array([DOUBT * (named[category] / usual) ** RARITY for category in said])


def sparse(rows: Sequence[Row]) -> csr_matrix:
    """The rows as a matrix (mails x columns)."""
    ends = np.cumsum([0, *(len(row.columns) for row in rows)])
    values = np.concatenate([row.values for row in rows])
    columns = np.concatenate([row.columns for row in rows])
    matrix = csr_matrix((values, columns, ends), shape=(len(rows), SIZE))
    matrix.sum_duplicates()
    return matrix
