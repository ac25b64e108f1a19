"""The test mail of every hour: it comes through and is tidied away, or the managers are told."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from inbox_router.delivery import work_off_all
from inbox_router.models import Halt
from routing.models import SlackAlert
from tests import mails
from tests.servers.imap import Dovecot, ImapPeer
from tests.world import header
from triage import services
from triage.models import CaptureCheck, Classification, Mailbox, Message
from triage.proof import canary

pytestmark = [pytest.mark.django_db, pytest.mark.dovecot]


@pytest.fixture(autouse=True)
def account(db: None, dovecot: Dovecot, settings: Settings) -> None:
    settings.MAILBOXES = {"inbox": dovecot.account()}
    settings.SLACK_MANAGER_CHANNEL = "C1MANAGERS"
    settings.CANARY_MINUTES = 10
    services.process()


@pytest.fixture
def human(dovecot: Dovecot) -> Iterator[ImapPeer]:
    with ImapPeer(dovecot.account()) as peer:
        yield peer


def minutes_pass(minutes: int) -> None:
    CaptureCheck.objects.update(at=timezone.now() - timedelta(minutes=minutes))


def alarms() -> list[str]:
    return [alert.text for alert in SlackAlert.objects.filter(key__startswith="slack:canary:")]


def test_it_comes_through_and_lies_in_trash(human: ImapPeer) -> None:
    services.check()
    [raw] = human.mails()
    assert human.flags(human.uids()[0]) == {"\\Seen"}
    services.process()
    work_off_all()
    message = Message.objects.get()
    assert message.status == Message.Status.SKIPPED
    assert message.message_id == header(raw, "Message-ID") == CaptureCheck.objects.get().facts["canary"]
    assert human.uids() == []
    assert human.mails("Trash") == [raw]
    assert Classification.objects.count() == 0
    minutes_pass(11)
    services.process()
    assert alarms() == []
    assert CaptureCheck.objects.get().unexplained == 0


def test_one_that_does_not_come_through_in_time_is_told_once(human: ImapPeer) -> None:
    services.check()
    human.remove(human.uids()[0])
    minutes_pass(9)
    services.process()
    assert alarms() == []
    minutes_pass(11)
    for _ in range(2):
        services.process()
    [told] = alarms()
    assert "was not taken in within 10 minutes" in told


def test_an_inbox_that_takes_no_mail_is_told_at_once(settings: Settings, dovecot: Dovecot) -> None:
    dovecot.__exit__(None, None, None)
    assert "inbox: " in services.check()
    [told] = alarms()
    assert "new mail may not come through" in told


def test_a_mail_that_only_looks_like_it_is_judged_like_any_other(human: ImapPeer) -> None:
    services.check()
    real = human.raw(human.uids()[0])
    token = header(real, "Message-ID").partition(".")[2].partition("@")[0].encode()
    copied = b"<canary-20260101000000." + token + b"@inbox-router.invalid>"
    human.deliver(mails.mail("lead", 1).raw.replace(b"<lead.1@customer1.example>", copied))
    services.process()
    statuses = dict(Message.objects.values_list("from_address", "status"))
    assert statuses["anna1@customer1.example"] != Message.Status.SKIPPED
    assert Classification.objects.count() == 1


@pytest.mark.parametrize("why", ["off", "trash is not armed", "the mailbox is new", "everything is stopped"])
def test_none_is_put_in_where_it_could_not_be_tidied_away(why: str, human: ImapPeer, settings: Settings) -> None:
    if why == "off":
        settings.CANARY_MINUTES = 0
    elif why == "trash is not armed":
        settings.ARMED = frozenset({"label"})
    elif why == "the mailbox is new":
        Mailbox.objects.update(started_at=None)
    else:
        Halt.begin("boss")
    services.check()
    assert human.uids() == []
    minutes_pass(60)
    assert canary.watch(Mailbox.objects.get())
    assert alarms() == []
