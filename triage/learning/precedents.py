"""Past verdicts about mail with a like subject, as examples for the language model.

Nothing that another customer wrote is among them: of a subject only the ideas that we know ("asks for a quote"), of
the sender only the domain, and what people said that the mail was.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache

from triage.classifiers import MailText
from triage.classifiers.local.concepts import concepts_in, ideas
from triage.classifiers.local.envelope import domain_of
from triage.classifiers.local.wording import fold, words_in

SHOWN = 4  # examples in one prompt
DOMAIN = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,58}[a-z0-9])?")


@dataclass(frozen=True)
class Precedent:
    """One verdict: the ideas of the subject, the sender's domain ("" if it is an odd one), and the category."""

    ideas: frozenset[str]
    domain: str
    category: str

    def __str__(self) -> str:
        told = ", ".join(sorted(ideas()[idea] for idea in self.ideas))
        return f"{told}; from {self.domain or 'an odd domain'}: {self.category}"


class Precedents:
    """The verdicts of people whose subjects express an idea; triples of subject, address and category, newest first."""

    def __init__(self, said: Iterable[tuple[str, str, str]] = ()) -> None:
        rows = (Precedent(ideas_of(subject), _domain(address), category) for subject, address, category in said)
        self._known = [row for row in rows if row.ideas]

    def show(self, mail: MailText) -> MailText:
        """The mail with the nearest verdicts, each kind once, the nearest first; itself if none is near."""
        own, domain = ideas_of(mail.subject), _domain(mail.sender_address)
        near = sorted(
            (row for row in self._known if own & row.ideas),
            key=lambda row: (-len(own & row.ideas) / len(own | row.ideas), row.domain != domain),
        )
        told = tuple(dict.fromkeys(map(str, near)))[:SHOWN]
        return replace(mail, precedents=told) if told else mail


@lru_cache(maxsize=2000)  # the same few hundred subjects are asked about for each mail
def ideas_of(subject: str) -> frozenset[str]:
    folded = fold(subject[:300])
    return concepts_in(words_in(folded), folded)


def _domain(address: str) -> str:
    domain = domain_of(address)
    return domain if DOMAIN.fullmatch(domain) else ""
