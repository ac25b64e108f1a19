"""Who there is, in which order they get leads, and who got which lead and why."""

from routing.models.alerts import SlackAlert
from routing.models.assignments import SYSTEM, Assignment, Hold, Rule
from routing.models.ledger import LedgerLine
from routing.models.people import FreemailDomain, Leave, Salesperson
from routing.models.pools import Membership, Pool

__all__ = [
    "SYSTEM",
    "Assignment",
    "FreemailDomain",
    "Hold",
    "Leave",
    "LedgerLine",
    "Membership",
    "Pool",
    "Rule",
    "Salesperson",
    "SlackAlert",
]
