"""The lists: what each shows of a row, what it can be filtered by, and that it tells the truth."""

from datetime import timedelta
from html import unescape

import pytest
from django.test import Client
from django.urls import reverse

from crm.models import AuditEntry, Contact, Lead, SheetRow
from crm.services import note_sent, note_written
from inbox_router.delivery import Delivery
from routing.models import Assignment, Salesperson
from tests import office
from triage.answers import note_answers
from triage.models import Category, Draft, Message, SentMail
from triage.services import decide, edit_draft, hand_over

pytestmark = pytest.mark.django_db


@pytest.fixture
def boss(client: Client) -> Client:
    client.force_login(office.boss())
    return client


def rows(client: Client, model: str, **query: object) -> list[object]:
    """The rows that a list shows."""
    found = client.get(reverse(f"admin:{model}_changelist"), query)
    assert found.status_code == 200
    return list(found.context["cl"].result_list)


def shown(client: Client, model: str, **query: object) -> str:
    page = client.get(reverse(f"admin:{model}_changelist"), query).content.decode()
    return " ".join(unescape(page).split())


def answered(draft: Draft, **later: float) -> SentMail:
    """A mail of ours in the thread of a draft, so much after the customer's, as the pipeline takes note of it."""
    at = draft.message.received_at + timedelta(**later)
    number = SentMail.objects.count() + 1
    sent = SentMail.objects.create(
        mailbox=draft.message.mailbox, uidvalidity=1, uid=number, thread_id=draft.message.thread_id,
        from_address="ana@acme.example", to_addresses=draft.to_address, sent_at=at,
    )  # fmt: skip
    note_answers([sent])
    return sent


def test_mail_shows_who_has_its_lead_and_is_filtered_by_it(boss):
    draft = office.waiting_draft("Springs")
    other = office.message("No lead of it", status=Message.Status.DONE, category=Category.ACCOUNTING)
    owner = Assignment.objects.get(active=True).salesperson
    assert {row.pk: row.lead_owner for row in rows(boss, "triage_message")} == {
        draft.message_id: owner.name,
        other.pk: None,
    }
    assert [row.pk for row in rows(boss, "triage_message", owner=owner.pk)] == [draft.message_id]
    assert rows(boss, "triage_message", owner="nobody") == []
    stranger = office.team().memberships.exclude(salesperson=owner).first().salesperson
    assert rows(boss, "triage_message", owner=stranger.pk) == []
    assert rows(boss, "triage_message", owner="x'); drop table") == []


def test_mail_says_in_its_line_how_sure_it_is_and_why(boss):
    office.message("Pumps", confidence=0.696)
    page = shown(boss, "triage_message")
    assert "69.6 %" in page
    assert "embedded classifier</strong> Asks for a quote." in page
    assert "waits</strong> Lead, 55 % sure" in page


def test_mail_is_filtered_by_whether_a_reply_was_drafted(boss):
    drafted, bare = office.waiting_draft().message_id, office.message("Bare").pk
    assert [row.pk for row in rows(boss, "triage_message", draft="yes")] == [drafted]
    assert [row.pk for row in rows(boss, "triage_message", draft="no")] == [bare]


def test_customers_tell_who_wrote_last_and_who_waits(boss):
    draft = office.waiting_draft()
    contact = Contact.objects.get(address=draft.to_address)
    [row] = rows(boss, "crm_contact")
    assert (row.last_in_at, row.last_out_at, row.side) == (draft.message.received_at, None, "customer")
    sent = answered(draft, minutes=38)
    [row] = rows(boss, "crm_contact")
    assert (row.last_out_at, row.side) == (sent.sent_at, "we")
    later = sent.sent_at + timedelta(minutes=5)
    note_written({contact.address: later, "nobody@we.know.example": later})
    [row] = rows(boss, "crm_contact")
    assert (row.last_in_at, row.side) == (later, "customer")
    note_written({contact.address: later - timedelta(days=1)})  # an old mail that is read late
    note_sent(draft_lead(draft), sent.sent_at - timedelta(days=1))
    assert [(one.last_in_at, one.last_out_at) for one in rows(boss, "crm_contact")] == [(later, sent.sent_at)]


def test_what_was_written_before_a_lead_was_made_counts(boss):
    mail = office.message("Springs")
    sent_at = mail.received_at + timedelta(minutes=1)
    SentMail.objects.create(
        mailbox=mail.mailbox, uidvalidity=1, uid=1, thread_id=mail.thread_id, from_address="x@acme.example",
        sent_at=sent_at,
    )  # fmt: skip
    office.team()
    decide(mail, Category.LEAD, office.boss())
    assert [(one.last_in_at, one.last_out_at) for one in rows(boss, "crm_contact")] == [(mail.received_at, sent_at)]


def draft_lead(draft: Draft) -> Lead:
    return Lead.objects.get(thread_id=draft.message.thread_id)


def test_customers_are_filtered_by_who_waits_and_by_owner(boss):
    ours, theirs = office.waiting_draft("One"), office.waiting_draft("Two")
    answered(ours, minutes=1)
    silent = Contact.objects.create(address="silent@x.example", domain="x.example")
    address = {"we": ours.to_address, "customer": theirs.to_address, "nobody": silent.address}
    for side, expected in address.items():
        assert [row.address for row in rows(boss, "crm_contact", waits=side)] == [expected]
    owner = Assignment.objects.get(lead__contact__address=ours.to_address, active=True).salesperson
    assert [row.address for row in rows(boss, "crm_contact", owner=owner.pk)] == [ours.to_address]
    assert len(rows(boss, "crm_contact", waits="nonsense")) == 3


def test_drafts_tell_how_much_of_them_people_changed(boss):
    draft = office.waiting_draft()
    assert ">0 %<" in shown(boss, "triage_draft")
    edit_draft(draft, subject=draft.subject, body="All new words here.", version=draft.version)
    assert ">100 %<" in shown(boss, "triage_draft")
    assert rows(boss, "triage_draft", owner=Assignment.objects.get(active=True).salesperson_id) == [draft]
    assert rows(boss, "triage_draft", owner="nobody") == []


def test_two_people_of_one_name_have_each_their_own_leads_and_drafts(boss):
    drafts = [office.waiting_draft("One"), office.waiting_draft("Two")]
    Salesperson.objects.update(name="Ana")
    Lead.objects.update(owner_name="Ana")
    Draft.objects.update(owner_name="Ana")
    owners = [Assignment.objects.get(active=True, lead=draft_lead(draft)).salesperson_id for draft in drafts]
    assert len(set(owners)) == 2
    for owner, draft in zip(owners, drafts, strict=True):
        assert rows(boss, "crm_lead", owner=owner) == [draft_lead(draft)]
        assert rows(boss, "triage_draft", owner=owner) == [draft]
        assert [row.pk for row in rows(boss, "triage_message", owner=owner)] == [draft.message_id]
    page = shown(boss, "crm_lead")
    assert all(f"Ana <{person.email}>" in page for person in Salesperson.objects.all())


def test_who_has_another_name_and_address_now_keeps_what_they_had(boss):
    draft = office.waiting_draft()
    lead, owner = draft_lead(draft), Assignment.objects.get(active=True).salesperson
    owner.name, owner.email = "Ana Newname", "newname@acme.example"
    owner.save()
    assert rows(boss, "crm_lead", owner=owner.pk) == [lead]
    assert rows(boss, "triage_draft", owner=owner.pk) == [draft]
    assert [row.address for row in rows(boss, "crm_contact", owner=owner.pk)] == [draft.to_address]


def test_a_lead_that_was_handed_over_is_no_longer_found_at_who_had_it(boss):
    draft = office.waiting_draft()
    lead, had = draft_lead(draft), Assignment.objects.get(active=True).salesperson
    other = Salesperson.objects.exclude(pk=had.pk).get()
    hand_over(lead, other, office.boss(), why="Leave")
    assert (rows(boss, "crm_lead", owner=had.pk), rows(boss, "crm_lead", owner=other.pk)) == ([], [lead])


def test_whoever_talks_to_a_customer_already_has_the_lead_that_was_given_to_nobody(boss):
    lead = draft_lead(office.waiting_draft())
    given = Assignment.objects.get(active=True)
    Assignment.objects.filter(pk=given.pk).update(active=False)
    assert rows(boss, "crm_lead", owner=given.salesperson_id) == [lead]


def test_a_mail_to_a_customer_counts_whatever_it_is_about(boss):
    draft = office.waiting_draft()
    at = draft.message.received_at + timedelta(minutes=5)
    mail = SentMail(
        mailbox=draft.message.mailbox, uidvalidity=1, uid=9, thread_id="<elsewhere@x>", from_address="ana@acme.example",
        to_addresses=f"else@x.example {draft.to_address}", sent_at=at,
    )  # fmt: skip
    note_answers([mail])
    [row] = rows(boss, "crm_contact")
    assert (row.last_out_at, row.side) == (at, "we")
    assert Draft.objects.get(pk=draft.pk).is_waiting, "it was no answer to this lead"


def test_what_was_written_to_somebody_before_they_became_a_contact_counts(boss):
    mail = office.message("Springs")
    at = mail.received_at - timedelta(days=3)
    SentMail.objects.create(
        mailbox=mail.mailbox, uidvalidity=1, uid=1, thread_id="<fair@x>", to_addresses=mail.sender_address, sent_at=at
    )
    office.team()
    decide(mail, Category.LEAD, office.boss())
    assert [(one.last_out_at, one.side) for one in rows(boss, "crm_contact")] == [(at, "customer")]


def test_leads_tell_whether_the_spreadsheet_has_all_of_them(boss):
    lead = Assignment.objects.get(lead__thread_id=office.waiting_draft().message.thread_id).lead
    about = SheetRow.objects.filter(entry__subject=f"lead:{lead.pk}")
    assert rows(boss, "crm_lead", mirrored="no") == [lead]
    about.update(state=Delivery.State.DONE)
    assert rows(boss, "crm_lead", mirrored="yes") == [lead]
    assert rows(boss, "crm_lead", mirrored="no") == []
    about.filter(pk=about.earliest("pk").pk).update(state=Delivery.State.FAILED)
    assert rows(boss, "crm_lead", mirrored="no") == [lead]
    assert "failed" in shown(boss, "crm_lead")


def test_the_audit_log_leads_to_what_each_entry_is_about(boss):
    decide(mail := office.message("Invoice"), Category.ACCOUNTING, office.boss())
    entry = AuditEntry.objects.filter(subject=f"message:{mail.pk}").first()
    assert entry
    assert reverse("admin:triage_message_change", args=(mail.pk,)) in shown(boss, "crm_auditentry")
