"""Which mail is which: each has its row, and what is the same mail under another number is handled once."""

from collections.abc import Callable

import pytest

from crm.models import Lead
from tests import mails
from tests.servers.imap import Dovecot, ImapPeer
from tests.stories.maildir import Maildir
from triage.models import Draft, MailboxDelivery, Message

pytestmark = [pytest.mark.django_db, pytest.mark.dovecot]
Status = Message.Status


def rows() -> list[tuple[str, int | None]]:
    """The status of each row, and of which one it is a copy, counted from 1."""
    found = list(Message.objects.order_by("pk").values_list("pk", "status", "same_as"))
    numbers = {pk: number for number, (pk, _, _) in enumerate(found, 1)}
    return [(status, numbers.get(same)) for _, status, same in found]


def test_of_twins_that_come_together_one_is_handled(human: ImapPeer, run: Callable) -> None:
    for _ in range(2):
        human.deliver(mails.mail("lead", 1).raw)
    run()
    assert rows() == [(Status.DONE, None), (Status.DUPLICATE, 1)]
    assert Lead.objects.count() == Draft.objects.count() == len(human.uids("Drafts")) == 1


def test_other_bytes_under_the_same_message_id_are_another_mail(human: ImapPeer, run: Callable) -> None:
    mail = mails.mail("uncertain", 2)
    human.deliver(mail.raw)
    human.deliver(mail.raw.replace(b"Good day", b"Good evening"))
    run()
    assert rows() == [(Status.REVIEW, None), (Status.REVIEW, None)]
    assert len(set(Message.objects.values_list("message_id", flat=True))) == 1


def test_mail_without_a_message_id_is_known_by_its_bytes(human: ImapPeer, run: Callable) -> None:
    mail = mails.mail("lead", 3)
    bare = mail.raw.replace(f"Message-ID: {mail.message_id}\n".encode(), b"")
    human.deliver(bare)
    run()
    human.deliver(bare)
    human.deliver(bare.replace(b"Good day", b"Good evening"))
    run()
    assert rows() == [(Status.DONE, None), (Status.DUPLICATE, 1), (Status.DONE, None)]
    assert Lead.objects.count() == 2


def test_mail_that_was_moved_out_and_back_is_not_handled_again(human: ImapPeer, run: Callable) -> None:
    uid = human.deliver(mails.mail("accounting", 4).raw)
    run()
    done = MailboxDelivery.objects.count()
    human.move(uid, "Archive")
    run()
    human.move(human.uids("Archive")[-1], "INBOX", "Archive")
    run()
    assert rows() == [(Status.DONE, None), (Status.DUPLICATE, 1)]
    assert MailboxDelivery.objects.count() == done


def test_a_folder_that_the_server_numbers_anew_is_read_again_and_nothing_is_done_again(
    human: ImapPeer, run: Callable, post_office: Dovecot
) -> None:
    for kind in ("accounting", "uncertain", "internal"):
        human.deliver(mails.mail(kind, 5).raw)
    run()
    before = rows()
    human.client.logout()  # nobody may be signed in
    Maildir(post_office.maildir(human.user)).renumber(1_900_000_001)
    late = mails.mail("lead", 6)
    with ImapPeer(post_office.account(user=human.user)) as again:
        again.deliver(late.raw)
        run()
        assert rows()[:3] == before
        assert rows()[3:] == [*[(Status.DUPLICATE, number) for number in (1, 2, 3)], (Status.DONE, None)]
        assert len(again.uids("Drafts")) == Lead.objects.count() == 1
