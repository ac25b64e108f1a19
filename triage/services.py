"""What people and commands ask of triage. Each is one deed, whole or not at all."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.conf import settings

from crm.services import resend_missing
from inbox_router.couriers import DeliveryError
from inbox_router.delivery import work_off_all
from routing.services import release_holds, tick
from triage import classifiers
from triage.leads import draft_for
from triage.learning.judges import judge
from triage.mailbox import MailboxError
from triage.models import Mailbox
from triage.models.mailbox import LeaseLost
from triage.parsing.reader import Reader, ReaderError
from triage.people.deciding import (
    Conflict,
    approve_draft,
    decide,
    edit_draft,
    hand_over,
    read_again,
    reject_draft,
    restore,
    take_back,
)
from triage.people.held import always_treat, carry_out_due, hold_approval, hold_decision, undo
from triage.pipeline import run_mailbox
from triage.proof import canary, capture
from triage.proof.waiting import alert_waiting
from triage.running.takeover import take_over_from_the_dead
from triage.stages.prefilter import seed_company_rules

__all__ = [
    "Conflict",
    "Report",
    "active_mailboxes",
    "always_treat",
    "approve_draft",
    "carry_out_due",
    "check",
    "decide",
    "edit_draft",
    "hand_over",
    "hold_approval",
    "hold_decision",
    "process",
    "read_again",
    "reject_draft",
    "restore",
    "take_back",
    "undo",
]


@dataclass
class Report:
    """What a run did: counts per mailbox, errors in one line each, counts of delivery outcomes."""

    mailboxes: dict[str, Counter[str]] = field(default_factory=dict)
    busy: list[str] = field(default_factory=list)
    errors: dict[str, str] = field(default_factory=dict)
    deliveries: Counter[str] = field(default_factory=Counter)


def process(only: str = "", seconds: float = math.inf) -> Report:
    """Carry out what people decided, run the pipeline over every active mailbox, or the one that is named, then
    work off what is due.

    After `seconds` no further chunk of mail is begun, and after half as many no further deliveries.
    """
    report = Report()
    take_over_from_the_dead()
    carry_out_due()
    seed_company_rules()
    run_mailboxes(active_mailboxes(only), report, time.monotonic() + seconds)
    for mailbox in active_mailboxes(only):
        canary.watch(mailbox)
    release_holds(then=draft_for)
    tick(then=draft_for)
    report.deliveries = work_off_all(time.monotonic() + seconds / 2)
    return report


def run_mailboxes(mailboxes: Sequence[Mailbox], report: Report, until: float) -> None:
    """Run the pipeline over each; the trouble of one is no other's."""
    classifier = judge()
    with Reader(settings.COMPANY_DOMAINS, settings.FORM_DOMAINS) as reader:
        for mailbox in mailboxes:
            try:
                counts = run_mailbox(mailbox, classifier, reader, until)
            except LeaseLost as error:  # whoever has it now writes what there is to say
                report.errors[mailbox.name] = str(error)
                continue
            except (MailboxError, ReaderError, classifiers.Refused) as error:
                report.errors[mailbox.name] = str(error)
                Mailbox.objects.filter(pk=mailbox.pk).update(last_error=str(error)[:500])
                continue
            if counts is None:
                report.busy.append(mailbox.name)
            else:
                report.mailboxes[mailbox.name] = counts


def check() -> str:
    """Prove that nothing is missing, and tell the managers what has waited too long; one line about it."""
    lines = []
    for mailbox in active_mailboxes():
        try:
            found = capture.check_and_store(mailbox, canary=canary.plant(mailbox))
            lines.append(f"{mailbox.name}: {len(found.unexplained)} of {found.messages} unexplained")
        except MailboxError as error:
            canary.alarm(mailbox, str(error))
            lines.append(f"{mailbox.name}: {error}")
    return "; ".join([*lines, mirror_line(), f"{alert_waiting()} waiting too long"])


def mirror_line() -> str:
    """Have what is missing in the spreadsheet written again; one line about it."""
    try:
        return f"{resend_missing(whole=False)} rows to write again"
    except DeliveryError as error:
        return f"spreadsheet: {error}"


def active_mailboxes(only: str = "") -> list[Mailbox]:
    """The mailboxes to watch, made from the settings where they are new. Raises KeyError for an unknown name."""
    if only and only not in settings.MAILBOXES:
        raise KeyError(only)
    boxes = []
    for name, account in settings.MAILBOXES.items():
        defaults = {"folder": account.folder, "address": account.user if "@" in account.user else ""}
        boxes.append(Mailbox.objects.get_or_create(name=name, defaults=defaults)[0])
    return [box for box in boxes if box.active and only in ("", box.name)]
