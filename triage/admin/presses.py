"""What a person decided last: one line for each press of a button, with the way back."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby, islice

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from triage.models import Decision

READ, SHOWN = 60, 5  # decisions, presses
State = Decision.State


@dataclass(frozen=True)
class Press:
    """One press of a button, for one row or for several of one sender."""

    request: uuid.UUID
    name: str
    answer: str
    says: str
    url: str
    can_be_undone: bool
    refused: bool


def presses(decisions: QuerySet[Decision]) -> list[Press]:
    """The last presses, newest first; in one statement."""
    rows = decisions.select_related("message").only(*SHOWN_FIELDS).order_by("-pk")[:READ]
    groups = groupby(rows, key=lambda row: row.request)
    return [press_of(list(group)) for _request, group in islice(groups, SHOWN)]


SHOWN_FIELDS = ("request", "state", "answer", "refusal", "draft_id", "message__subject")


def press_of(rows: list[Decision]) -> Press:
    first = rows[-1]
    states = {row.state for row in rows}
    name = first.message.subject or _("No subject")
    if len(rows) > 1:
        name = _("%(name)s and %(more)d more") % {"name": name, "more": len(rows) - 1}
    page, key = ("draft", first.draft_id) if first.draft_id else ("message", first.message_id)
    return Press(
        request=first.request,
        name=name,
        answer=first.get_answer_display(),
        says=sentence(states, (row.refusal for row in rows)),
        url=reverse(f"admin:triage_{page}_change", args=(key,)),
        can_be_undone=State.HELD in states,
        refused=State.REFUSED in states,
    )


def sentence(states: set[str], refusals: Iterable[str]) -> str:
    """What has become of it."""
    if State.HELD in states:
        return _("Nothing has happened yet.")
    if State.REFUSED in states:
        return _("Not done: %(why)s") % {"why": next(filter(None, refusals), "")}
    return _("Taken back.") if State.UNDONE in states else ""
