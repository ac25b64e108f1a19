"""Who of us is in a customer's thread, with the evidence wherever a person would look for it."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from crm.models import AuditEntry, Lead, SheetRow
from routing.models import Assignment, LedgerLine, Salesperson, SlackAlert
from routing.services import colleagues
from tests import office
from triage.models import Category, Draft, Message, SentMail
from triage.parsing.mail import parse_header
from triage.services import decide
from triage.stages.classify import mail_texts
from triage.threads import participants

pytestmark = pytest.mark.django_db


def ask(*sent: tuple[str, str, str], **fields: object) -> Message:
    """A customer's mail in a thread in which mails were sent: each by whom, to whom, with whom in CC."""
    row = office.message("Pumps", in_reply_to="<sent0@acme.example>", **fields)
    for number, (sender, to, cc) in enumerate(sent):
        SentMail.objects.create(
            mailbox=row.mailbox, uidvalidity=1, uid=1000 + number, message_id=f"<sent{number}@acme.example>",
            thread_id=row.thread_id, in_reply_to=row.message_id, subject="Pumps", from_address=sender, to_addresses=to,
            cc_addresses=cc, sent_at=timezone.now() - timedelta(days=number),
        )  # fmt: skip
    return row


def at(day: int) -> datetime:
    return datetime(2025, 11, day, 12, tzinfo=UTC)


def page(client: Client, name: str, pk: int) -> str:
    client.force_login(office.boss())
    return client.get(reverse(f"admin:{name}_change", args=(pk,))).content.decode()


def test_a_judge_and_the_reviewer_see_who_wrote_when_in_the_thread_and_no_name(client: Client):
    row = ask(("ana@acme.example", "berta@customer.example", ""), received_at=at(12), address="berta@customer.example")
    SentMail.objects.update(sent_at=at(13))
    for day, address, automatic in ((11, "eve@rival.example", ""), (14, row.sender_address, ""), (15, "x@x", "bounce")):
        office.message("Re: Pumps", address=address, thread_id=row.thread_id, received_at=at(day), automatic=automatic)
    alone = office.message("Valves", thread_id="")
    told = "Also in this thread (3): somebody else on 11 Nov 2025, one of us on 13 Nov 2025, the sender on 14 Nov 2025"
    assert [mail.evidence for mail in mail_texts([row, alone])] == [(told,), ()]
    client.force_login(office.boss())
    assert told in client.get(reverse("admin:triage_message_review"), {"row": row.pk}).content.decode()


def test_the_days_of_a_thread_are_the_offices(client: Client, settings: Settings) -> None:
    settings.TIME_ZONE = "Asia/Kolkata"
    office.team()
    row = ask(("ana@acme.example", "berta@customer.example", ""), address="berta@customer.example")
    SentMail.objects.update(sent_at=datetime(2025, 12, 31, 20, tzinfo=UTC))
    assert [mail.evidence for mail in mail_texts([row])] == [("Also in this thread (1): one of us on 1 Jan 2026",)]
    decide(row, Category.LEAD, office.boss())
    assert "Ana wrote on 1 Jan" in AuditEntry.objects.get(action="in conversation").reason


@pytest.mark.parametrize(
    ("year", "told"),
    [
        ("0001", "on 1 Jan 2001"),
        ("1979", "at an unknown time"),
        ("9999", "at an unknown time"),
    ],  # 0001 as RFC 5322 has it
)
@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/Los_Angeles"])
def test_an_absurd_date_of_a_mail_does_no_harm_in_any_zone(settings: Settings, year: str, told: str, zone: str) -> None:
    settings.TIME_ZONE = zone
    office.team()
    row = ask(("ana@acme.example", "berta@customer.example", ""))
    header = f"From: ana@acme.example\r\nDate: Fri, 1 Jan {year} 12:00:00 +0000\r\n\r\n"
    SentMail.objects.update(sent_at=parse_header(header.encode()).date)
    assert participants([row], colleagues())[row.pk][0].evidence == f"Ana wrote {told}"
    assert len(mail_texts([row])[0].evidence) == ("Jan" in told)


def test_threads_are_summed_up_in_two_statements_however_many(django_assert_num_queries):
    rows = [ask(address=f"b{number}@x.example") for number in range(5)]
    with django_assert_num_queries(2):
        mail_texts(rows)


def test_the_reviewer_is_told_what_invisible_text_was_taken_out(client: Client):
    row = office.message("Pumps", hidden=["12 tag characters", "40 characters of hidden HTML text"])
    client.force_login(office.boss())
    shown = client.get(reverse("admin:triage_message_review"), {"row": row.pk}).content.decode()
    assert "no judge saw it: 12 tag characters, 40 characters of hidden HTML text" in shown.replace("</p>", "")
    assert "taken out: 12 tag characters" in page(client, "triage_message", row.pk)
    plain = office.message("Valves")
    assert (
        "Invisible text was"
        not in client.get(reverse("admin:triage_message_review"), {"row": plain.pk}).content.decode()
    )


@pytest.fixture
def talked() -> Message:
    """Ana answered, with Ben in CC."""
    office.team()
    row = ask(("ana@acme.example", "berta@customer.example", "ben@acme.example"))
    decide(row, Category.LEAD, office.boss())
    return row


def test_a_conversation_is_told_with_its_evidence_and_moves_no_turn(talked: Message) -> None:
    assert Lead.objects.get().owner_name == "Ana"
    counts = [model.objects.count() for model in (Assignment, LedgerLine, Draft)]
    assert counts == [0, 0, 0], "no assignment, no turn, no draft"
    assert "Your customer wrote" in SlackAlert.objects.get().text


@pytest.mark.parametrize("where", ["lead", "message", "sheet"])
def test_the_evidence_stands_wherever_a_person_looks(client: Client, talked: Message, where: str) -> None:
    entry = AuditEntry.objects.get(action="in conversation")
    seen = {
        "lead": lambda: page(client, "crm_lead", Lead.objects.get().pk),
        "message": lambda: page(client, "triage_message", talked.pk),
        "sheet": lambda: " ".join(SheetRow.objects.get(entry=entry).cells()),
    }[where]()
    assert "Ana wrote on" in seen
    assert "Ben was only CC" in seen
    assert "In conversation with Ana" in seen or "no turn was used" in seen


def test_weak_evidence_is_asked_about_and_stays_on_the_card(client: Client) -> None:
    office.team()
    row = ask(("karl@other.example", "berta@customer.example", "ben@acme.example"))
    decide(row, Category.LEAD, office.boss())
    assert Assignment.objects.get().rule == "rotation"
    assert "Ben was only CC" in page(client, "crm_lead", Lead.objects.get().pk)


def test_who_has_left_is_told_and_the_rotation_goes_on(client: Client) -> None:
    office.team()
    Salesperson.objects.create(name="Cleo", email="cleo@acme.example", active=False)
    row = ask(("cleo@acme.example", "berta@customer.example", ""))
    decide(row, Category.LEAD, office.boss())
    assert Assignment.objects.get().salesperson.name == "Ana"
    assert ", and has left" in page(client, "crm_lead", Lead.objects.get().pk)
