"""What follows from a button pressed in Slack: the same deeds as in the admin, with the same rights."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.utils.translation import gettext as _

from routing.models import Assignment, Salesperson
from routing.services import (
    HandoverError,
    Press,
    PressedDeed,
    SlackError,
    SlackWorkspace,
    accept,
    accepted_by,
    closed_alert,
    given_to,
    slack_from_settings,
    still_with,
)
from triage.services import hand_over

log = logging.getLogger(__name__)

ACCEPTING, GIVING = "routing.view_assignment", "routing.change_assignment"


def answer(press: Press) -> Mapping[str, Any]:
    """Do what a press asks for and show what came of it; what Slack's dialog is answered, if it must say something."""
    slack = slack_from_settings()
    if not isinstance(slack, SlackWorkspace):
        return {}
    try:
        user = who(press, slack)
        if press.deed == PressedDeed.REASSIGN:
            ask(press, user, slack)
            return {}
        says = deeds(press, user)
    except HandoverError as refusal:
        if press.deed == PressedDeed.GIVE:
            return {"response_action": "errors", "errors": {"why": str(refusal)}}
        _try_to(slack.whisper, press.place, press.user, str(refusal))
        return {}
    except SlackError as error:
        log.warning("a press in Slack was not answered: %s", error)
        _try_to(slack.whisper, press.place, press.user, str(error))
        return {}
    alert = closed_alert(press.assignment, says)
    if alert and press.place:
        _try_to(slack.update, press.place, *alert)
    return {}


def _try_to(tell: Any, *arguments: Any) -> None:
    """Tell Slack what was done; it stays done where Slack cannot be told."""
    try:
        tell(*arguments)
    except SlackError as error:
        log.warning("what a press came to could not be shown: %s", error)


def who(press: Press, slack: SlackWorkspace) -> User:
    """The login of whoever pressed: by the salesperson's Slack id, else by e-mail address. Raises HandoverError."""
    person = Salesperson.objects.filter(slack_id=press.user, active=True).select_related("user").first()
    email = person.email if person else slack.email(press.user)
    person = person or Salesperson.objects.filter(email=email, active=True).select_related("user").first()
    users = [person.user] if person and person.user else list(User.objects.filter(email__iexact=email))[:2]
    if len(users) != 1 or not email or not (users[0].is_active and users[0].is_staff):
        raise HandoverError(_("Your Slack account belongs to no login here. A sales manager can link it."))
    return users[0]


def needs(user: User, permission: str) -> None:
    if not user.has_perm(permission):
        raise HandoverError(_("You may not do that; nothing was changed."))


def ask(press: Press, user: User, slack: SlackWorkspace) -> None:
    """Open the dialog that asks who gets the lead."""
    needs(user, GIVING)
    given = still_with(press.assignment)
    people = Salesperson.objects.filter(active=True).exclude(pk=given.salesperson_id)
    slack.ask(press, list(people.values_list("pk", "name")))


def deeds(press: Press, user: User) -> str:
    """Do it, once; what the alert says from now on. Raises HandoverError."""
    if press.deed == PressedDeed.ACCEPT:
        needs(user, ACCEPTING)
        return accepted_by(accept(press.assignment, user))
    needs(user, GIVING)
    return given_to(give(press, user))


@transaction.atomic
def give(press: Press, user: User) -> Assignment:
    """Hand the lead over, if nobody else did so since the dialog was opened."""
    given = still_with(press.assignment)
    to = Salesperson.objects.filter(pk=press.to, active=True).first()
    if to is None:
        raise HandoverError(_("That person gets no leads any more; nothing was changed."))
    return hand_over(given.lead, to, user, why=press.why)
