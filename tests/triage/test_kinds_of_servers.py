"""What is special about some servers, besides that usual mail ends there as elsewhere (tests/test_poor_servers.py)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F

from inbox_router.environment import MailboxAccount
from tests import mails
from tests.servers import gmail
from tests.servers.imap import ImapPeer
from tests.servers.masking import MaskingProxy
from triage.mailbox import MailboxError
from triage.models import Mailbox, Message
from triage.proof import capture

pytestmark = [pytest.mark.django_db, pytest.mark.dovecot]
THROTTLED = b"NO Request is throttled. Suggested Backoff Time: 299961 milliseconds"


@pytest.mark.parametrize("command", ["LOGIN", "EXAMINE"])
def test_a_mailbox_whose_server_asks_us_to_wait_is_left_alone_until_then(
    account: MailboxAccount, settings: Any, run: Callable, command: str
) -> None:
    with MaskingProxy(account.port, objects=lambda name: THROTTLED * name.startswith(command)) as proxy:
        settings.MAILBOXES = {"inbox": replace(account, port=proxy.port)}
        with pytest.raises(MailboxError, match="Request is throttled"):
            run()
        asked = list(proxy.asked)
        run()
        assert proxy.asked == asked
        Mailbox.objects.update(lease_until=F("lease_until") - timedelta(seconds=290))
        run()
        assert proxy.asked == asked
        proxy.objects = lambda name: b""
        Mailbox.objects.update(lease_until=F("lease_until") - timedelta(seconds=11))
        run()
        assert len(proxy.asked) > len(asked)


def test_on_gmail_a_mail_in_the_inbox_and_in_all_mail_is_one_mail_and_nothing_else_there_is_taken_for_a_lost_one(
    settings: Any, run: Callable
) -> None:
    with gmail.dovecot(["sales@acme.example"]) as server, gmail.GmailProxy(server.port) as proxy:
        settings.MAILBOXES = {"inbox": replace(server.account(), port=proxy.port)}
        with ImapPeer(server.account()) as person:
            lead, gone, doubtful = (mails.mail(*one) for one in (("lead", 1), ("lead", 2), ("uncertain", 3)))
            person.deliver(lead.raw)
            run()
            assert len(person.uids("[Gmail]/All Mail")) == 2  # the mail and our draft
            person.move(person.deliver(gone.raw), gmail.ARCHIVED)  # before we see it
            person.deliver(mails.mail("lead", 4).raw, "[Google Mail]/Drafts", "\\Draft")
            person.deliver(mails.sent_by_salesperson(5, "Ana Horakova <ana@acme.example>"), "[Google Mail]/Sent Mail")
            person.deliver(doubtful.raw)
            run()
            found = capture.check(Mailbox.objects.get())
            archived = person.uids("[Gmail]/All Mail", "HEADER", "Message-ID", gone.message_id)
        assert list(Message.objects.order_by("pk").values_list("message_id", "status")) == [
            (lead.message_id, "done"),
            (doubtful.message_id, "review"),
        ]
        assert found.unexplained == []
        assert found.moved_unseen == [f"Archive UID {uid}" for uid in archived]
