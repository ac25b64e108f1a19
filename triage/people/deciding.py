"""What people decide about mail and replies. Each is one deed, whole or not at all."""

from __future__ import annotations

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.models import Lead
from inbox_router.shown import recorded
from routing.models import Assignment, Salesperson
from routing.services import reassign
from triage.decisions import REVIEW_LABEL, Known, call_off, note, owe, to_review
from triage.leads import draft_for, withdraw
from triage.learning import audit, verdicts
from triage.models import Category, Classification, Draft, MailboxDelivery, Message
from triage.stages.act import act_on, known

Deed, Status = MailboxDelivery.Deed, Message.Status


class Conflict(Exception):
    """Somebody else was faster; the text says so for a person. Nothing was changed."""


@transaction.atomic
def decide(message: Message, category: str, user: AbstractBaseUser, *, why: str = "") -> None:
    """A person says what a message is; the same act stage follows as for a judgement of the model.

    What was owed for the earlier decision is called off. Raises Conflict if the message was decided anew
    since the person saw it. Who agrees with mail that was filed and drawn for the audit changes nothing.
    "Uncertain", said by a person, means none of the others: the mail stays in the inbox, and nothing else follows.
    """
    category = Category(category)
    if audit.agree(message, category):
        person_judgement(message, category, user, why)
        note(message, "audit sample", "Audit sample: a person agrees", str(user), why)
        return
    current = Message.objects.filter(pk=message.pk, version=message.version)
    if not current.update(status=Status.CLASSIFIED):
        raise Conflict(_("This message was decided meanwhile; nothing was changed."))
    was_review = message.status == Status.REVIEW
    was_lead = message.category == Category.LEAD and not was_review
    judgement = person_judgement(message, category, user, why)
    message.adopt(judgement)
    message.status = Status.CLASSIFIED
    message.sample = message.sample and Message.Sample.SEEN
    message.save(update_fields=["status", "sample", *Message.JUDGED])
    call_off(message.deliveries.all(), "the message was decided anew")
    bring_back(message)
    if was_lead and category != Category.LEAD:
        withdraw(message, str(user), why or f"is {recorded(category.settled).lower()}, not a lead")
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
        asked=message.status == Status.REVIEW or message.is_sampled,
    )


@transaction.atomic
def take_back(message: Message, user: AbstractBaseUser) -> None:
    """Undo the verdict of a person: it teaches nothing any more, and the message waits for a person again.

    Raises Conflict if there is none, or if the message was decided anew meanwhile.
    """
    verdict = verdicts.live().filter(message=message).first()
    current = Message.objects.filter(pk=message.pk, version=message.version)
    if verdict is None or not current.update(status=Status.CLASSIFIED):
        raise Conflict(_("There is no decision of a person to take back; nothing was changed."))
    Classification.objects.filter(pk=verdict.pk).update(undone_at=timezone.now())
    call_off(message.deliveries.all(), "the decision was taken back")
    bring_back(message)
    if verdict.category == Category.LEAD:
        withdraw(message, str(user), "the decision was taken back")
    to_review(message, f"{user} took the decision for {recorded(Category(verdict.category).settled)} back", run=None)


@transaction.atomic
def restore(message: Message, by: str) -> None:
    """Bring a mail back from Trash and put it up for review. Raises Conflict if it was decided anew meanwhile."""
    current = Message.objects.filter(pk=message.pk, version=message.version)
    message.version += 1
    message.status, message.review_reason = Status.REVIEW, f"brought back from Trash by {by}"
    changed = {"version": message.version, "status": message.status, "review_reason": message.review_reason}
    if not current.update(**changed):
        raise Conflict(_("This message was decided meanwhile; nothing was changed."))
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
        raise Conflict(_("The draft was changed, approved or rejected meanwhile; nothing was saved."))
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
        raise Conflict(_("The draft was changed, approved or rejected meanwhile; nothing was done."))
    draft.refresh_from_db()


# --- what could not be read -------------------------------------------------------------------------------


@transaction.atomic
def read_again(message: Message, user: AbstractBaseUser) -> None:
    """Put a quarantined message back to the start of the pipeline; the next run reads it again."""
    if not Message.objects.filter(pk=message.pk, status=Status.QUARANTINED).update(status=Status.FOUND, error=""):
        raise Conflict(_("This message is not in quarantine any more."))
    note(message, "read again", "To be read again", str(user))
