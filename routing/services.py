"""The way into routing for the apps above: who gets a lead, and what people do about it."""

from routing.assigning import assign, release_holds
from routing.card import Card, escaped
from routing.card import text as card_text
from routing.notices import accepted_by, alert_managers, customer_wrote, given_to, machine_wrote
from routing.people.accepting import accept, closed_alert, is_theirs, still_with
from routing.people.governance import deactivate, hand_over_leads, open_leads, touched_by
from routing.people.handover import HandoverError, credit_back, give_turn, let_rotate, reassign, skip_turn
from routing.rules.conversation import Colleague, Headers, Participant, who_is_in
from routing.rules.ownership import colleagues, known_owner
from routing.slack import Press, SlackError, SlackWorkspace
from routing.slack import from_settings as slack_from_settings
from routing.slack.buttons import Deed as PressedDeed
from routing.slack.buttons import read as read_press
from routing.slack.inbound import is_signed
from routing.slack.inbound import listen as listen_to_slack
from routing.timing.clock import Ticked, stop_clock, tick
from routing.whatif.foretelling import foretell

__all__ = [
    "Card",
    "Colleague",
    "HandoverError",
    "Headers",
    "Participant",
    "Press",
    "PressedDeed",
    "SlackError",
    "SlackWorkspace",
    "Ticked",
    "accept",
    "accepted_by",
    "alert_managers",
    "assign",
    "card_text",
    "closed_alert",
    "colleagues",
    "credit_back",
    "customer_wrote",
    "deactivate",
    "escaped",
    "foretell",
    "give_turn",
    "given_to",
    "hand_over_leads",
    "is_signed",
    "is_theirs",
    "known_owner",
    "let_rotate",
    "listen_to_slack",
    "machine_wrote",
    "open_leads",
    "read_press",
    "reassign",
    "release_holds",
    "skip_turn",
    "slack_from_settings",
    "still_with",
    "stop_clock",
    "tick",
    "touched_by",
    "who_is_in",
]
