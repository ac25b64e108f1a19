"""Outward signs of mail to the many: a letter to one person has hardly any, whatever it is about.

The words of such a letter may be those of an advertisement, so the second key to the trash looks at these, too.
"""

from collections.abc import Collection

import numpy as np

from triage.classifiers.local.envelope import LINKS_MOST

MARKS = ("mark:bulk", "from:freemail", "from:strange", "reply-to:elsewhere")
PUSHY = frozenset(
    ("account_threat", "click", "discount", "money_scheme", "parcel", "prize", "secrecy", "seo"),
)
LOUD = PUSHY | {"news", "pitch", "unsubscribe"}


def outward(marks: Collection[str], ideas: Collection[str]) -> np.ndarray:
    """Numbers from 0 to about 1: links, marks of the envelope, shouting, and ideas that advertise or urge."""
    links = max((int(mark[-1]) for mark in marks if mark.startswith("links:")), default=0)
    shouts = any(mark.startswith("shouts:") for mark in marks)
    found = [mark in marks for mark in MARKS]
    urging = [not PUSHY.isdisjoint(ideas), len(LOUD.intersection(ideas)) / 4]
    return np.array([links > 0, links / LINKS_MOST, "unsubscribe" in ideas, *found, shouts, *urging], dtype=np.float32)
