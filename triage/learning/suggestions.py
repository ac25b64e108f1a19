"""Senders whose mail people corrected to the same category again and again: each could be a rule."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from django.db.models import OuterRef, Subquery

from triage.learning.verdicts import live
from triage.models import Category, Classification, SenderRule

ENOUGH = 3  # corrections of one sender, none of them another way
READ, SHOWN = 1000, 5  # verdicts, suggestions


@dataclass(frozen=True)
class Suggestion:
    """All mail of an address could be of this category; `message` is the key of the newest that was corrected."""

    address: str
    category: Category
    corrections: int
    message: int


def suggestions() -> list[Suggestion]:
    """What people could make a rule, the newest first; nothing of a sender that has such a rule, switched off or not.

    A sender whose mail people took for different things is none.
    """
    verdicts: defaultdict[str, list[tuple[int, str, str]]] = defaultdict(list)
    for address, message, person, machine in _rows():
        verdicts[address].append((message, person, machine))
    ruled = SenderRule.objects.filter(kind=SenderRule.Kind.ALWAYS, scope=SenderRule.Scope.ADDRESS)
    known = set(ruled.values_list("pattern", flat=True))
    found = [_suggestion(address, said) for address, said in verdicts.items() if address not in known]
    return [one for one in found if one][:SHOWN]


def _rows() -> list[tuple[str, int, str, str]]:
    """Of each of the newest verdicts: the sender, the message, what a person said, and what a machine said last."""
    machines = Classification.objects.filter(message=OuterRef("message"), judge__in=Classification.Judge.machines())
    rows = live().exclude(message__sender_address="")
    rows = rows.annotate(machine=Subquery(machines.order_by("-pk").values("category")[:1])).exclude(machine=None)
    return list(rows.values_list("message__sender_address", "message_id", "category", "machine")[:READ])


def _suggestion(address: str, said: list[tuple[int, str, str]]) -> Suggestion | None:
    corrected = [message for message, person, machine in said if person != machine]
    categories = {person for _, person, _ in said}
    if len(corrected) < ENOUGH or len(categories) > 1 or Category.UNCERTAIN in categories:
        return None
    return Suggestion(address, Category(categories.pop()), len(corrected), corrected[0])
