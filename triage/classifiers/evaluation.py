"""How good a judge is on labelled mail: pure figures over outcomes.

"Strict" counts the label alone, "lenient" every category that does no harm. "Acted on" is what no person would
have looked at: sure, and not "uncertain".
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from triage.classifiers import Judgement
from triage.classifiers.local.dataset import TRASH, LabelledMail

CATEGORIES = ("spam", "newsletter", "lead", "accounting", "uncertain")
BINS = 10


@dataclass(frozen=True)
class Outcome:
    """What people say of a mail and what a judge said."""

    truth: LabelledMail
    judged: Judgement

    @property
    def strictly_right(self) -> bool:
        return self.judged.category == self.truth.label

    @property
    def right(self) -> bool:
        return self.judged.category in self.truth.acceptable

    def sure(self, threshold: float) -> bool:
        return self.judged.confidence >= threshold

    def acted_on(self, threshold: float) -> bool:
        return self.sure(threshold) and self.judged.category != "uncertain"

    def trashed(self, threshold: float) -> bool:
        return self.sure(threshold) and self.judged.category in TRASH


@dataclass(frozen=True)
class Figures:
    """Shares from 0 to 1, or None where there was nothing to measure; `lost_*` count mail trashed to harm."""

    mails: int
    strict_accuracy: float | None
    lenient_accuracy: float | None
    macro_f1: float | None
    coverage: float | None
    precision: float | None
    acted_on: float | None
    acted_on_precision: float | None
    trash_precision: float | None
    trash_recall: float | None
    lost_leads: int
    lost_accounting: int
    lost_other: int
    calibration_error: float | None


def figures(outcomes: Sequence[Outcome], threshold: float) -> Figures:
    """All figures of some outcomes."""
    sure = [one for one in outcomes if one.sure(threshold)]
    acted = [one for one in outcomes if one.acted_on(threshold)]
    trashed = [one for one in outcomes if one.trashed(threshold)]
    lost = Counter(one.truth.label for one in trashed if not one.truth.may_be_trashed)
    rubbish = [one for one in outcomes if one.truth.label in TRASH]
    return Figures(
        mails=len(outcomes),
        strict_accuracy=share(one.strictly_right for one in outcomes),
        lenient_accuracy=share(one.right for one in outcomes),
        macro_f1=macro_f1(outcomes),
        coverage=share(one.sure(threshold) for one in outcomes),
        precision=share(one.right for one in sure),
        acted_on=share(one.acted_on(threshold) for one in outcomes),
        acted_on_precision=share(one.right for one in acted),
        trash_precision=share(one.truth.may_be_trashed for one in trashed),
        trash_recall=share(one.trashed(threshold) for one in rubbish),
        lost_leads=lost["lead"],
        lost_accounting=lost["accounting"],
        lost_other=lost.total() - lost["lead"] - lost["accounting"],
        calibration_error=calibration_error(outcomes),
    )


def share(answers: Iterable[bool]) -> float | None:
    """The share of yes, or None if nothing was asked."""
    known = list(answers)
    return sum(known) / len(known) if known else None


def macro_f1(outcomes: Sequence[Outcome]) -> float | None:
    """The mean over the labels that occur of 2 true positives / (labelled + judged)."""
    labelled = Counter(one.truth.label for one in outcomes)
    judged = Counter(one.judged.category for one in outcomes)
    right = Counter(one.truth.label for one in outcomes if one.strictly_right)
    scores = [2 * right[label] / (labelled[label] + judged[label]) for label in labelled]
    return sum(scores) / len(scores) if scores else None


def calibration_error(outcomes: Sequence[Outcome]) -> float | None:
    """Expected calibration error: how far confidence and lenient accuracy are apart, over ten equal bins."""
    if not outcomes:
        return None
    bins: dict[int, list[Outcome]] = {}
    for one in outcomes:
        bins.setdefault(min(BINS - 1, int(one.judged.confidence * BINS)), []).append(one)
    gaps = (abs(sum(one.judged.confidence - one.right for one in group)) for group in bins.values())
    return sum(gaps) / len(outcomes)


def confusion(outcomes: Sequence[Outcome]) -> dict[str, dict[str, int]]:
    """Label -> category -> how many."""
    pairs = Counter((one.truth.label, one.judged.category) for one in outcomes)
    return {label: {category: pairs[label, category] for category in CATEGORIES} for label in CATEGORIES}


def by(outcomes: Sequence[Outcome], key: Callable[[LabelledMail], str], threshold: float) -> dict[str, Figures]:
    """The figures of each group, the largest first."""
    groups: dict[str, list[Outcome]] = {}
    for one in outcomes:
        groups.setdefault(key(one.truth), []).append(one)
    ordered = sorted(groups.items(), key=lambda pair: (-len(pair[1]), pair[0]))
    return {name: figures(group, threshold) for name, group in ordered}


COLUMNS = {
    "mails": "mails",
    "strict": "strict_accuracy",
    "lenient": "lenient_accuracy",
    "F1": "macro_f1",
    "sure": "coverage",
    "right": "precision",
    "acted": "acted_on",
    "right ": "acted_on_precision",
    "trash P": "trash_precision",
    "R": "trash_recall",
    "lead": "lost_leads",
    "acc": "lost_accounting",
    "other": "lost_other",
    "ECE": "calibration_error",
}


def table(rows: dict[str, Figures]) -> str:
    """The rows as text with aligned columns."""
    width = max(len(name) for name in rows) if rows else 0
    lines = [" ".join(["".ljust(width), *(title.rjust(7) for title in COLUMNS)])]
    for name, row in rows.items():
        lines.append(" ".join([name.ljust(width), *(_cell(getattr(row, field)) for field in COLUMNS.values())]))
    return "\n".join(lines)


def _cell(value: float | int | None) -> str:
    return ("-" if value is None else f"{value:.3f}" if isinstance(value, float) else str(value)).rjust(7)
