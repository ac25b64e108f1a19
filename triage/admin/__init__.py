"""The pages of the mail: what came, what it was taken for, what waits for a person."""

from triage.admin import (
    contacts,
    deliveries,
    drafts,
    guides,
    judgements,
    leads,
    learning,
    mailboxes,
    messages,
    outside,
    people,
    wording,
)

__all__ = [
    "contacts",
    "deliveries",
    "drafts",
    "guides",
    "judgements",
    "leads",
    "learning",
    "mailboxes",
    "messages",
    "outside",
    "people",
    "wording",
]
