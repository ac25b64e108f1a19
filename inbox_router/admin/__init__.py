"""What all pages of the admin share, and the pages of the libraries that we use."""

from inbox_router.admin import accounts, scheduler

__all__ = ["accounts", "scheduler"]
