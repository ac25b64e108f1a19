"""What people said of a sender before: evidence for every judge, and a prior for the embedded one.

It moves a category and its confidence, never the key to the trash: that a sender was a newsletter three times says
nothing of what the next mail is worth.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace

from triage.classifiers import Judgement, MailText
from triage.classifiers.evaluation import CATEGORIES
from triage.classifiers.local.envelope import domain_of, freemail

DOMAIN = 0.5  # what a verdict on a colleague of the sender counts
UNSAID = 0.5  # what each category counts before anybody said it


class Memory:
    """The verdicts of people by address and by domain; pairs of an address and a category."""

    def __init__(self, said: Iterable[tuple[str, str]] = ()) -> None:
        self._addresses: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._domains: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for address, category in said:
            self._addresses[address][category] += 1
            if (domain := domain_of(address)) and not freemail(domain):
                self._domains[domain][category] += 1

    def remind(self, mail: MailText) -> MailText:
        """The mail with what people said of its sender, or else of its domain, as evidence."""
        lines = []
        if said := self._addresses.get(mail.sender_address):
            lines.append(f"People took earlier mail of this sender for: {_told(said)}")
        elif said := self._domains.get(domain_of(mail.sender_address)):
            lines.append(f"People took earlier mail of this domain for: {_told(said)}")
        return replace(mail, evidence=(*mail.evidence, *lines)) if lines else mail

    def weigh(self, mail: MailText, judgement: Judgement) -> Judgement:
        """The judgement after Bayes, with what is remembered as the prior; itself if nothing is."""
        prior = self._prior(mail.sender_address)
        if not prior or judgement.error:
            return judgement
        others = (1 - judgement.confidence) / (len(CATEGORIES) - 1)
        chances = {
            name: (judgement.confidence if name == judgement.category else others) * prior[name] for name in CATEGORIES
        }
        best = max(CATEGORIES, key=chances.__getitem__)
        confidence = round(chances[best] / sum(chances.values()), 3) if any(chances.values()) else 0.0
        return replace(judgement, category=best, confidence=confidence)

    def _prior(self, address: str) -> Mapping[str, float]:
        """The chance of each category, half a time more than it was said (Jeffreys); empty without memory."""
        mine, ours = self._addresses.get(address, Counter()), self._domains.get(domain_of(address), Counter())
        counts = {name: mine[name] + DOMAIN * ours[name] for name in CATEGORIES}
        if not (total := sum(counts.values())):
            return {}
        return {name: (counts[name] + UNSAID) / (total + UNSAID * len(CATEGORIES)) for name in CATEGORIES}


def _told(said: Counter[str]) -> str:
    return ", ".join(f"{number} {name}" for name, number in said.most_common())
