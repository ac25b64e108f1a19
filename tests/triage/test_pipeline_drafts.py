"""The replies that the pipeline proposes: in whose name, when they are closed, how they are sent."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from django.contrib.auth.models import User
from django.core.mail import EmailMessage
from django.utils import timezone

from crm.models import AuditEntry, Lead
from inbox_router.models import Halt
from routing.models import Assignment, Hold, Membership, Pool, Salesperson
from tests import mails
from tests.servers.imap import ImapPeer, free_port
from triage import services
from triage.models import Decision, Draft, MailboxDelivery, Message

pytestmark = [pytest.mark.django_db, pytest.mark.dovecot]
Status = Message.Status


def test_an_approved_draft_is_sent_once_filed_and_taken_out_of_drafts(
    human: ImapPeer, run: Callable, mailoutbox: list
) -> None:
    human.deliver(mails.mail("lead", 21).raw)
    run()
    draft, user = Draft.objects.get(), User.objects.create_user("anton")
    services.edit_draft(draft, subject=draft.subject, body="Dear Anna,\n\nyes.\n", version=draft.version)
    services.approve_draft(draft, user)
    run()
    run()
    recipients = [mail.to for mail in mailoutbox]
    assert recipients == [["anna21@customer21.example"], [draft.cc]]
    assert b"yes." in human.mails("Sent")[0]
    assert human.uids("Drafts") == []
    with pytest.raises(services.Conflict):
        services.approve_draft(draft, user)


def test_a_draft_that_a_person_edited_in_the_mail_program_is_left_alone(human: ImapPeer, run: Callable) -> None:
    human.deliver(mails.mail("lead", 22).raw)
    run()
    ours = human.mails("Drafts")[0]
    human.remove(human.uids("Drafts")[0], "Drafts")
    human.deliver(ours.replace(b"Anna", b"Madam"), "Drafts")
    services.reject_draft(Draft.objects.get(), User.objects.create_user("anton"), reason="wrong facts")
    run()
    assert len(human.uids("Drafts")) == 1
    assert MailboxDelivery.objects.get(deed="discard").evidence == "left alone: a person edited it"


def test_an_answer_from_a_mail_program_closes_our_draft_and_stops_the_clock(human: ImapPeer, run: Callable) -> None:
    mail = mails.mail("lead", 25)
    human.deliver(mail.raw)
    run()
    answer = mails.sent_by_salesperson(25, "Ana Horakova <ana.horakova@acme.example>")
    human.deliver(answer.replace(b"Message-ID:", f"In-Reply-To: {mail.message_id}\nMessage-ID:".encode()), "Sent")
    run()
    assert Draft.objects.get().state == Draft.State.OUTSIDE
    assert Assignment.objects.get().answered_at
    assert human.uids("Drafts") == []
    assert AuditEntry.objects.filter(action="answered outside").count() == 1


def test_a_draft_that_a_killed_worker_had_in_hand_is_not_saved_after_somebody_answered(
    human: ImapPeer, run: Callable
) -> None:
    mail = mails.mail("lead", 26)
    human.deliver(mail.raw)
    Halt.begin("mona", "so that nothing is worked off")
    run()
    long_ago = timezone.now() - timedelta(hours=1)
    MailboxDelivery.objects.filter(deed="draft").update(state="taken", in_doubt=True, lease_until=long_ago)
    answer = mails.sent_by_salesperson(26, "Ana Horakova <ana.horakova@acme.example>")
    human.deliver(answer.replace(b"Message-ID:", f"In-Reply-To: {mail.message_id}\nMessage-ID:".encode()), "Sent")
    Halt.end("mona")
    run()
    assert Draft.objects.get().state == Draft.State.OUTSIDE
    assert MailboxDelivery.objects.get(deed="draft").state == "cancelled"
    assert human.uids("Drafts") == human.uids("Trash") == []


def test_a_lead_that_is_handed_over_gets_a_draft_in_the_new_owners_name(human: ImapPeer, run: Callable) -> None:
    human.deliver(mails.mail("lead", 26).raw)
    run()
    before = Assignment.objects.get()
    to = Salesperson.objects.exclude(pk=before.salesperson_id).get(name="Petra Novak")
    services.hand_over(Lead.objects.get(), to, User.objects.create_user("mona"), why="speaks Czech")
    run()
    waiting = Draft.objects.get(state=Draft.State.WAITING)
    assert (waiting.owner_name, Lead.objects.get().owner_name) == ("Petra Novak", "Petra Novak")
    assert [waiting.mime()] == human.mails("Drafts")


def test_a_thread_gets_one_draft_in_24_hours_however_often_its_customer_writes(human: ImapPeer, run: Callable) -> None:
    first = mails.mail("lead", 28)
    human.deliver(first.raw)
    for number in range(3):  # in the same run, and in later ones
        again = mails.mail("lead", 28, in_reply_to=first.message_id).raw
        human.deliver(again.replace(b"Message-ID: <", f"Message-ID: <again.{number}.".encode()))
        run()
    assert Message.objects.filter(category="lead").count() == 4
    assert (Draft.objects.count(), len(human.uids("Drafts"))) == (1, 1)


def test_a_lead_that_was_held_gets_its_draft_with_its_owner(human: ImapPeer, run: Callable) -> None:
    Membership.objects.update(active=False)
    Pool.objects.update(fallback=None)
    human.deliver(mails.mail("lead", 27).raw)
    run()
    assert Hold.objects.filter(resolved_at=None).count() == 1
    assert Draft.objects.count() == 0
    Membership.objects.update(active=True)
    services.release_holds(then=services.draft_for)
    run()
    assert Draft.objects.get().owner_name == Lead.objects.get().owner_name != ""
    assert len(human.uids("Drafts")) == 1


def test_the_kill_switch_stops_approved_replies_after_one(
    human: ImapPeer, run: Callable, settings: Any, mailoutbox: list[EmailMessage]
) -> None:
    for number in range(3):
        human.deliver(mails.mail("lead", 40 + number).raw)
    run()
    settings.EMAIL_BACKEND = "tests.triage.halting.EmailBackend"
    anton = User.objects.create_user("anton")
    for draft in Draft.objects.all():
        services.approve_draft(draft, anton)
    run()
    assert customers(mailoutbox) == ["anna40@customer40.example"], "and perhaps the colleague in copy"
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    Halt.end("mona")
    run()
    assert sorted(customers(mailoutbox)) == [f"anna{number}@customer{number}.example" for number in (40, 41, 42)]


class Strict:
    """A mail server that takes nothing for colleagues while `strict`; what it took, by recipient."""

    def __init__(self) -> None:
        self.strict = True
        self.taken: list[str] = []

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        if self.strict and address.endswith("acme.example"):
            return "451 4.7.1 greylisted, try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 (aiosmtpd's name)
        self.taken += envelope.rcpt_tos
        return "250 OK"


@pytest.fixture
def post(settings: Any) -> Iterator[Strict]:
    server = Controller(Strict(), hostname="127.0.0.1", port=free_port())
    server.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
    yield server.handler
    server.stop()


def test_a_copy_that_a_colleague_could_not_get_is_sent_later_and_the_reply_to_the_customer_only_once(
    human: ImapPeer, run: Callable, post: Strict
) -> None:
    human.deliver(mails.mail("lead", 47).raw)
    run()
    services.approve_draft(Draft.objects.get(), User.objects.create_user("anton"))
    run()
    copies = MailboxDelivery.objects.filter(deed="copy")
    assert post.taken == ["anna47@customer47.example"]
    assert {(row.state, "refused the recipient" in row.error) for row in copies} == {("owed", True)}
    assert len(human.uids("Sent")) == 1, "the rest does not wait for it"
    post.strict = False
    copies.update(due_at=timezone.now())
    run()
    assert post.taken == ["anna47@customer47.example", *copies.values_list("label", flat=True)]
    assert set(copies.values_list("state", flat=True)) == {"done"}


def customers(mails: list[EmailMessage]) -> list[str]:
    """Those whom replies were sent to, without our own people in copy."""
    return [address for mail in mails for address in mail.to if "customer" in address]


def delayed(human: ImapPeer, run: Callable, settings: Any, number: int) -> mails.Mail:
    """A reply was approved while the mail server was down; it is up again now."""
    mail = mails.mail("lead", number)
    human.deliver(mail.raw)
    run()
    up = settings.EMAIL_BACKEND
    settings.EMAIL_BACKEND, settings.EMAIL_HOST = "django.core.mail.backends.smtp.EmailBackend", "127.0.0.1"
    settings.EMAIL_PORT = 1  # nobody listens there
    services.approve_draft(Draft.objects.get(), User.objects.create_user("anton"))
    run()
    assert "cannot reach the mail server" in MailboxDelivery.objects.get(deed="send").error
    settings.EMAIL_BACKEND = up
    MailboxDelivery.objects.update(due_at=timezone.now())
    return mail


def test_a_delayed_reply_is_not_sent_when_the_customer_has_written_again(
    human: ImapPeer, run: Callable, settings: Any, mailoutbox: list[EmailMessage]
) -> None:
    mail = delayed(human, run, settings, 44)
    again = mails.mail("lead", 44).raw.replace(
        b"Message-ID: <", f"In-Reply-To: {mail.message_id}\nMessage-ID: <2".encode()
    )
    human.deliver(again)
    run()
    sending, draft = MailboxDelivery.objects.get(deed="send"), Draft.objects.get()
    assert (sending.state, "wrote again after the approval: nothing was sent" in sending.evidence) == (
        "cancelled",
        True,
    )
    assert (draft.state, draft.decided_by, draft.version) == (Draft.State.WAITING, None, 2)
    assert draft.waits_again
    assert mailoutbox == []
    run()
    assert (len(human.uids("Drafts")), human.uids("Sent")) == (1, [])


def test_a_reply_that_waited_again_is_sent_once_when_it_is_approved_again(
    human: ImapPeer, run: Callable, settings: Any, mailoutbox: list[EmailMessage]
) -> None:
    mail = delayed(human, run, settings, 45)
    again = mails.mail("lead", 45).raw.replace(
        b"Message-ID: <", f"In-Reply-To: {mail.message_id}\nMessage-ID: <2".encode()
    )
    human.deliver(again)
    run()
    draft = Draft.objects.get()
    services.edit_draft(draft, subject=draft.subject, body="Both of your mails are answered.", version=draft.version)
    services.approve_draft(draft, User.objects.get(username="anton"))
    run()
    run()
    assert customers(mailoutbox) == ["anna45@customer45.example"]
    assert b"Both of your mails" in human.mails("Sent")[0]
    assert human.uids("Drafts") == []
    assert Draft.objects.get().state == Draft.State.SENT


def test_a_delayed_reply_is_not_sent_when_somebody_has_answered_outside(
    human: ImapPeer, run: Callable, settings: Any, mailoutbox: list[EmailMessage]
) -> None:
    mail = delayed(human, run, settings, 48)
    answer = mails.sent_by_salesperson(48, "Ana Horakova <ana.horakova@acme.example>")
    human.deliver(answer.replace(b"Message-ID:", f"In-Reply-To: {mail.message_id}\nMessage-ID:".encode()), "Sent")
    run()
    assert Draft.objects.get().state == Draft.State.OUTSIDE
    assert mailoutbox == []
    assert len(human.uids("Sent")) == 1
    assert human.uids("Drafts") == []


def test_an_approval_that_is_held_is_refused_when_somebody_has_answered_outside(
    human: ImapPeer, run: Callable, mailoutbox: list[EmailMessage]
) -> None:
    mail = mails.mail("lead", 46)
    human.deliver(mail.raw)
    run()
    services.hold_approval(Draft.objects.get(), Decision.Answer.APPROVE, User.objects.create_user("anton"))
    answer = mails.sent_by_salesperson(46, "Ana Horakova <ana.horakova@acme.example>")
    human.deliver(answer.replace(b"Message-ID:", f"In-Reply-To: {mail.message_id}\nMessage-ID:".encode()), "Sent")
    run()
    services.carry_out_due(timezone.now() + timedelta(minutes=1))
    run()
    assert Decision.objects.get().state == Decision.State.REFUSED
    assert Draft.objects.get().state == Draft.State.OUTSIDE
    assert mailoutbox == []


def test_a_reply_that_a_person_saw_arrive_counts_as_sent(human: ImapPeer, run: Callable) -> None:
    human.deliver(mails.mail("lead", 39).raw)
    run()
    draft = Draft.objects.get()
    services.approve_draft(draft, User.objects.create_user("anton"))
    sending = MailboxDelivery.objects.get(deed="send")
    MailboxDelivery.objects.filter(pk=sending.pk).update(state="unconfirmed", in_doubt=True)
    sending.refresh_from_db()
    sending.acknowledge("anton")
    draft.refresh_from_db()
    assert draft.state == Draft.State.SENT
    run()
    assert len(human.uids("Sent")) == 1


def test_a_lead_without_a_usable_address_has_no_draft_and_holds_no_other_one_up(human: ImapPeer, run: Callable) -> None:
    odd = mails.mail("uncertain", 40)
    human.deliver(odd.raw.replace(b"From: Anna Meyer 40 <anna40@customer40.example>", b"From: nobody at all"))
    run()
    services.decide(Message.objects.get(), "lead", User.objects.create_user("rita"))
    human.deliver(mails.mail("lead", 41).raw)
    run()
    assert Draft.objects.count() == len(human.uids("Drafts")) == 1
    assert AuditEntry.objects.filter(action="no draft").count() == 1
