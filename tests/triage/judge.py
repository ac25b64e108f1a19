"""A judge that needs no model."""

from collections.abc import Sequence

from tests import mails
from triage.classifiers import Judgement, MailText


class SubjectJudge:
    """Finds its verdict in the subject; `asked` counts the mails that it saw."""

    judge = "local"
    batch = 50

    def __init__(self, **changes: object) -> None:
        self.changes = changes
        self.asked = 0

    def classify(self, texts: Sequence[MailText]) -> list[Judgement]:
        self.asked += len(texts)
        verdicts = [mails.verdict_on(text.subject or "uncertain") for text in texts]
        return [Judgement(**({"may_trash": True} | verdict | self.changes)) for verdict in verdicts]  # type: ignore[arg-type]
