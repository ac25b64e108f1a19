"""The way into routing for the apps above: who gets a lead, and what people do about it."""

from routing.assigning import assign, release_holds
from routing.card import Card
from routing.card import text as card_text
from routing.clock import Ticked, stop_clock, tick
from routing.conversation import Colleague, Headers, Participant, who_is_in
from routing.foretelling import foretell
from routing.governance import deactivate, hand_over_leads, open_leads, touched_by
from routing.handover import HandoverError, credit_back, give_turn, let_rotate, reassign, skip_turn
from routing.notices import alert_managers, customer_wrote, machine_wrote
from routing.ownership import colleagues

__all__ = [
    "Card",
    "Colleague",
    "HandoverError",
    "Headers",
    "Participant",
    "Ticked",
    "alert_managers",
    "assign",
    "card_text",
    "colleagues",
    "credit_back",
    "customer_wrote",
    "deactivate",
    "foretell",
    "give_turn",
    "hand_over_leads",
    "let_rotate",
    "machine_wrote",
    "open_leads",
    "reassign",
    "release_holds",
    "skip_turn",
    "stop_clock",
    "tick",
    "touched_by",
    "who_is_in",
]
