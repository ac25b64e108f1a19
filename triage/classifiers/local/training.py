"""Fitting the classifier and its two heads. The only importer of scikit-learn; judging does not need it.

The heads learn from scores of mail whose source the classifier had not seen: random folds would teach them
to trust a memory that the next customer's mail does not share.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

from triage.classifiers.local.augmentation import with_copies
from triage.classifiers.local.dataset import LabelledMail
from triage.classifiers.local.features import SIZE, Features, features_of
from triage.classifiers.local.model import (
    CATEGORIES,
    SURE,
    WORDS,
    Impressions,
    Model,
    head_inputs,
    outside,
    probability,
    trash_inputs,
    without_faint,
)
from triage.classifiers.local.refit import sparse

# Of words, characters and signs: C of their classifier, and its share in the sum. Chosen by leaving sources out.
STRENGTHS = 1.0, 0.2, 1.0
SHARES = 0.7, 0.6, 0.4
HARM = 0.001  # of what is trashed, by weight, among mail of unseen sources
PARTS = 4  # into how many parts the templates of one written source are divided
NO_HEADS = np.zeros(0), np.zeros(0)


@dataclass(frozen=True)
class Corpus:
    """Labelled mail with its features, read once."""

    mails: list[LabelledMail]
    rows: list[Features]
    kinds: tuple[csr_matrix, ...]  # words, characters, signs; senders are for people's corrections alone
    labels: np.ndarray

    @classmethod
    def of(cls, mails: Sequence[LabelledMail]) -> "Corpus":
        rows = [features_of(labelled.mail) for labelled in mails]
        labels = np.array([CATEGORIES.index(labelled.label) for labelled in mails])
        return cls(list(mails), rows, tuple(map(sparse, zip(*(row.kinds[:3] for row in rows), strict=True))), labels)

    def part(self, places: np.ndarray) -> "Corpus":
        """Only the mails at these places."""
        mails, rows = [self.mails[place] for place in places], [self.rows[place] for place in places]
        return Corpus(mails, rows, tuple(kind[places] for kind in self.kinds), self.labels[places])


def weights_of_mails(mails: Sequence[LabelledMail]) -> np.ndarray:
    """A mail of a large source counts less, so that no source outvotes the others."""
    keys = [(m.source, m.label) for m in mails]
    sizes = Counter(keys)
    weights = np.array([sizes[key] ** -0.4 for key in keys])
    weights /= weights.mean()
    return weights


def fit_linear(corpus: Corpus, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weights (columns x categories) and offsets of one linear classifier per category.

    Words, characters and signs are fitted apart and added up. Fitted together, whichever kind tells the sources
    best apart that are known leaves the others nothing to learn, and they are what is left in a new one.
    """
    weights, labels = weights_of_mails([corpus.mails[row] for row in rows]), corpus.labels[rows]
    coefficients, offsets = np.zeros((SIZE, len(CATEGORIES)), np.float32), np.zeros(len(CATEGORIES), np.float32)
    for kind, strength, share in zip(corpus.kinds, STRENGTHS, SHARES, strict=True):
        machine = LinearSVC(C=strength, class_weight="balanced", max_iter=1000, tol=1e-3, random_state=0)
        machine.fit(kind[rows], labels, sample_weight=weights)
        coefficients += share * without_faint(machine.coef_.T)
        offsets += share * machine.intercept_
    return coefficients, offsets


def unseen_folds(mails: Sequence[LabelledMail], by: str = "source") -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """(name, rows to learn from, rows to judge): whole sources, parts of the templates, or languages left out."""
    keys = np.array([_fold(mail, by) for mail in mails])
    for key in sorted(set(keys)):
        if key:
            yield str(key), np.flatnonzero(keys != key), np.flatnonzero(keys == key)


def _fold(mail: LabelledMail, by: str) -> str:
    templates = f"part {sum(mail.group.encode()) % PARTS + 1}"
    if by == "language":
        known = mail.language in ("en", "und")
        return "" if known else f"languages, part {sum(mail.language.encode()) % (PARTS + 1) + 1}"
    if by == "template":
        return templates if mail.synthetic else ""
    if by == "source" and mail.source != "starter":
        return mail.source
    return f"{mail.source}, {templates}"


def unseen_impressions(corpus: Corpus) -> Impressions:
    """Those of classifiers that had not seen the mail's source."""
    count = len(corpus.mails)
    scores, familiar = np.zeros((count, len(CATEGORIES)), dtype=np.float32), np.zeros(count)
    for _, learn, judge in unseen_folds(corpus.mails):
        model = Model(*fit_linear(corpus, learn), *NO_HEADS)
        seen = model.impressions([corpus.rows[place] for place in judge])
        scores[judge], familiar[judge] = seen.scores, seen.familiar
    return Impressions(scores, familiar, *outside(corpus.rows))


def fit_heads(corpus: Corpus, seen: Impressions) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients of the confidence head and of the safe-to-trash head, offset first."""
    tops = seen.scores.argmax(1)
    right = np.array([CATEGORIES[top] in mail.acceptable for top, mail in zip(tops, corpus.mails, strict=True)])
    safe = np.array([mail.may_be_trashed for mail in corpus.mails])
    weights = weights_of_mails(corpus.mails)
    confidence = _logistic(head_inputs(seen), right, weights)
    inputs = trash_inputs(seen)
    trash = _logistic(inputs, safe, weights)
    allowed = np.array([row.words >= WORDS and not row.from_a_person for row in corpus.rows])
    in_question = (tops < 2) & allowed  # spam or newsletter, and nothing forbids to trash it
    trash[0] -= _excess(probability(trash, inputs), safe, weights * in_question)
    return confidence, trash


def _excess(chances: np.ndarray, safe: np.ndarray, weights: np.ndarray) -> float:
    """By how much the head must be lowered so that at SURE it harms no more than HARM.

    The head is fitted to all mail; what is trashed is its far end, where few mails decide.
    """
    order = np.argsort(-chances)
    harm = np.cumsum((weights * ~safe)[order]) / np.maximum(np.cumsum(weights[order]), 1e-9)
    kept = np.flatnonzero((harm <= HARM) & (weights[order] > 0))
    cut = np.clip(chances[order][kept[-1]] if len(kept) else 1.0, 1e-6, 1 - 1e-6)
    return max(0.0, float(_logit(cut) - _logit(SURE)))


def _logit(chance: float) -> float:
    return float(np.log(chance / (1 - chance)))


def _logistic(inputs: np.ndarray, answers: np.ndarray, weights: np.ndarray) -> np.ndarray:
    machine = LogisticRegression(C=1.0, max_iter=1000).fit(inputs, answers, sample_weight=weights)
    return np.concatenate((machine.intercept_, machine.coef_[0])).astype(np.float32)


def train(mails: Sequence[LabelledMail]) -> Model:
    """A model of all the mail."""
    corpus = Corpus.of(with_copies(mails))
    confidence, trash = fit_heads(corpus, unseen_impressions(corpus))
    coefficients, offsets = fit_linear(corpus, np.arange(len(corpus.mails)))
    return Model(coefficients, offsets, confidence, trash)
