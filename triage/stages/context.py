"""What the stages of one run share."""

import math
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from triage import classifiers
from triage.mailbox import ImapMailbox
from triage.models import Mailbox, Run
from triage.models.mailbox import Lease
from triage.parsing.reader import Reader

CHUNK = 50  # messages that go through the stages together


@dataclass
class Context:
    """One run over one mailbox."""

    mailbox: Mailbox
    box: ImapMailbox
    reader: Reader
    classifier: classifiers.Classifier
    run: Run
    lease: Lease
    chunk: int = CHUNK
    until: float = math.inf
    old: Sequence[int] = ()  # the messages of the backlog that this run takes up
    refusal: str = ""  # why the judge takes no mail at all
    counts: Counter[str] = field(default_factory=Counter)

    def is_over(self) -> bool:
        """Whether the time is up; the next run goes on with what is left."""
        return time.monotonic() > self.until
