"""The truth is in our rows, not in the queue: what a lost task should have done is done by the next run."""

from collections.abc import Callable

import pytest
from django.utils import timezone
from django_q.models import OrmQ

from tests import mails, office
from tests.servers.imap import ImapPeer
from tests.triage.judge import SubjectJudge
from triage import services, tasks
from triage.models import Decision, MailboxDelivery, Message
from triage.parsing.reader import Reader
from triage.pipeline import run_mailbox

pytestmark = [pytest.mark.django_db, pytest.mark.dovecot]


def queue_loses_its_tasks() -> None:
    tasks.run_soon()
    assert OrmQ.objects.all().delete()[0]


def test_rows_still_owed_when_the_queue_lost_its_task_are_done_by_the_next_run(
    human: ImapPeer, run: Callable, reader: Reader
) -> None:
    human.deliver(mails.mail("lead", 1).raw)
    run_mailbox(services.active_mailboxes()[0], SubjectJudge(), reader)  # and what it owes is not worked off
    assert (len(human.uids()), human.mails("Drafts")) == (1, [])
    queue_loses_its_tasks()
    assert tasks.run_pipeline() == "ok"
    assert (len(human.uids()), len(human.mails("Drafts"))) == (0, 1)
    assert not MailboxDelivery.objects.exclude(state__in=MailboxDelivery.SETTLED)


def test_mail_that_no_task_was_queued_for_is_found_by_the_next_run(human: ImapPeer, run: Callable) -> None:
    human.deliver(mails.mail("lead", 1).raw)
    queue_loses_its_tasks()
    assert tasks.run_pipeline() == "ok"
    assert Message.objects.get().status in (Message.Status.DONE, Message.Status.REVIEW)


def test_a_decision_whose_task_was_lost_is_carried_out_by_the_next_run(human: ImapPeer, run: Callable) -> None:
    row = office.message()
    services.hold_decision(row, Decision.Answer.LEAD, office.user("mia", "Reviewer"))
    Decision.objects.update(due_at=timezone.now())
    tasks.look_for_decisions()
    assert OrmQ.objects.all().delete()[0]
    assert tasks.run_pipeline() == "ok"
    assert Decision.objects.get().state == Decision.State.DONE
