"""Decisions that can still be taken back: stored at once, carried out some seconds later, once.

Until then nothing has happened: no assignment, no turn, no draft, no delivery. The row is the truth, so it makes no
difference who closes a browser or which process dies; whoever comes next, the worker or any run, carries out what is
due. The claim on the row and all that follows from it are one transaction.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import DatabaseError, IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from inbox_router.shown import recorded
from triage.decisions import note
from triage.models import Category, Decision, Draft, Message, SenderRule
from triage.people.deciding import Conflict, approve_draft, decide, reject_draft

log = logging.getLogger(__name__)

Answer, State = Decision.Answer, Decision.State


def hold_decision(
    message: Message,
    answer: str,
    user: AbstractBaseUser,
    *,
    why: str = "",
    request: uuid.UUID | None = None,
    always: bool = False,
) -> Decision:
    """Note what a person says a message is, and `always` its sender's mail; it takes effect later.

    Raises Conflict if somebody was faster.
    """
    if not Message.objects.filter(pk=message.pk, version=message.version).exists():
        raise Conflict(_("This message was decided meanwhile; nothing was changed."))
    return _hold(user, request, message=message, answer=answer, why=why[:300], always=always, version=message.version)


def hold_approval(
    draft: Draft, answer: str, user: AbstractBaseUser, *, why: str = "", request: uuid.UUID | None = None
) -> Decision:
    """Note that a reply is to be sent, or not to be; it takes effect later. Raises Conflict if somebody was faster."""
    if not Draft.objects.filter(pk=draft.pk, version=draft.version, state=Draft.State.WAITING).exists():
        raise Conflict(_("The draft was changed, approved or rejected meanwhile; nothing was done."))
    return _hold(user, request, message=draft.message, draft=draft, answer=answer, why=why[:300], version=draft.version)


def _hold(user: AbstractBaseUser, request: uuid.UUID | None, **fields: object) -> Decision:
    now = timezone.now()
    due_at = now + timedelta(seconds=settings.UNDO_SECONDS)
    made = Decision(person_id=user.pk, request=request or uuid.uuid4(), made_at=now, due_at=due_at, **fields)
    try:
        with transaction.atomic():
            made.save(force_insert=True)
    except IntegrityError:
        raise Conflict(_("A colleague has just decided this one; nothing was changed.")) from None
    return made


def undo(request: uuid.UUID, user: AbstractBaseUser) -> Sequence[Decision]:
    """Undo what one press of a button decided; the decisions that were undone.

    Raises Conflict, with a sentence that says why, if there is nothing (left) to undo.
    """
    made = list(Decision.objects.filter(request=request, person=user.pk).select_related("message").order_by("pk"))
    undone = [decision for decision in made if decision.settle(State.UNDONE)]
    if undone:
        return undone
    states = set(Decision.objects.filter(pk__in=[each.pk for each in made]).values_list("state", flat=True))
    if State.DONE in states:
        raise Conflict(_("Too late to undo: it has taken effect. You can still change it on the page of the mail."))
    raise Conflict(_("There is nothing to undo: it was taken back before, or it was not done."))


def carry_out_due(now: datetime | None = None) -> int:
    """Carry out every decision whose time has come; how many there were. One that fails costs the others nothing."""
    due = Decision.due(now or timezone.now()).select_related("person", "message__mailbox", "draft__message__mailbox")
    return sum(_carry_out(decision) for decision in due)


def _carry_out(decision: Decision) -> bool:
    try:
        with transaction.atomic():
            if not decision.settle(State.DONE):
                return False
            _act(decision)
    except Conflict as conflict:
        return decision.settle(State.REFUSED, str(conflict))
    except DatabaseError:
        raise  # it stays held; the next run tries it again
    except Exception as error:
        log.exception("decision %s could not be carried out", decision.pk)
        return decision.settle(State.REFUSED, f"{type(error).__name__}: {error}")
    return True


def _act(decision: Decision) -> None:
    """Do what was decided; raises Conflict if the mail or the draft is not what the person saw."""
    draft, message, user = decision.draft, decision.message, decision.person
    if user is None:
        raise Conflict(_("Who decided it is not known any more."))
    if draft is None:
        message.version = decision.version
        decide(message, decision.answer, user, why=decision.why)
        if decision.always:
            always_treat(message, decision.answer, user)
        return
    draft.version = decision.version
    if decision.answer == Answer.REJECT:
        reject_draft(draft, user, reason=decision.why)
        return
    if newer := message.followed_by(decision.made_at):
        raise Conflict(_("%(who)s wrote again: nothing was sent.") % {"who": newer.sender_name or newer.sender_address})
    approve_draft(draft, user)


def always_treat(message: Message, category: str, user: AbstractBaseUser) -> None:
    """Make it a rule that all mail of this sender is of this category."""
    told = {"category": category, "active": True, "note": f"by {user}"}
    SenderRule.objects.update_or_create(
        pattern=message.sender_address, scope=SenderRule.Scope.ADDRESS, kind=SenderRule.Kind.ALWAYS, defaults=told
    )
    summary = f"From now on {message.sender_address} is always {recorded(Category(category).label).lower()}"
    note(message, "sender rule", summary, str(user))
