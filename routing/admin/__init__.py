"""The pages of the team, the rotation, and who got which lead."""

from routing.admin import assignments, ledger, people, pools

__all__ = ["assignments", "ledger", "people", "pools"]
