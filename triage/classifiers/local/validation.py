"""What to expect on mail of senders, years and languages that were not learned from.

Random folds flatter: mail of one source is alike. So whole sources, templates or languages are left out, both
of the classifier and of the heads.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from triage.classifiers import Judgement
from triage.classifiers.evaluation import Outcome
from triage.classifiers.local.augmentation import with_copies
from triage.classifiers.local.dataset import LabelledMail
from triage.classifiers.local.model import Impressions, Model, final_confidence, verdicts
from triage.classifiers.local.training import NO_HEADS, Corpus, fit_heads, fit_linear, unseen_folds, unseen_impressions


def validate(mails: Sequence[LabelledMail], parts: Sequence[str]) -> Iterator[tuple[str, list[Outcome]]]:
    """For each of "source", "template", "language": outcomes of mail judged by models that had not seen its own."""
    corpus = Corpus.of(with_copies(mails))
    seen = unseen_impressions(corpus)
    for part in parts:
        outcomes = []
        for _, learn, judge in unseen_folds(corpus.mails, part):
            own = judge[judge < len(mails)]
            found = seen.at(own) if part == "source" else _impressions(corpus, learn, own)
            outcomes += _judged(corpus, own, found, *fit_heads(corpus.part(learn), seen.at(learn)))
        yield part, outcomes


def _impressions(corpus: Corpus, learn: np.ndarray, judge: np.ndarray) -> Impressions:
    model = Model(*fit_linear(corpus, learn), *NO_HEADS)
    return model.impressions([corpus.rows[place] for place in judge])


def _judged(
    corpus: Corpus, places: np.ndarray, seen: Impressions, confidence: np.ndarray, trash: np.ndarray
) -> list[Outcome]:
    return [
        Outcome(corpus.mails[at], Judgement(verdict.category, final_confidence(corpus.rows[at], verdict), ""))
        for at, verdict in zip(places, verdicts(seen, confidence, trash), strict=True)
    ]
