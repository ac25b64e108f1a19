"""The first look at an inbox that was full before we came."""

from collections.abc import Callable, Collection
from typing import Any

import pytest
from django.db import connection

from tests import mails
from tests.servers.imap import Dovecot, ImapPeer
from tests.stories.maildir import Letter, Maildir
from triage.models import Mailbox, MailboxDelivery, Message
from triage.proof import capture

pytestmark = [pytest.mark.django_db, pytest.mark.dovecot]
OLD = 2300
Status = Message.Status


class BrokenOff(Exception):
    """The run ends here."""


def breaking_off(rows: int) -> Callable[..., Any]:
    """Ends the run when it is about to add to so many rows."""

    def execute(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        if sql.startswith("INSERT") and ' INTO "triage_message" ' in sql and Message.objects.count() >= rows:
            raise BrokenOff
        return execute(sql, *rest)

    return execute


@pytest.mark.parametrize("rows", [1000, 1500])
def test_a_first_connect_that_breaks_off_among_thousands_of_mails_goes_on_and_acts_on_no_old_one(
    rows: int, human: ImapPeer, post_office: Dovecot, run: Callable
) -> None:
    human.uids()  # the first look makes the folder
    for number in range(OLD):
        post_office.drop(mails.mail("spam", number).raw, human.user, read=number % 50 > 0, days=3)
    files = Maildir(post_office.maildir(human.user))
    assert len(human.uids()) == OLD
    gone, read, unread = (human.deliver(mails.mail("lead", number).raw) for number in (1, 2, 3))
    with pytest.raises(BrokenOff), connection.execute_wrapper(breaking_off(rows)):
        run()
    assert rows - 1000 < Message.objects.count() < OLD

    human.flag(read, "\\Seen")
    human.remove(gone)
    human.deliver(mails.mail("lead", 4).raw)
    before = old(files)
    run()
    run()
    assert old(files) == before
    assert Message.objects.filter(status=Status.BACKLOG).count() == OLD + 1
    assert list(Message.objects.exclude(status=Status.BACKLOG).values_list("subject", flat=True)) == subjects(3, 4)
    acted_on = MailboxDelivery.objects.values_list("message__uid", flat=True)
    assert min(acted_on) == unread
    found = capture.check(Mailbox.objects.get())
    assert (found.unexplained, found.waiting, found.unread_rows, found.moved_unseen) == ([], [], 0, [])
    assert Message.objects.count() == len(set(Message.objects.values_list("uid", flat=True))) == OLD + 3


def subjects(*numbers: int) -> list[str]:
    return [f"lead number {number}: about valves" for number in numbers]


def old(files: Maildir) -> Collection[Letter]:
    """What was there before, with its flags."""
    return {letter for letter in files.letters() if letter.subject.startswith("spam")}
