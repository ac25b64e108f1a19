"""The embedded classifier: judges mail in every language it was shown, without a key and without a network.

Linear models of hashed words, of characters and of signs (ideas, headers, shape) say together which category a
mail looks like; what people answered adds the sender. One head says how likely that is right, a second, separate
one whether trashing it can do harm.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from triage.classifiers import Judgement, MailText
from triage.classifiers.local.features import Features, features_of
from triage.classifiers.local.language import language_of
from triage.classifiers.local.model import Model, Verdict, final_confidence, safe_to_trash
from triage.classifiers.local.reasons import reason_for
from triage.classifiers.local.signature import company_of
from triage.classifiers.local.technical import is_technical
from triage.parsing.names import first_name

STARTER = Path(__file__).with_name("starter.npz")


@dataclass
class LocalClassifier:
    """Judges with the weights of one model."""

    model: Model
    name: str
    judge: str = "local"
    batch: int = 50

    @classmethod
    def load(cls, path: Path = STARTER) -> Self:
        """Read the weights of a file, the shipped ones by default."""
        return cls(Model.load(path), path.stem)

    def classify(self, mails: Sequence[MailText]) -> list[Judgement]:
        """Judge each mail; a mail without a single word is "uncertain"."""
        rows = [features_of(mail) for mail in mails]
        verdicts = self.model.judge(rows)
        return [self._judgement(*triple) for triple in zip(mails, rows, verdicts, strict=True)]

    def _judgement(self, mail: MailText, row: Features, verdict: Verdict) -> Judgement:
        text = mail.new_text or mail.text
        return Judgement(
            category=verdict.category,
            confidence=round(final_confidence(row, verdict), 3),
            language=language_of(text) or language_of(f"{mail.subject} {mail.text}"),
            technical=verdict.category == "lead" and is_technical(mail, row),
            sender_first_name=first_name(mail.sender_name, mail.sender_address),
            company=company_of(mail),
            reason=reason_for(self.model, row, verdict),
            model=self.name,
            may_trash=safe_to_trash(row, verdict),
        )
