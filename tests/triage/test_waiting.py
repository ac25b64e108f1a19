"""Nothing waits for long without the managers being told."""

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from crm.models import AuditEntry, SheetRow
from inbox_router.delivery import Delivery
from routing.models import SlackAlert
from triage.models import Mailbox, Message
from triage.proof.waiting import alert_waiting

pytestmark = pytest.mark.django_db


@pytest.fixture
def message(settings: Settings) -> Message:
    settings.SLACK_MANAGER_CHANNEL, settings.WAITING_ALERT_HOURS = "C1", 4
    mailbox = Mailbox.objects.create(name="inbox")
    return Message.objects.create(mailbox=mailbox, folder="INBOX", uidvalidity=1, uid=1, status=Message.Status.REVIEW)


def hours_pass(hours: int) -> None:
    Message.objects.update(created_at=timezone.now() - timedelta(hours=hours))


def test_mail_that_has_waited_too_long_is_told_of_once_a_day(message: Message) -> None:
    hours_pass(3)
    assert alert_waiting() == 0
    hours_pass(5)
    assert alert_waiting() == alert_waiting() == 1
    assert "Mails that wait for a person: 1, the oldest for 5 hours." in SlackAlert.objects.get().text


def test_mail_that_is_done_does_not_wait(message: Message) -> None:
    Message.objects.update(status=Message.Status.DONE)
    hours_pass(5)
    assert alert_waiting() == 0
    assert SlackAlert.objects.count() == 0


def test_a_delivery_in_trouble_is_told_of_too(message: Message) -> None:
    entry = AuditEntry.objects.create(key="a", actor="test", action="test", subject="message:1", summary="test")
    SheetRow.objects.create(
        key="a", stream="a", effect="sheet", entry=entry, state=Delivery.State.OWED, attempts=6, error="quota"
    )
    assert alert_waiting() == 0
    SheetRow.objects.update(created_at=timezone.now() - timedelta(hours=5))
    assert alert_waiting() == 1
    assert "Deliveries in trouble: 1." in SlackAlert.objects.get().text
