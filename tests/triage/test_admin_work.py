"""What people decide in the admin: reviews, drafts, leads, problems. Each deed is done once, or refused in words."""

from html import unescape

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from crm.models import AuditEntry, Lead
from inbox_router.delivery import Delivery
from routing.models import Assignment, Hold, SlackAlert
from tests import office
from triage.models import Category, Draft, MailboxDelivery, Message, SentMail
from triage.services import decide

pytestmark = pytest.mark.django_db
REVIEW, APPROVE = "admin:triage_message_review", "admin:triage_draft_approve"


@pytest.fixture(autouse=True)
def no_counts() -> None:
    cache.clear()


def do(client: Client, row: object, deed: str, **answers: object) -> str:
    """Do a deed of a row's page as the dialog's form does; what the person is told."""
    name = f"{row._meta.app_label}_{row._meta.model_name}"
    url = reverse(f"admin:{name}_{deed}", args=(row.pk,))
    shown = client.get(url)
    hidden = shown.context["form"].initial
    answer = client.post(url, {"_form_submitted": "True"} | hidden | answers, follow=True)
    return " ".join(str(message) for message in answer.context["messages"])


def work(client: Client, place: str, row: object, decision: str, **answers: object) -> str:
    """Decide what a page of work shows; what the person is told."""
    told = {"row": row.pk, "version": row.version, "decision": decision}
    answer = client.post(reverse(place), told | answers, follow=True)
    assert answer.status_code == 200
    press = answer.context["undo"]
    said = [str(message) for message in answer.context["messages"]]
    return " ".join([*said, f"{press.name}: {press.answer}. {press.says}" if press else ""])


def shown(client: Client, place: str, **query: object) -> object:
    return client.get(reverse(place), query).context["row"]


class TestReview:
    def test_what_looks_like_a_lead_comes_first_and_then_the_oldest(self, boss):
        office.message("Older letter", category="newsletter", confidence=0.5)
        office.message("Weak lead", confidence=0.2)
        lead = office.message("Lead")
        assert shown(boss, REVIEW) == lead

    def test_a_lead_gets_its_owner_and_reply_and_the_next_one_is_shown(self, boss):
        office.team()
        first, second = office.message("First"), office.message("Second")
        told = work(boss, REVIEW, second, "lead", why="wants pumps")
        assert "Second: Lead. Nothing has happened yet." in told
        office.time_passes()
        assert Message.objects.get(pk=second.pk).status == Message.Status.ACTED
        assert second.classifications.last().reason == "wants pumps"
        assert shown(boss, REVIEW) == first

    def test_two_people_are_not_shown_the_same_message(self, boss):
        first, second = office.message("First"), office.message("Second")
        mia = Client()
        mia.force_login(office.user("mia", "Reviewer"))
        assert {shown(boss, REVIEW), shown(mia, REVIEW)} == {first, second}

    def test_who_is_slower_changes_nothing_and_is_told(self, boss):
        row = office.message()
        decide(Message.objects.get(pk=row.pk), Category.ACCOUNTING, office.user("mia"))
        before = AuditEntry.objects.count()
        assert "Somebody was faster" in work(boss, REVIEW, row, "spam")
        assert Message.objects.get(pk=row.pk).category == Category.ACCOUNTING
        assert AuditEntry.objects.count() == before

    def test_a_double_press_decides_once(self, boss):
        row = office.message()
        work(boss, REVIEW, row, "spam")
        work(boss, REVIEW, row, "spam")
        office.time_passes()
        assert row.classifications.filter(judge="person").count() == 1

    def test_a_skipped_one_waits_until_it_is_asked_for(self, boss):
        row = office.message()
        work(boss, REVIEW, row, "skip")
        assert shown(boss, REVIEW) is None
        boss.post(reverse(REVIEW), {"again": "1"})
        assert shown(boss, REVIEW) == row

    def test_all_of_one_sender_can_be_decided_together(self, boss):
        rows = [office.message(f"Offer {n}", address="deals@shop.example") for n in range(3)]
        other = office.message("Pumps")
        assert "and 2 more: Newsletter" in work(boss, REVIEW, rows[0], "newsletter", all="1")
        office.time_passes()
        assert set(Message.objects.filter(category=Category.NEWSLETTER)) == set(rows)
        assert Message.objects.get(pk=other.pk).status == Message.Status.REVIEW

    @pytest.mark.parametrize("nonsense", ["approve", "", "drop table"])
    def test_nonsense_changes_nothing(self, boss, nonsense):
        row = office.message()
        assert "nothing was changed" in work(boss, REVIEW, row, nonsense)
        assert Message.objects.get(pk=row.pk).status == Message.Status.REVIEW

    def test_what_is_none_of_the_four_stays_in_the_inbox_and_nothing_follows(self, boss):
        office.team()
        row = office.message("Thermometer")
        assert 'value="uncertain" class="choice" data-key="5"' in boss.get(reverse(REVIEW)).content.decode()
        assert "Thermometer: None of these. Nothing has happened yet." in work(boss, REVIEW, row, "uncertain")
        office.time_passes()
        assert shown(boss, REVIEW) is None
        assert Message.objects.get().status == Message.Status.ACTED
        owed = MailboxDelivery.objects.exclude(state="cancelled").values_list("deed", "label")
        assert list(owed) == [("unlabel", "Review")]
        assert [model.objects.count() for model in (Lead, Assignment, Draft)] == [0, 0, 0]
        left = AuditEntry.objects.get(action="left")
        assert (left.actor, left.summary) == ("boss", "None of the categories: left in the inbox")
        page = boss.get(reverse("admin:triage_message_changelist")).content.decode()
        assert "None of these" in page

    def test_none_of_the_four_is_undone_like_the_others_and_said_of_all_of_a_sender(self, boss):
        rows = [office.message(f"Reading {n}", address="pool@q.example") for n in range(3)]
        work(boss, REVIEW, rows[0], "uncertain", all="1")
        press = boss.get(reverse(REVIEW)).context["undo"]
        boss.post(reverse(REVIEW), {"undo": str(press.request)})
        office.time_passes()
        assert set(Message.objects.values_list("status", flat=True)) == {Message.Status.REVIEW}
        work(boss, REVIEW, rows[0], "uncertain", all="1")
        office.time_passes()
        assert set(Message.objects.values_list("status", flat=True)) == {Message.Status.ACTED}

    def test_none_of_the_four_is_no_rule(self, boss):
        row = office.message()
        assert "cannot be made a rule" in work(boss, REVIEW, row, "uncertain", always="1")
        assert Message.objects.get().status == Message.Status.REVIEW

    def test_a_lead_that_is_none_of_the_four_is_nobodys_any_more(self, boss):
        office.team()
        row = office.message("Pumps")
        decide(row, Category.LEAD, office.boss())
        assert "Pumps: None of these." in do(boss, Message.objects.get(), "decide", category="uncertain")
        office.time_passes()
        assert Lead.objects.get().stage == Lead.Stage.JUNK
        assert Draft.objects.get().state == Draft.State.REJECTED

    def test_a_message_can_be_decided_on_its_own_page_too(self, boss):
        row = office.message("Tax")
        told = do(boss, row, "decide", category="accounting")
        assert "Tax: Accounting. It takes effect in 10 seconds, unless you undo it." in told
        assert Message.objects.get(pk=row.pk).status == Message.Status.REVIEW
        assert "cannot be done any more" in do(boss, row, "decide", category="spam")
        office.time_passes()
        assert Message.objects.get(pk=row.pk).category == Category.ACCOUNTING

    def test_what_was_decided_on_the_page_of_a_mail_can_be_undone_there_and_nothing_happens(self, boss):
        office.team()
        row = office.message("Pumps")
        do(boss, row, "decide", category="lead")
        page = boss.get(reverse("admin:triage_message_change", args=(row.pk,))).content.decode()
        assert "can be taken back" in page
        assert "nothing has happened" in do(boss, row, "undo")
        assert office.time_passes() == 0
        assert not Lead.objects.exists()
        assert Message.objects.get(pk=row.pk).status == Message.Status.REVIEW

    def test_a_dialog_that_was_open_too_long_changes_nothing(self, boss):
        row = office.message()
        decide(Message.objects.get(pk=row.pk), Category.ACCOUNTING, office.user("mia"))
        assert "decided meanwhile" in do(boss, row, "decide", category="spam", version=0)
        assert Message.objects.get(pk=row.pk).category == Category.ACCOUNTING


class TestApproval:
    def test_an_approved_reply_is_owed_once(self, boss):
        draft = office.waiting_draft()
        told = work(boss, APPROVE, draft, "approve", subject=draft.subject, body=draft.body)
        assert "Approved. Nothing has happened yet." in told
        office.time_passes()
        assert Draft.objects.get(pk=draft.pk).state == Draft.State.APPROVED
        assert "Somebody was faster" in work(boss, APPROVE, draft, "approve")
        assert MailboxDelivery.objects.filter(draft=draft, deed=MailboxDelivery.Deed.SEND).count() == 1

    def test_what_was_written_goes_out(self, boss):
        draft = office.waiting_draft()
        work(boss, APPROVE, draft, "approve", subject="Re: Springs!", body="Dear Berta,\r\nyes.")
        office.time_passes()
        draft.refresh_from_db()
        assert (draft.subject, draft.body) == ("Re: Springs!", "Dear Berta,\nyes.")
        assert draft.state == Draft.State.APPROVED
        assert draft.original_body != draft.body

    def test_an_edit_can_be_kept_without_sending(self, boss):
        draft = office.waiting_draft()
        assert "still waits" in work(boss, APPROVE, draft, "save", subject="Re: S", body="Hello")
        draft.refresh_from_db()
        assert (draft.state, draft.body, draft.version) == (Draft.State.WAITING, "Hello", 2)

    def test_an_empty_reply_is_not_sent(self, boss):
        draft = office.waiting_draft()
        assert "needs a subject and a text" in work(boss, APPROVE, draft, "approve", subject="Re", body=" ")
        draft.refresh_from_db()
        assert draft.state == Draft.State.WAITING

    def test_a_text_that_somebody_else_changed_is_not_sent_unseen(self, boss):
        draft = office.waiting_draft()
        Draft.objects.filter(pk=draft.pk).update(body="Mia's text", version=2)
        assert "Somebody was faster" in work(boss, APPROVE, draft, "approve", subject="Re", body="Mine")
        draft.refresh_from_db()
        assert (draft.state, draft.body) == (Draft.State.WAITING, "Mia's text")

    def test_a_rejection_needs_a_reason_and_keeps_it(self, boss):
        draft = office.waiting_draft()
        assert "Say why" in work(boss, APPROVE, draft, "reject")
        assert "Rejected." in work(boss, APPROVE, draft, "reject", reason="wrong tone", why="too stiff")
        office.time_passes()
        draft.refresh_from_db()
        assert (draft.state, draft.reject_reason) == (Draft.State.REJECTED, "wrong tone too stiff")

    def test_a_person_is_told_when_the_thread_was_answered_already(self, boss):
        draft = office.waiting_draft()
        mail = draft.message
        SentMail.objects.create(
            mailbox=mail.mailbox, uidvalidity=1, uid=9, thread_id=mail.thread_id, from_name="Ana",
            sent_at=draft.created_at,
        )  # fmt: skip
        assert "Ana replied already" in boss.get(reverse(APPROVE)).content.decode()

    def test_a_draft_is_edited_approved_and_rejected_on_its_own_page_too(self, boss):
        first, second = office.waiting_draft(), office.waiting_draft()
        page = reverse("admin:triage_draft_change", args=(first.pk,))
        boss.post(page, {"subject": "Re: new", "body": "Hello", "seen": "1"})
        first.refresh_from_db()
        assert (first.body, first.version) == ("Hello", 2)
        assert "goes out in 10 seconds" in do(boss, first, "approve")
        assert "Rejected" in do(boss, second, "reject", why="wrong person")
        assert "waits for approval again" in do(boss, second, "undo")
        office.time_passes()
        states = [Draft.objects.get(pk=draft.pk).state for draft in (first, second)]
        assert states == [Draft.State.APPROVED, Draft.State.WAITING]

    def test_a_stale_page_of_a_draft_saves_nothing(self, boss):
        draft = office.waiting_draft()
        Draft.objects.filter(pk=draft.pk).update(body="Mia's text", version=2)
        answer = boss.post(
            reverse("admin:triage_draft_change", args=(draft.pk,)), {"subject": "x", "body": "mine", "seen": "1"}
        )
        assert "Somebody changed this draft meanwhile" in answer.content.decode()
        draft.refresh_from_db()
        assert draft.body == "Mia's text"

    def test_a_stale_dialog_sends_nothing(self, boss):
        draft = office.waiting_draft()
        Draft.objects.filter(pk=draft.pk).update(body="Mia's text", version=2)
        assert "nothing was done" in do(boss, draft, "approve", version=1)
        draft.refresh_from_db()
        assert draft.state == Draft.State.WAITING


class TestLeads:
    def test_a_lead_is_handed_over_with_a_reason(self, boss):
        draft = office.waiting_draft()
        lead = Lead.objects.get()
        ben = office.team().memberships.get(salesperson__name="Ben").salesperson
        assert "Ben has the lead now." in do(boss, lead, "give_to", to=ben.pk, why="knows them")
        lead.refresh_from_db()
        assert lead.owner_name == "Ben"
        draft.refresh_from_db()
        assert draft.state == Draft.State.REPLACED

    def test_who_has_it_already_cannot_be_given_it(self, boss):
        office.waiting_draft()
        given = Assignment.objects.get()
        told = do(boss, given.lead, "give_to", to=given.salesperson_id, why="again")
        assert "has this lead already" in told
        assert Assignment.objects.count() == 1

    def test_a_junk_lead_is_credited_back(self, boss):
        office.waiting_draft()
        lead = Lead.objects.get()
        assert "is credited" in do(boss, lead, "junk", why="was spam")
        lead.refresh_from_db()
        assert lead.stage == Lead.Stage.JUNK

    def test_a_held_lead_is_given_out(self, boss):
        office.fill()
        hold = Hold.objects.get()
        ana = office.team().memberships.first().salesperson
        assert "Ana has the lead now." in do(boss, hold, "give_to", to=ana.pk, why="she is back")
        hold.refresh_from_db()
        assert hold.resolved_at

    def test_why_this_person_got_it_is_shown(self, boss):
        office.waiting_draft()
        page = boss.get(reverse("admin:crm_lead_change", args=(Lead.objects.get().pk,))).content.decode()
        assert "Ana: Next in Inside sales." in page


class TestProblems:
    @pytest.fixture(autouse=True)
    def filled(self) -> None:
        office.fill()

    def test_a_failed_delivery_is_tried_again(self, boss):
        row = MailboxDelivery.objects.get(state=Delivery.State.FAILED)
        assert "tried again" in do(boss, row, "retry")
        row.refresh_from_db()
        assert (row.state, row.error) == (Delivery.State.OWED, "")

    def test_what_is_settled_is_left_alone(self, boss):
        row = MailboxDelivery.objects.get(state=Delivery.State.FAILED)
        assert "nothing more will be done" in do(boss, row, "acknowledge")
        row.refresh_from_db()
        assert (row.state, row.evidence) == (Delivery.State.CANCELLED, "settled by boss")

    def test_all_that_failed_is_tried_again_but_not_what_may_have_been_done(self, boss):
        boss.post(reverse("admin:triage_message_problems"))
        states = {row.state for row in MailboxDelivery.objects.all()}
        assert Delivery.State.FAILED not in states
        assert "unconfirmed" not in states
        assert boss.get(reverse("admin:triage_message_problems")).content.decode().count("may have been done)") == 1

    def test_what_failed_is_called_by_what_it_is(self, boss):
        row = MailboxDelivery.objects.filter(draft__isnull=False).latest("pk")
        MailboxDelivery.objects.filter(pk=row.pk).update(state=Delivery.State.FAILED)
        alert = SlackAlert.objects.get(state=Delivery.State.UNCONFIRMED)
        page = unescape(boss.get(reverse("admin:triage_message_problems")).content.decode())
        assert f"Save the draft, to {row.draft.to_name}: {row.draft.subject}" in page
        assert f"Alert to {alert.salesperson}: A lead for you" in page
        assert "Row in the spreadsheet: " in page
        assert not any(one.key in page for one in (row, alert))
        there = unescape(boss.get(reverse("admin:triage_mailboxdelivery_change", args=(row.pk,))).content.decode())
        assert f"Save the draft, to {row.draft.to_name}" in there.partition("</h1>")[0]

    def test_a_mail_that_cannot_be_read_is_read_again_by_the_next_run(self, boss):
        row = Message.objects.get(status="quarantined")
        assert "reads it again" in do(boss, row, "read_again")
        row.refresh_from_db()
        assert row.status == Message.Status.FOUND


class TestCustomers:
    def ask(self, client: Client, **query: str) -> str:
        return client.get(reverse("admin:triage_message_customers"), query).content.decode()

    def test_several_customers_are_offered(self, boss):
        office.message("Valves"), office.message("Valves")
        assert "2 found" in self.ask(boss, q="valves")

    def test_nobody_is_found(self, boss):
        assert "Nobody found" in self.ask(boss, q="<b>zebra")
