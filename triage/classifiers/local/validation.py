"""What to expect on mail of senders, years and languages that were not learned from.

Random folds flatter: mail of one source is alike. So whole sources, templates or languages are left out, both
of the classifier and of the heads.
"""

from collections.abc import Sequence

import numpy as np

from triage.classifiers import Judgement
from triage.classifiers.evaluation import Outcome
from triage.classifiers.local.augmentation import with_copies
from triage.classifiers.local.dataset import LabelledMail
from triage.classifiers.local.model import Model, final_confidence
from triage.classifiers.local.training import Corpus, fit_heads, fit_linear, unseen_folds, unseen_scores


def validate(mails: Sequence[LabelledMail], leaving_out: str) -> list[Outcome]:
    """Outcomes of mail judged by models that had not seen its "source", "template" or "language"."""
    corpus = Corpus.of(with_copies(mails))
    scores = unseen_scores(corpus, "source")
    outcomes = []
    for _, learn, judge in unseen_folds(corpus.mails, leaving_out):
        heads = fit_heads(corpus.part(learn), scores[learn])
        model = Model(*fit_linear(corpus, learn), *heads)
        outcomes += judged(model, corpus, judge[judge < len(mails)])
    return outcomes


def judged(model: Model, corpus: Corpus, places: np.ndarray) -> list[Outcome]:
    """What a model says of some mails of a corpus."""
    rows = [corpus.rows[place] for place in places]
    return [
        Outcome(corpus.mails[place], Judgement(verdict.category, final_confidence(row, verdict), ""))
        for place, row, verdict in zip(places, rows, model.judge(rows), strict=True)
    ]
