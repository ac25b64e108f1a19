"""Spam and newsletters in the pipeline: what goes to Trash and when, what does not, and the way back."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from crm.models import Contact, Lead
from inbox_router.models import Halt
from routing.models import Assignment, Membership
from tests import mails
from tests.servers.imap import ImapPeer
from triage import services
from triage.models import MailboxDelivery, Message

pytestmark = [pytest.mark.django_db, pytest.mark.dovecot]
Status = Message.Status


def test_spam_is_trashed_on_the_next_run_only(human: ImapPeer, run: Callable) -> None:
    human.deliver(mails.mail("spam", 3).raw)
    run()
    assert len(human.uids()) == 1
    run()
    assert human.uids() == []
    assert len(human.uids("Trash")) == 1


def test_spam_waits_for_the_trash_delay_too(human: ImapPeer, run: Callable, settings: object) -> None:
    settings.TRASH_DELAY = 3600  # type: ignore[attr-defined]
    human.deliver(mails.mail("newsletter", 4).raw)
    run()
    run()
    assert len(human.uids()) == 1


def test_spam_that_a_person_flagged_stays(human: ImapPeer, run: Callable) -> None:
    uid = human.deliver(mails.mail("spam", 5).raw)
    run()
    human.flag(uid, "\\Flagged")
    run()
    assert human.uids() == [uid]
    delivery = MailboxDelivery.objects.get(deed="trash")
    assert (delivery.state, delivery.evidence) == ("cancelled", "left alone: a person flagged the mail")


def test_spam_that_a_person_moved_is_left_where_it_is(human: ImapPeer, run: Callable) -> None:
    uid = human.deliver(mails.mail("spam", 6).raw)
    run()
    human.move(uid, "Junk")
    run()
    assert len(human.uids("Junk")) == 1
    assert human.uids("Trash") == []
    assert MailboxDelivery.objects.get(deed="trash").state == "cancelled"


def test_spam_that_a_person_calls_a_lead_is_not_trashed(human: ImapPeer, run: Callable) -> None:
    human.deliver(mails.mail("spam", 7).raw)
    run()
    services.decide(Message.objects.get(), "lead", User.objects.create_user("rita"))
    run()
    assert human.uids("Trash") == []
    assert len(human.uids("Archive")) == len(human.uids("Drafts")) == 1
    assert Lead.objects.get().owner_name


def test_what_looks_like_spam_from_a_customer_goes_to_a_person(human: ImapPeer, run: Callable) -> None:
    Contact.objects.create(address="anna20@customer20.example", domain="customer20.example")
    human.deliver(mails.mail("spam", 20).raw)
    run()
    run()
    assert Message.objects.get().status == Status.REVIEW
    assert len(human.uids()) == 1


def test_spam_that_a_person_read_since_is_left_alone(human: ImapPeer, run: Callable) -> None:
    uid = human.deliver(mails.mail("spam", 30).raw)
    run()
    human.flag(uid, "\\Seen")
    run()
    assert human.uids() == [uid]
    assert MailboxDelivery.objects.get(deed="trash").evidence == "left alone: a person read the mail"


def test_no_more_than_the_daily_cap_goes_to_trash(human: ImapPeer, run: Callable, settings: object) -> None:
    settings.TRASH_DAILY_CAP = 2  # type: ignore[attr-defined]
    for number in (31, 32, 33):
        human.deliver(mails.mail("spam", number).raw)
    run()
    run()
    run()
    assert (len(human.uids("Trash")), len(human.uids())) == (2, 1)


def test_spam_whose_sender_became_a_customer_since_goes_to_a_person(human: ImapPeer, run: Callable) -> None:
    human.deliver(mails.mail("spam", 34).raw)
    run()
    Contact.objects.create(address="anna34@customer34.example", domain="customer34.example")
    run()
    assert Message.objects.get().status == Status.REVIEW
    assert human.uids("Trash") == []


def test_a_mail_in_trash_that_a_person_calls_a_lead_comes_back_byte_for_byte(human: ImapPeer, run: Callable) -> None:
    human.deliver(mails.mail("spam", 35).raw)
    before = human.mails()
    run()
    run()
    assert human.mails("Trash") == before
    services.decide(Message.objects.get(), "lead", User.objects.create_user("rita"))
    run()
    assert human.mails("Archive") == before
    assert human.uids("Trash") == human.uids() == []
    assert Lead.objects.get().owner_name


def test_a_mail_that_is_brought_back_from_trash_waits_in_the_inbox_for_a_person(human: ImapPeer, run: Callable) -> None:
    human.deliver(mails.mail("spam", 37).raw)
    before = human.mails()
    run()
    run()
    services.restore(Message.objects.get(), "rita")
    run()
    run()
    assert human.mails() == before
    assert sorted(Message.objects.values_list("status", flat=True)) == [Status.DUPLICATE, Status.REVIEW]
    services.decide(Message.objects.get(status=Status.REVIEW), "accounting", User.objects.create_user("rita"))
    run()
    assert human.flags(human.uids()[0]) == {"Accounting"}


def test_a_lead_that_a_person_calls_spam_is_withdrawn_and_its_turn_is_credited(human: ImapPeer, run: Callable) -> None:
    human.deliver(mails.mail("lead", 38).raw)
    run()
    paid = Membership.objects.get(salesperson=Assignment.objects.get().salesperson, pool__kind="default")
    services.decide(Message.objects.get(), "spam", User.objects.create_user("rita"), why="a fake inquiry")
    run()
    assert Lead.objects.get().stage == Lead.Stage.JUNK
    assert human.uids("Drafts") == []
    assert Membership.objects.get(pk=paid.pk).credit > paid.credit
    services.decide(Message.objects.get(), "lead", User.objects.get())
    run()
    assert Lead.objects.get().stage == Lead.Stage.OPEN
    assert len(human.uids("Drafts")) == 1
    assert Assignment.objects.count() == 1


def test_the_kill_switch_stops_what_is_moved_within_one_mail(human: ImapPeer, run: Callable) -> None:
    for number in range(3):
        human.deliver(mails.mail("spam", 60 + number).raw)
    run()
    Halt.begin("mona", "so that it is only owed")
    run()
    Halt.end("mona")
    sizes = []  # of what is taken in hand at once: before each the switch is looked at
    while (taken := MailboxDelivery.claim(timezone.now()))[1]:
        sizes.append(len(taken[1]))
    assert sizes == [1, 1, 1]
    assert set(MailboxDelivery.objects.filter(state="taken").values_list("deed", flat=True)) == {"trash"}
