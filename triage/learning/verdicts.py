"""What people said that mail is: the examples that everything here learns from."""

from __future__ import annotations

import hashlib

from django.db.models import OuterRef, QuerySet, Subquery

from triage.classifiers.local.change import Correction
from triage.models import Category, Classification
from triage.stages.classify import mail_text

NEWEST = 600  # as many verdicts teach the classifier; with them a refit takes a few seconds

REMEMBERED = 5000  # verdicts that are known of senders


def live() -> QuerySet[Classification]:
    """The verdict that counts of each message: a person's last one, if it was not taken back. The newest first."""
    by_people = Classification.objects.filter(judge=Classification.Judge.PERSON, undone_at=None)
    last = by_people.filter(message=OuterRef("message")).order_by("-pk").values("pk")[:1]
    return by_people.filter(pk=Subquery(last)).order_by("-pk")


def teaching() -> QuerySet[Classification]:
    """The verdicts that teach. That a machine's mail is none of the categories says nothing of who owns the machine."""
    machines = Classification.objects.filter(category=Category.UNCERTAIN).exclude(message__automatic="")
    return live().exclude(pk__in=machines.values("pk"))


def corrections() -> list[Correction]:
    """The mails of the newest verdicts as a judge sees them, with what people said; the oldest first."""
    rows = teaching().select_related("message__mailbox", "message__sender_rule")[:NEWEST]
    return [Correction(mail_text(row.message), row.category) for row in reversed(rows)]


def senders() -> list[tuple[str, str]]:
    """Of each of the newest verdicts, whose mail it was about (an address) and the category."""
    rows = teaching().exclude(message__sender_address="")
    return list(rows.values_list("message__sender_address", "category")[:REMEMBERED])


def subjects() -> list[tuple[str, str, str]]:
    """Of each of the newest verdicts, the subject and the sender's address of the mail, and the category."""
    rows = teaching().values_list("message__subject", "message__sender_address", "category")
    return list(rows[:NEWEST])


def state() -> str:
    """Which verdicts teach now, as a SHA-256: it changes when one is given, changed or taken back."""
    return hashlib.sha256(repr(list(teaching().values_list("pk", flat=True)[:NEWEST])).encode()).hexdigest()
