"""What a person may say of more than the one mail or reply before them."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from crm.models import AuditEntry
from tests import office
from tests.triage.test_admin_work import APPROVE, REVIEW, shown, work
from triage.models import Category, Claim, Decision, Draft, Message, SenderRule
from triage.services import edit_draft, undo

pytestmark = pytest.mark.django_db
SEVERAL = "admin:triage_draft_several"


class TestASender:
    def test_can_always_be_treated_so_and_it_is_logged(self, boss):
        row = office.message(address="deals@shop.example")
        work(boss, REVIEW, row, "newsletter", always="1")
        assert not SenderRule.objects.exists()
        office.time_passes()
        rule = SenderRule.objects.get()
        assert (rule.pattern, rule.kind, rule.category) == ("deals@shop.example", "always", Category.NEWSLETTER)
        assert AuditEntry.objects.filter(summary="From now on deals@shop.example is always newsletter").exists()

    def test_an_undone_decision_makes_no_rule(self, boss):
        work(boss, REVIEW, office.message(), "newsletter", always="1")
        undo(Decision.objects.get().request, office.boss())
        office.time_passes()
        assert not SenderRule.objects.exists()

    def test_a_rule_that_there_is_gets_the_new_category(self, boss):
        first, second = (office.message(address="deals@shop.example") for _ in range(2))
        work(boss, REVIEW, first, "newsletter", always="1")
        work(boss, REVIEW, second, "spam", always="1")
        office.time_passes()
        assert SenderRule.objects.get().category == Category.SPAM

    def test_who_may_not_make_rules_makes_none(self, client):
        mia = office.user("mia", "Reviewer")
        mia.groups.get().permissions.filter(codename="add_senderrule").delete()
        client.force_login(mia)
        assert "Always treat" not in client.get(reverse(REVIEW)).content.decode()
        work(client, REVIEW, office.message(), "newsletter", always="1")
        office.time_passes()
        assert not SenderRule.objects.exists()
        assert Message.objects.get().category == Category.NEWSLETTER

    def test_one_undo_takes_all_of_a_sender_back(self, boss):
        rows = [office.message(f"Offer {n}", address="deals@shop.example") for n in range(3)]
        work(boss, REVIEW, rows[0], "newsletter", all="1")
        answer = boss.post(reverse(REVIEW), {"undo": Decision.objects.first().request}, follow=True)
        assert "Taken back" in str(next(iter(answer.context["messages"])))
        assert office.time_passes() == 0
        assert Message.objects.filter(status=Message.Status.REVIEW).count() == 3


class TestPuttingAside:
    def test_a_skip_tells_colleagues_why(self, boss, client):
        row = office.message()
        work(boss, REVIEW, row, "skip", why="is in Czech")
        mia = Client()
        mia.force_login(office.user("mia", "Reviewer"))
        assert "boss skipped it: is in Czech" in mia.get(reverse(REVIEW)).content.decode()

    def test_a_reply_can_wait_for_a_day_for_everybody(self, boss):
        draft = office.waiting_draft()
        tomorrow = timezone.localdate() + timedelta(days=1)
        assert "Put aside for everybody until" in work(boss, APPROVE, draft, "skip", until=tomorrow.isoformat())
        mia = Client()
        mia.force_login(office.user("mia", "Approver"))
        assert shown(mia, APPROVE) is None
        assert Draft.objects.get().state == Draft.State.WAITING

    @pytest.mark.parametrize("day", ["2020-01-01", "soon", "2026-99-99", "2-"])
    def test_a_day_that_is_none_is_refused(self, boss, day):
        draft = office.waiting_draft()
        assert "Choose a day from tomorrow on" in work(boss, APPROVE, draft, "skip", until=day)
        assert shown(boss, APPROVE) == draft


class TestSeveral:
    def test_those_whose_checks_are_all_in_order_are_approved_by_one_press(self, boss):
        drafts = [office.waiting_draft() for _ in range(3)]
        edited = office.waiting_draft()
        edit_draft(edited, subject="Re", body="Hello", version=1)
        wrong = office.waiting_draft()
        Message.objects.filter(pk=wrong.message_id).update(language="de")
        rows = boss.get(reverse(SEVERAL)).context["rows"]
        assert rows == drafts
        boss.post(reverse(SEVERAL), {"each": [f"{row.pk}:{row.version}" for row in [*rows[:2], edited, wrong]]})
        assert Decision.objects.values("request").distinct().count() == 1
        assert office.time_passes() == 2
        assert set(Draft.objects.filter(state=Draft.State.APPROVED)) == set(drafts[:2])

    def test_a_reply_to_another_address_than_the_mail_came_from_is_told_and_approved_only_by_itself(self, boss):
        draft = office.waiting_draft()
        Message.objects.filter(pk=draft.message_id).update(from_address="no-reply@robots.example")
        told = f"Goes to {draft.to_address}, but the mail came from no-reply@robots.example: only Reply-To says so"
        assert told in boss.get(reverse(APPROVE)).content.decode()
        assert told in boss.get(reverse("admin:triage_draft_change", args=(draft.pk,))).content.decode()
        assert boss.get(reverse(SEVERAL)).context["rows"] == []
        boss.post(reverse(SEVERAL), {"each": [f"{draft.pk}:{draft.version}"]})
        assert not Decision.objects.exists()

    def test_one_that_changed_or_that_a_colleague_has_open_waits(self, boss):
        changed, open_one = office.waiting_draft(), office.waiting_draft()
        Claim.take("drafts", open_one.pk, office.user("mia", "Approver"))
        Draft.objects.filter(pk=changed.pk).update(version=2)
        answer = boss.post(reverse(SEVERAL), {"each": [f"{changed.pk}:1", f"{open_one.pk}:1"]}, follow=True)
        assert "2 were changed or decided meanwhile" in str(next(iter(answer.context["messages"])))
        assert not Decision.objects.exists()

    def test_it_asks_as_often_for_many_as_for_few(self, boss, django_assert_max_num_queries):
        for _ in range(8):
            office.waiting_draft()
        boss.get(reverse(SEVERAL))
        with django_assert_max_num_queries(20):
            assert len(boss.get(reverse(SEVERAL)).context["rows"]) == 8

    def test_who_may_not_approve_may_not_approve_several(self, client):
        client.force_login(office.user("mia", "Reviewer"))
        assert client.post(reverse(SEVERAL), {"each": "1:1"}).status_code == 403


class TestNews:
    def test_a_mail_that_the_person_has_not_seen_stops_the_reply(self, boss):
        draft = office.waiting_draft()
        shown_at = timezone.now() - timedelta(minutes=1)
        Message.objects.update(created_at=shown_at - timedelta(hours=1))
        office.message("More of it", status="fetched", thread_id=draft.message.thread_id)
        told = work(boss, APPROVE, draft, "approve", shown_at=shown_at.isoformat())
        assert "Berta Buyer wrote again: read that first. Nothing was sent." in told
        assert not Decision.objects.exists()

    def test_what_was_written_and_not_taken_is_shown_to_copy_from(self, boss):
        draft = office.waiting_draft()
        Draft.objects.filter(pk=draft.pk).update(body="Mia's text", version=2)
        told = {"row": draft.pk, "version": 1, "decision": "approve", "subject": "Re", "body": "My long text"}
        page = boss.post(reverse(APPROVE), told).content.decode()
        assert "My long text" in page
        assert "Mia&#x27;s text" in page
