"""What people and commands ask of triage. Each is one deed, whole or not at all."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils import timezone

from crm.models import Lead
from crm.services import resend_missing
from inbox_router.delivery import DeliveryError, work_off_all
from inbox_router.shown import recorded
from routing.models import Assignment, Salesperson
from routing.services import reassign, release_holds, tick
from triage import canary, capture, classifiers
from triage.decisions import REVIEW_LABEL, Known, call_off, note, owe, to_review
from triage.leads import draft_for, withdraw
from triage.learning import verdicts
from triage.learning.judges import judge
from triage.mailbox import MailboxError
from triage.models import Category, Classification, Draft, Mailbox, MailboxDelivery, Message
from triage.models.mailbox import LeaseLost
from triage.pipeline import run_mailbox
from triage.reader import Reader, ReaderError
from triage.stages.act import act_on, known
from triage.stages.prefilter import seed_company_rules
from triage.takeover import take_over_from_the_dead
from triage.waiting import alert_waiting

Deed, Status = MailboxDelivery.Deed, Message.Status


class Conflict(Exception):
    """Somebody else was faster; the text says so for a person. Nothing was changed."""


@dataclass
class Report:
    """What a run did: counts per mailbox, errors in one line each, counts of delivery outcomes."""

    mailboxes: dict[str, Counter[str]] = field(default_factory=dict)
    busy: list[str] = field(default_factory=list)
    errors: dict[str, str] = field(default_factory=dict)
    deliveries: Counter[str] = field(default_factory=Counter)


def process(only: str = "", seconds: float = math.inf) -> Report:
    """Run the pipeline over every active mailbox, or the one that is named, then work off what is due.

    After `seconds` no further chunk of mail is begun, and after half as many no further deliveries.
    """
    report = Report()
    take_over_from_the_dead()
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
    with Reader(settings.COMPANY_DOMAINS) as reader:
        for mailbox in mailboxes:
            try:
                counts = run_mailbox(mailbox, classifier, reader, until)
            except (MailboxError, ReaderError, LeaseLost, classifiers.Refused) as error:
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


# --- people's decisions -----------------------------------------------------------------------------------


@transaction.atomic
def decide(message: Message, category: str, user: AbstractBaseUser, *, why: str = "") -> None:
    """A person says what a message is; the same act stage follows as for a judgement of the model.

    What was owed for the earlier decision is called off. Raises Conflict if the message was decided anew
    since the person saw it.
    """
    if category == Category.UNCERTAIN:
        raise ValueError("A person decides for one of the categories.")
    current = Message.objects.filter(pk=message.pk, version=message.version)
    if not current.update(status=Status.CLASSIFIED):
        raise Conflict("This message was decided meanwhile; nothing was changed.")
    was_review = message.status == Status.REVIEW
    was_lead = message.category == Category.LEAD and not was_review
    judgement = person_judgement(message, category, user, why)
    message.adopt(judgement)
    message.status = Status.CLASSIFIED
    message.save(update_fields=["status", *Message.JUDGED])
    call_off(message.deliveries.all(), "the message was decided anew")
    bring_back(message)
    if was_lead and category != Category.LEAD:
        withdraw(message, str(user), why or f"is {recorded(Category(category).label).lower()}, not a lead")
    around: Known = known([message])[message.pk]
    act_on(message, judgement, around, actor=str(user))
    if was_review:
        owe(MailboxDelivery.of(message, Deed.UNLABEL, label=REVIEW_LABEL))


def person_judgement(message: Message, category: str, user: AbstractBaseUser, why: str) -> Classification:
    """A person's judgement, with what the model read (language, name) kept where it did."""
    before = message.classifications.order_by("pk").last()
    return Classification.objects.create(
        message=message,
        judge=Classification.Judge.PERSON,
        person_id=user.pk,
        category=category,
        confidence=1.0,
        language=message.language,
        technical=message.technical,
        sender_first_name=before.sender_first_name if before else "",
        company=before.company if before else "",
        reason=why[:500] or f"decided by {user}",
        asked=message.status == Status.REVIEW,
    )


@transaction.atomic
def take_back(message: Message, user: AbstractBaseUser) -> None:
    """Undo the verdict of a person: it teaches nothing any more, and the message waits for a person again.

    Raises Conflict if there is none, or if the message was decided anew meanwhile.
    """
    verdict = verdicts.live().filter(message=message).first()
    current = Message.objects.filter(pk=message.pk, version=message.version)
    if verdict is None or not current.update(status=Status.CLASSIFIED):
        raise Conflict("There is no decision of a person to take back; nothing was changed.")
    Classification.objects.filter(pk=verdict.pk).update(undone_at=timezone.now())
    call_off(message.deliveries.all(), "the decision was taken back")
    bring_back(message)
    if verdict.category == Category.LEAD:
        withdraw(message, str(user), "the decision was taken back")
    to_review(message, f"{user} took the decision for {verdict.get_category_display()} back", run=None)


@transaction.atomic
def restore(message: Message, by: str) -> None:
    """Bring a mail back from Trash and put it up for review. Raises Conflict if it was decided anew meanwhile."""
    current = Message.objects.filter(pk=message.pk, version=message.version)
    message.version += 1
    message.status, message.review_reason = Status.REVIEW, f"brought back from Trash by {by}"
    changed = {"version": message.version, "status": message.status, "review_reason": message.review_reason}
    if not current.update(**changed):
        raise Conflict("This message was decided meanwhile; nothing was changed.")
    call_off(message.deliveries.all(), "the mail is brought back")
    bring_back(message)
    note(message, "brought back", "Brought back from Trash, waits for a person", by)


def bring_back(message: Message) -> None:
    """Owe the way back out of Trash, for a message that lies there by our doing."""
    moves = message.deliveries.filter(deed__in=(Deed.TRASH, Deed.RESTORE), state=MailboxDelivery.State.DONE)
    last = moves.order_by("position").last()
    if last and last.deed == Deed.TRASH:
        owe(MailboxDelivery.of(message, Deed.RESTORE, label=last.evidence[:150]))


@transaction.atomic
def hand_over(lead: Lead, to: Salesperson, user: AbstractBaseUser, *, why: str) -> Assignment:
    """Give a lead to somebody by hand; ledger, CC, owner, alerts, log and draft follow. Raises HandoverError."""
    assignment = reassign(lead, to, str(user), why)
    draft_for(assignment)
    return assignment


# --- drafts -----------------------------------------------------------------------------------------------


def edit_draft(draft: Draft, *, subject: str, body: str, version: int) -> None:
    """Change a waiting draft's text. Raises Conflict if somebody else changed it since it was opened."""
    waiting = Draft.objects.filter(pk=draft.pk, version=version, state=Draft.State.WAITING)
    if not waiting.update(subject=subject, body=body, version=version + 1):
        raise Conflict("The draft was changed, approved or rejected meanwhile; nothing was saved.")
    draft.refresh_from_db()


@transaction.atomic
def approve_draft(draft: Draft, user: AbstractBaseUser) -> None:
    """Send a reply: the one act that leads to a send. Its copy is filed in Sent and the draft taken away."""
    sent_id = draft.mail_id.replace("<draft-", "<reply-", 1)
    close_draft(draft, Draft.State.APPROVED, user, sent_mail_id=sent_id)
    call_off(draft.deliveries.all(), "the reply was approved before it lay in Drafts")
    for deed in (Deed.SEND, Deed.FILE, Deed.DISCARD):
        owe(MailboxDelivery.of(draft.message, deed, draft=draft))
    note(draft.message, "draft approved", f"Reply to {draft.to_address} approved", str(user))


@transaction.atomic
def reject_draft(draft: Draft, user: AbstractBaseUser, *, reason: str = "") -> None:
    """Do not send a reply; the unchanged draft is taken out of Drafts."""
    close_draft(draft, Draft.State.REJECTED, user, reject_reason=reason[:300])
    call_off(draft.deliveries.all(), "the draft was rejected")
    owe(MailboxDelivery.of(draft.message, Deed.DISCARD, draft=draft))
    note(draft.message, "draft rejected", f"Reply to {draft.to_address} rejected", str(user), reason)


def close_draft(draft: Draft, state: Draft.State, user: AbstractBaseUser, **fields: str) -> None:
    """Move a waiting draft on, once. Raises Conflict if somebody was faster."""
    fields_now = {"state": state, "decided_by_id": user.pk, "decided_at": timezone.now(), **fields}
    waiting = Draft.objects.filter(pk=draft.pk, version=draft.version, state=Draft.State.WAITING)
    if not waiting.update(**fields_now):
        raise Conflict("The draft was changed, approved or rejected meanwhile; nothing was done.")
    draft.refresh_from_db()


# --- what could not be read -------------------------------------------------------------------------------


@transaction.atomic
def read_again(message: Message, user: AbstractBaseUser) -> None:
    """Put a quarantined message back to the start of the pipeline; the next run reads it again."""
    if not Message.objects.filter(pk=message.pk, status=Status.QUARANTINED).update(status=Status.FOUND, error=""):
        raise Conflict("This message is not in quarantine any more.")
    note(message, "read again", "To be read again", str(user))
