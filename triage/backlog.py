"""Old mail, which lay in the inbox before we came: taken up later, a chunk at a time, through the same stages.

It is judged and kept on record, and nothing else follows (see Message.backfilled). Between two chunks the mailbox is
free for other runs, so that new mail does not wait. A process may die anywhere: what was taken up is gone on with by
the next run, whoever's it is, and what was not is still to be found.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from django.conf import settings
from django.db.models import Q, Sum
from django.utils import timezone

from triage.classifiers import Classifier, Refused
from triage.classifiers.llm import LlmClassifier
from triage.learning import budget
from triage.learning.budget import Purse, Spent
from triage.learning.guides import in_force
from triage.learning.judges import judge
from triage.mailbox import ImapMailbox, MailboxError
from triage.models import Category, Classification, Mailbox, Message
from triage.models.mailbox import LeaseLost
from triage.parsing.reader import Reader, ReaderError
from triage.pipeline import run_mailbox
from triage.running.takeover import take_over_from_the_dead
from triage.stages.context import CHUNK
from triage.stages.prefilter import seed_company_rules

PATIENCE = 120.0  # seconds to wait for another run between two chunks, which takes less than a minute
Judge, Status = Classification.Judge, Message.Status


class NotNow(Exception):
    """Why old mail cannot be taken up now; one line says what to do. What was done is kept."""


@dataclass(frozen=True)
class Portion:
    """The messages of one mailbox that are to be taken up, by primary key, the oldest first."""

    mailbox: Mailbox
    messages: Sequence[int]


@dataclass
class Done:
    """What came of it until now. `cost` is in USD, `stopped` says which limit was reached before the end."""

    began: datetime = field(default_factory=timezone.now)
    mails: int = 0
    cost: Decimal = Decimal(0)
    failures: int = 0
    became: Counter[str] = field(default_factory=Counter)
    stopped: str = ""


def find(mailbox: Mailbox, since: date, limit: int | None) -> Portion:
    """Look for what came in since that day and was passed over, or was taken up and not finished.

    Raises MailboxError, and NotNow where the mailbox was not looked at yet.
    """
    with ImapMailbox.open(settings.MAILBOXES[mailbox.name]) as box:
        state, there = box.state(), set(box.uids_after(0, since=since))
    mailbox.refresh_from_db()
    if mailbox.started_at is None or mailbox.uidvalidity != state.uidvalidity:
        raise NotNow(f"{mailbox.name}: not read yet since it was connected; run `manage.py process_inbox` first.")
    begun = Q(backfilled=True, status__in=Message.UNDERWAY)
    rows = Message.objects.filter(begun | Q(status=Status.BACKLOG), mailbox=mailbox, uidvalidity=state.uidvalidity)
    found = [pk for pk, uid in rows.order_by("uid").values_list("pk", "uid") if uid in there]
    return Portion(mailbox, found[:limit])


def estimate(mails: int) -> Decimal | None:
    """USD that judging so many mails may cost, by the last ones or by their usual length; None without a price."""
    if not settings.LLM_MODEL:
        return Decimal(0)
    each = budget.usual() or LlmClassifier.from_settings(in_force()).guess()
    return each * mails if each else None


def take_up(portions: Sequence[Portion], max_cost: Decimal | None, done: Done) -> Iterator[None]:
    """Put the mail through the pipeline, and stop where a budget is spent; `done` is kept up, to be told at each step.

    Raises NotNow where it cannot go on.
    """
    take_over_from_the_dead()
    seed_company_rules()
    classifier = judge()
    with Reader(settings.COMPANY_DOMAINS, settings.FORM_DOMAINS) as reader:
        for portion in portions:
            left = portion.messages
            while left:
                purse = affordable(max_cost, done.cost)
                done.stopped = str(purse.spent or "")
                if done.stopped:
                    return
                size = purse.enough_for(CHUNK)
                chunk, left = left[:size], left[size:]
                run(portion.mailbox, classifier, reader, chunk, PATIENCE if done.mails else 0)
                count(done, chunk)
                yield


def affordable(max_cost: Decimal | None, cost: Decimal) -> Purse:
    """What may still be spent, of the budgets in the settings and of this backfill."""
    if not settings.LLM_MODEL:
        return Purse([], None)
    if max_cost is None:
        return budget.purse()
    return budget.purse((Spent("backfill", "--max-cost", float(max_cost), timezone.now()), max_cost - cost))


def run(mailbox: Mailbox, classifier: Classifier, reader: Reader, chunk: Sequence[int], patience: float) -> None:
    """Take up a chunk in a run of its own, as soon as no other run has the mailbox. Raises NotNow."""
    deadline = time.monotonic() + patience
    try:
        while run_mailbox(mailbox, classifier, reader, old=chunk) is None:
            if time.monotonic() >= deadline:
                raise NotNow(f"{mailbox.name}: another run has it just now; wait a minute and run this again.")
            time.sleep(0.5)
    except (MailboxError, ReaderError, Refused, LeaseLost) as error:
        raise NotNow(f"{mailbox.name}: {error}") from error


def count(done: Done, chunk: Sequence[int]) -> None:
    """Add what came of a chunk. Raises NotNow if the model failed for all of it: so it would for what is left."""
    rows = Message.objects.filter(pk__in=chunk)
    judged = Classification.objects.filter(message__in=chunk, judge=Judge.LLM, created_at__gte=done.began)
    asked = judged.filter(spared="").count()
    failed = judged.filter(spared="").exclude(error="").count()
    outcomes = Counter(outcome(*row) for row in rows.values_list("status", "category", "error"))
    done.mails += len(chunk)
    done.cost += judged.aggregate(cost=Sum("cost"))["cost"] or 0
    done.failures += failed + outcomes["unreadable"]
    done.became += outcomes
    if failed == asked > 1:
        raise NotNow(f"{settings.LLM_MODEL} gave no usable answer for {failed} mails in a row: they wait for a person.")


def outcome(status: str, category: str, error: str) -> str:
    """What became of a mail, in some words."""
    special = {
        Status.REVIEW: "waits for a person",
        Status.SKIPPED: "internal",
        Status.DUPLICATE: "the same as another",
        Status.QUARANTINED: "unreadable",
    }
    if status == Status.DONE and category:
        return "none of these" if category == Category.UNCERTAIN else category
    return special.get(Status(status)) or ("gone meanwhile" if error else "not finished")
