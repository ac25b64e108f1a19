"""A model that was talked into calling everything spam, with full confidence: what it cannot do."""

from collections.abc import Iterator

import pytest

from tests import mails
from tests.servers.imap import ImapPeer
from tests.servers.openai import Answer, verdict
from tests.world import World

pytestmark = pytest.mark.dovecot
CAP = 5
CUSTOMER = mails.mail("lead", 1)
AGAIN = mails.mail("lead", 1, in_reply_to="<unrelated@customer1.example>")
IN_THREAD = mails.mail("thread", 2, in_reply_to="<sent.2@acme.example>")
TOUCHED = [mails.mail("newsletter", number) for number in (3, 4)]
INQUIRIES = [mails.mail("lead", number) for number in range(10, 15)]
RUBBISH = [mails.mail("newsletter", number) for number in range(20, 30)]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with World(tmp_path_factory.mktemp("world"), TRASH_DAILY_CAP=str(CAP)) as world:
        world.deliver([CUSTOMER])
        assert world.run("process_inbox").status == 0
        world.model.answer = lambda asked: Answer(verdict(category="spam", confidence=1.0))
        second = AGAIN.raw.replace(AGAIN.message_id.encode(), b"<another@customer1.example>")
        with ImapPeer(world.imap.account()) as human:
            human.deliver(second)
            world.deliver([IN_THREAD, *TOUCHED, *INQUIRIES, *RUBBISH])
            assert world.run("process_inbox").status == 0
            touched = [mail.message_id for mail in TOUCHED]
            uids = [uid for uid in human.uids() if any(i.encode() in human.raw(uid) for i in touched)]
            human.flag(uids[0], "\\Flagged")
            human.flag(uids[1], "\\Seen")
        for _ in range(3):
            assert world.run("process_inbox").status == 0
        yield world


def test_no_mail_of_a_known_customer_is_trashed(world: World) -> None:
    assert "<another@customer1.example>" in world.folders()["INBOX"]


def test_no_mail_in_a_salespersons_thread_is_trashed(world: World) -> None:
    assert IN_THREAD.message_id in world.folders()["INBOX"]


def test_nothing_that_a_person_touched_is_trashed(world: World) -> None:
    assert {mail.message_id for mail in TOUCHED} <= set(world.folders()["INBOX"])


def test_no_inquiry_is_trashed_on_the_models_word_alone(world: World) -> None:
    assert {mail.message_id for mail in INQUIRIES} <= set(world.folders()["INBOX"])


def test_no_more_than_the_daily_cap_is_trashed_and_nothing_is_sent_or_drafted_for_it(world: World) -> None:
    trash = world.folders()["Trash"]
    assert 0 < len(trash) <= CAP
    assert set(trash) <= {mail.message_id for mail in RUBBISH}
    assert len(world.mails("Drafts")) == 1, "only the customer's first mail, judged before, has a draft"


def test_what_was_trashed_comes_back_byte_for_byte(world: World) -> None:
    before = set(world.mails("Trash"))
    assert world.run("restore_trash", "--hours", "24").status == 0
    assert world.folders()["Trash"] == []
    assert before <= set(world.mails("INBOX"))
