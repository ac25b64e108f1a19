"""Mail of machines about our leads, over a real mailbox: tied to its lead, told to its owner; nothing moves by it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from crm.models import AuditEntry, Contact, Lead
from routing.models import Assignment, LedgerLine, Salesperson, SlackAlert
from tests import mails
from tests.servers.imap import ImapPeer
from triage import services
from triage.models import Draft, MailboxDelivery, Message

pytestmark = [pytest.mark.django_db, pytest.mark.dovecot]
NOW = datetime.now(UTC)
BACK = NOW.date() + timedelta(days=10)
HEAD = (
    f"To: sales@acme.example\nDate: {format_datetime(NOW)}\n"
    + "From: {sender}\nMessage-ID: <auto.{number}@x.example>\n"
)
CALENDAR = "BEGIN:VCALENDAR\nMETHOD:{method}\nBEGIN:VEVENT\nSUMMARY:Valves\nEND:VEVENT\nEND:VCALENDAR"
# what it is: (its header, its text)
KINDS = {
    "out-of-office": (
        "Subject: Automatic reply: valves\nAuto-Submitted: auto-replied",
        f"I am out of the office until {BACK:%-d %B %Y}.",
    ),
    "auto-reply": ("Subject: valves\nAuto-Submitted: auto-replied", "We received your mail."),
    "calendar": ("Subject: Valves\nContent-Type: text/calendar; method=REQUEST", CALENDAR.format(method="REQUEST")),
    "delivery-report": (
        "Subject: Delayed\nContent-Type: multipart/report; report-type=delivery-status; boundary=B",
        "--B\n\nIt is late.\n--B\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx\n\n"
        "Final-Recipient: rfc822; anna@x.example\nAction: delayed\n--B--",
    ),
    "read-receipt": (
        "Subject: Read: valves\nContent-Type: multipart/report; report-type=disposition-notification; boundary=B",
        "--B\n\nIt was read.\n--B\nContent-Type: message/disposition-notification\n\nDisposition: manual-action\n--B--",
    ),
}


def machine_mail(kind: str, answered: str, number: int) -> bytes:
    """An automatic mail of this kind in answer to a mail of ours."""
    header, text = KINDS[kind]
    head = HEAD.format(sender=f"anna{number}@customer{number}.example", number=number)
    return f"{head}In-Reply-To: {answered}\n{header}\nMIME-Version: 1.0\n\n{text}\n".encode()


def bounce(failed: str, number: int) -> bytes:
    """What a mail server writes of a mail that it could not deliver: it answers nothing, but returns the header."""
    head = HEAD.format(sender="MAILER-DAEMON@mx.example", number=number)
    return (
        f"{head}Subject: Undelivered Mail Returned to Sender\nMIME-Version: 1.0\n"
        "Content-Type: multipart/report; report-type=delivery-status; boundary=B\n\n"
        "--B\n\nNo such user.\n--B\nContent-Type: message/delivery-status\n\n"
        "Final-Recipient: rfc822; anna@x.example\nAction: failed\nStatus: 5.1.1\n--B\n"
        f"Content-Type: text/rfc822-headers\n\nMessage-ID: {failed}\nSubject: Re: valves\n\n--B--\n"
    ).encode()


def moving_parts() -> list[object]:
    """Everything that automatic mail may not move."""
    owner_and_stage = Lead.objects.values_list("owner_email", "stage")
    return [
        list(rows.order_by("pk"))
        for rows in (owner_and_stage, Assignment.objects.values(), LedgerLine.objects.values(), Draft.objects.values())
    ]


@pytest.fixture
def lead(human: ImapPeer, run: Callable) -> Lead:
    """A lead with an owner and a draft that waits."""
    human.deliver(mails.mail("lead", 60).raw)
    run()
    return Lead.objects.get()


def owner_was_told(lead: Lead, what: str) -> int:
    owner = Salesperson.objects.get(email=lead.owner_email)
    return SlackAlert.objects.filter(salesperson=owner, text__contains=what).count()


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_tied_to_its_lead_and_moves_no_owner_clock_or_draft(
    human: ImapPeer,
    run: Callable,
    lead: Lead,
    kind: str,
) -> None:
    before = moving_parts()
    human.deliver(machine_mail(kind, mails.mail("lead", 60).message_id, 60))
    run()
    run()
    told = Message.objects.get(automatic=kind)
    assert (told.thread_id, told.status) == (lead.thread_id, Message.Status.DONE)
    assert moving_parts() == before
    assert AuditEntry.objects.filter(action=kind, subject=f"message:{told.pk}").count() == 1
    assert len(human.uids()) == 1, "it stays in the inbox, the lead's own mail is archived"


def test_until_when_a_customer_is_away_is_kept_and_told(human: ImapPeer, run: Callable, lead: Lead) -> None:
    human.deliver(machine_mail("out-of-office", mails.mail("lead", 60).message_id, 60))
    run()
    assert Contact.objects.get().away_until == BACK
    assert owner_was_told(lead, f"Your customer is away, until {BACK:%-d %b %Y}") == 1


def test_a_known_contact_who_is_away_is_noted_also_without_a_thread(
    human: ImapPeer,
    run: Callable,
    lead: Lead,
) -> None:
    human.deliver(machine_mail("out-of-office", "<nothing.of.ours@x.example>", 60))
    human.deliver(machine_mail("out-of-office", "<nothing.of.ours@y.example>", 61))
    run()
    assert [contact.away_until for contact in Contact.objects.all()] == [BACK]
    assert Message.objects.filter(status=Message.Status.REVIEW).count() == 2


def test_a_bounce_names_the_lead_whose_reply_came_back_and_its_owner_is_told_once(
    human: ImapPeer,
    run: Callable,
    lead: Lead,
    mailoutbox: list,
) -> None:
    draft = Draft.objects.get()
    services.approve_draft(draft, User.objects.create_user("anton"))
    draft.refresh_from_db()
    human.deliver(bounce(draft.sent_mail_id, 1))  # quicker than our own copy was seen in Sent
    run()
    run()
    before = moving_parts()
    human.deliver(bounce(draft.sent_mail_id, 2))
    run()
    lead.refresh_from_db()
    assert {one.thread_id for one in Message.objects.filter(automatic="bounce")} == {lead.thread_id}
    assert lead.reply_bounced_at
    assert owner_was_told(lead, "A reply to your customer did not arrive") == 1
    assert Message.objects.filter(status=Message.Status.REVIEW).count() == 0
    assert moving_parts() == before
    assert Draft.objects.count() == 1


def test_a_later_reply_takes_the_mark_of_the_bounce_away(human: ImapPeer, run: Callable, lead: Lead) -> None:
    first = mails.sent_by_salesperson(60, f"{lead.owner_name} <{lead.owner_email}>")
    answer = first.replace(b"Message-ID:", f"In-Reply-To: {mails.mail('lead', 60).message_id}\nMessage-ID:".encode())
    human.deliver(answer, "Sent")
    human.deliver(bounce("<sent.60@acme.example>", 3))
    run()
    lead.refresh_from_db()
    assert lead.reply_bounced_at, "also of a reply that was written in a mail program"
    later = answer.replace(b"<sent.60@", b"<sent.again@")
    later = later.replace(b"Date: ", b"Date: Fri, 1 Jan 2038 10:00:00 +0000\nX: ")
    human.deliver(later, "Sent")
    run()
    lead.refresh_from_db()
    assert lead.reply_bounced_at is None


def test_an_absence_note_of_ours_in_sent_is_no_answer_to_the_customer(
    human: ImapPeer,
    run: Callable,
    lead: Lead,
) -> None:
    answered = f"In-Reply-To: {mails.mail('lead', 60).message_id}\nAuto-Submitted: auto-replied\nMessage-ID:"
    ours = mails.sent_by_salesperson(60, f"{lead.owner_name} <{lead.owner_email}>")
    before = moving_parts()
    human.deliver(ours.replace(b"Message-ID:", answered.encode()), "Sent")
    run()
    assert moving_parts() == before
    assert not MailboxDelivery.objects.filter(deed="discard").exists()


def test_what_machines_said_is_shown_on_the_pages_of_lead_bounce_and_approval(
    human: ImapPeer,
    run: Callable,
    lead: Lead,
    admin_client: Client,
) -> None:
    human.deliver(machine_mail("out-of-office", mails.mail("lead", 60).message_id, 60))
    run()
    approval = admin_client.get(reverse("admin:triage_draft_approve")).content.decode()
    assert f"Anna Meyer 60 is away until {BACK:%-d %b %Y}" in approval
    assert "wrote again" not in approval
    services.approve_draft(draft := Draft.objects.get(), User.objects.get(username="admin"))
    human.deliver(bounce(str(draft.sent_mail_id), 4))
    run()
    page = admin_client.get(reverse("admin:crm_lead_change", args=(lead.pk,))).content.decode()
    assert f"Away until {BACK:%-d %b %Y}" in page
    assert "A reply did not arrive" in page
    told = Message.objects.get(automatic="bounce")
    page = admin_client.get(reverse("admin:triage_message_change", args=(told.pk,))).content.decode()
    assert reverse("admin:crm_lead_change", args=(lead.pk,)) in page
    assert (
        f'Not delivered: <a class="text-link" href="{reverse("admin:triage_draft_change", args=(draft.pk,))}"' in page
    )
    assert "reply bounced" in admin_client.get(reverse("admin:crm_lead_changelist")).content.decode()
