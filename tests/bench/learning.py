"""How fast the embedded classifier learns from people: `python -m tests.bench.learning FILE.jsonl[.gz]`.

The model is built from the starter mail alone, so that it has seen no mail of the file; `--model` takes weights
that were built before. The file is one inbox: its mail comes in a random order, a person says of everything that is
put up for review what it is, and every so often the model is fitted anew. It is measured on mail of the file that
nobody was asked about: once where mail like it may have come before, once where no template and no thread has.
"""

import argparse
import random
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean

import django

django.setup()

from triage.classifiers import Judgement  # noqa: E402
from triage.classifiers.evaluation import Figures, Outcome, figures  # noqa: E402
from triage.classifiers.local.change import Correction  # noqa: E402
from triage.classifiers.local.dataset import LabelledMail, read_jsonl  # noqa: E402
from triage.classifiers.local.features import Features, features_of  # noqa: E402
from triage.classifiers.local.model import CATEGORIES, Model, final_confidence, safe_to_trash  # noqa: E402
from triage.classifiers.local.refit import refit  # noqa: E402
from triage.classifiers.local.starter import starter_mail  # noqa: E402
from triage.classifiers.local.training import train  # noqa: E402
from triage.learning.memory import Memory  # noqa: E402

MARKS = (0, 25, 50, 100, 150, 200)
LINE = 0.70


@dataclass(frozen=True)
class Mail:
    """A labelled mail with its features, read once."""

    labelled: LabelledMail
    row: Features


class Learner:
    """The embedded classifier of one inbox, and what people told it."""

    def __init__(self, starter: Model, wrong: float, chance: random.Random) -> None:
        self.starter, self.model, self.memory = starter, starter, Memory()
        self.wrong, self.chance = wrong, chance
        self.said: list[Correction] = []

    def judge(self, mails: Sequence[Mail]) -> list[Outcome]:
        """What it says, as the pipeline would act on it: without the key to the trash it is not sure of rubbish."""
        verdicts = self.model.judge([mail.row for mail in mails])
        outcomes = []
        for mail, verdict in zip(mails, verdicts, strict=True):
            own = Judgement(verdict.category, final_confidence(mail.row, verdict), "")
            judged = self.memory.weigh(mail.labelled.mail, own)
            if judged.category in ("spam", "newsletter") and not safe_to_trash(mail.row, verdict):
                judged = replace(judged, confidence=min(judged.confidence, 0.69))
            outcomes.append(Outcome(mail.labelled, judged))
        return outcomes

    def hear(self, mail: LabelledMail) -> None:
        """A person says what a mail is; some of the time something else."""
        said = mail.label
        if self.chance.random() < self.wrong:
            said = self.chance.choice([name for name in CATEGORIES if name not in mail.acceptable])
        self.said.append(Correction(mail.mail, said))

    def learn(self) -> None:
        self.model = refit(self.starter, self.said)
        self.memory = Memory((one.mail.sender_address, one.category) for one in self.said)


def curve(learner: Learner, stream: Sequence[Mail], held_back: Sequence[Mail]) -> dict[int, Figures]:
    """The figures on the mail that was held back, after each number of verdicts."""
    found, coming = {}, iter(stream)
    for mark in MARKS:
        for mail in coming:
            if len(learner.said) >= mark:
                break
            (outcome,) = learner.judge([mail])
            if not outcome.acted_on(LINE):
                learner.hear(mail.labelled)
        learner.learn()
        if len(learner.said) == mark:
            found[mark] = figures(learner.judge(held_back), LINE)
    return found


def divided(mails: Sequence[Mail], chance: random.Random, *, by_group: bool) -> tuple[list[Mail], list[Mail]]:
    """Two thirds that come in, and a third that is held back."""
    keys = sorted({mail.labelled.group for mail in mails}) if by_group else list(range(len(mails)))
    kept = set(chance.sample(keys, len(keys) // 3))
    coming, held_back = [], []
    for number, mail in enumerate(mails):
        (held_back if (mail.labelled.group if by_group else number) in kept else coming).append(mail)
    chance.shuffle(coming)
    return coming, held_back


def told(name: str, found: dict[int, Figures]) -> str:
    """One line per mark."""
    lines = []
    for mark, row in found.items():
        precision = "-" if row.trash_precision is None else f"{row.trash_precision:.3f}"
        lines.append(
            f"{name:28} {mark:4} verdicts: right {row.lenient_accuracy:.3f}, trash {precision} / "
            f"{row.trash_recall or 0:.2f}, lost {row.lost_leads} leads {row.lost_accounting} accounting "
            f"{row.lost_other} others of {row.mails}"
        )
    return "\n".join(lines)


def over_seeds(name: str, curves: Sequence[dict[int, Figures]]) -> str:
    """One line per mark that every seed reached: the mean, the worst trash precision, all that would be lost."""
    lines = []
    for mark in (one for one in MARKS if all(one in curve for curve in curves)):
        rows = [curve[mark] for curve in curves]
        right = fmean(row.lenient_accuracy or 0 for row in rows)
        worst = min(1.0 if row.trash_precision is None else row.trash_precision for row in rows)
        lost = sum(row.lost_leads + row.lost_accounting for row in rows), sum(row.lost_other for row in rows)
        lines.append(
            f"all seeds, {name:17} {mark:4} verdicts: right {right:.3f}, trash at worst {worst:.3f}, "
            f"lost {lost[0]} leads or accounting, {lost[1]} others"
        )
    return "\n".join(lines)


def main() -> None:
    """Print a curve per seed, way of dividing and share of wrong verdicts; at the end those of all seeds together."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--model", type=Path, help="weights that have not seen the file")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--source", default="", help="only the mail of this source")
    options = parser.parse_args()
    starter = Model.load(options.model) if options.model else train(starter_mail())
    labelled = [one for one in read_jsonl(options.file) if options.source in ("", one.source)]
    mails = [Mail(one, features_of(one.mail)) for one in labelled]
    found: dict[str, list[dict[int, Figures]]] = {}
    for seed in range(options.seeds):
        for by_group in (False, True):
            for wrong in (0.0, 0.2):
                chance = random.Random(seed)
                stream, held_back = divided(mails, chance, by_group=by_group)
                name = f"{'new templates' if by_group else 'as it comes'}, {wrong:.0%} wrong"
                one = curve(Learner(starter, wrong, chance), stream, held_back)
                found.setdefault(name, []).append(one)
                sys.stdout.write(told(f"{seed} {name}", one) + "\n")
                sys.stdout.flush()
    sys.stdout.write("\n".join(over_seeds(name, curves) for name, curves in found.items()) + "\n")


if __name__ == "__main__":
    main()
