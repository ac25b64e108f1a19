"""The pages of the team, the rotation, and who got which lead."""

from routing.admin import leads, ledger, people, pools

__all__ = ["leads", "ledger", "people", "pools"]
