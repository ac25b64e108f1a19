"""A run keeps its mailbox for as long as it works in it."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from inbox_router.environment import MailboxAccount
from tests.servers.imap import ImapPeer
from tests.triage.judge import SubjectJudge
from tests.triage.obedient import COMMAND
from triage import services
from triage.mailbox import ImapMailbox
from triage.models import Mailbox, Message, Run
from triage.models.mailbox import Lease
from triage.parsing.reader import Reader
from triage.stages import fetch
from triage.stages.context import Context

pytestmark = [pytest.mark.django_db, pytest.mark.dovecot]
HANGING = b"From: anna@x.example\r\nSubject: hang\r\nMessage-ID: <%d@x.example>\r\n\r\nHello.\r\n"
NUMBER = 8


class Contested(Lease):
    """A lease that somebody else tries to get just before each renewal."""

    def renew(self) -> None:
        assert Mailbox.objects.get(pk=self.mailbox_id).take_lease() is None, "it had run out"
        super().renew()


def test_a_chunk_of_mails_that_hang_never_outlives_its_lease(
    account: MailboxAccount, human: ImapPeer, run: Callable
) -> None:
    for number in range(NUMBER):
        human.deliver(HANGING % number)
    mailbox = services.active_mailboxes()[0]
    lease = mailbox.take_lease(timedelta(seconds=NUMBER - 2))
    assert lease
    with ImapMailbox.open(account) as box, Reader(command=COMMAND, seconds=1) as hanging:
        contested = Contested(lease.mailbox_id, lease.holder, lease.length)
        started = Run.objects.create(mailbox=mailbox)
        assert fetch.run(Context(mailbox, box, hanging, SubjectJudge(), started, contested)) == NUMBER
    assert set(Message.objects.values_list("status", flat=True)) == {Message.Status.QUARANTINED}
