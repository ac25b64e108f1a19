"""Mail made to hurt, through a real mail server and all stages: each has its row, and holds no other mail up."""

import re
from collections.abc import Callable, Iterator

import pytest

from tests import mails
from tests.hurting import HURTING
from tests.servers.imap import Dovecot, ImapPeer
from tests.triage.obedient import COMMAND
from triage.classifiers.local import LocalClassifier
from triage.models import Message, SentMail
from triage.parsing.reader import Reader
from triage.stages.fetch import RAW_LIMIT

pytestmark = [pytest.mark.django_db, pytest.mark.dovecot]
AT_ONCE = 11
UNREADABLE = {"nothing", "only newlines", "only NUL", "no header", "random bytes"}
Status = Message.Status


@pytest.mark.parametrize("first", range(0, len(HURTING), AT_ONCE))
def test_mail_that_hurts_has_its_row_and_the_next_mail_comes_through(
    first: int, human: ImapPeer, post_office: Dovecot, run: Callable
) -> None:
    cases = list(HURTING)[first : first + AT_ONCE]
    human.uids()  # the first look makes the folder
    by_uid = {}
    for case in cases:
        post_office.drop(HURTING[case](), human.user)
        by_uid[human.uids()[-1]] = case
    run(LocalClassifier.load())
    rows = list(Message.objects.order_by("uid"))
    assert [row.uid for row in rows] == list(by_uid)
    for row in rows:
        assert row.status not in (Status.FOUND, Status.FETCHED, Status.FILTERED, Status.CLASSIFIED), by_uid[row.uid]
    quarantined = [row for row in rows if row.status == Status.QUARANTINED]
    assert {by_uid[row.uid] for row in quarantined} == UNREADABLE.intersection(cases)
    for row in quarantined:
        assert row.error
        assert bytes(row.raw) == human.raw(row.uid)[:RAW_LIMIT]

    good = mails.mail("lead", first)
    human.deliver(good.raw)
    run()
    assert Message.objects.get(message_id=good.message_id).category == "lead"


@pytest.fixture
def obedient() -> Iterator[Reader]:
    """Does to itself what a mail's subject says."""
    with Reader(command=COMMAND, seconds=1) as reader:
        yield reader


@pytest.mark.parametrize("order", ["hang", "swell", "crash", "fail"])
def test_mail_in_sent_that_hurts_is_left_out_and_holds_nothing_up(
    order: str, human: ImapPeer, run: Callable, obedient: Reader
) -> None:
    sent = mails.sent_by_salesperson(1, "Ana Horakova <ana.horakova@acme.example>")
    for number, subject in enumerate(("read", order, "read")):
        changed = re.sub(rb"(?m)^Subject:.*$", f"Subject: {subject}".encode(), sent)
        human.deliver(changed.replace(b"<sent.1@", f"<sent.{number}@".encode()), "Sent")
    human.deliver(mails.mail("lead", 1).raw.replace(b"Subject: ", b"Subject: read\nX-Was: "))
    run(reader=obedient)
    assert sorted(SentMail.objects.values_list("message_id", flat=True)) == [
        "<sent.0@acme.example>",
        "<sent.2@acme.example>",
    ]
    assert Message.objects.get().status == Status.REVIEW
    run(reader=obedient)
    assert SentMail.objects.count() == 2
