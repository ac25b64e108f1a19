"""What people see and decide of old mail that a backfill took up."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from crm.models import AuditEntry, Lead
from routing.models import Assignment, Hold, LedgerLine, Pool, SlackAlert
from routing.services import release_holds
from tests import office
from tests.routing.making import check_books
from tests.triage.test_admin_work import REVIEW, do, shown
from triage.admin.effects import effect
from triage.admin.figures import figures
from triage.models import Category, Draft, MailboxDelivery, Message
from triage.proof.waiting import alert_waiting
from triage.services import decide

pytestmark = pytest.mark.django_db


def old_mail(subject: str = "Springs", **fields: object) -> Message:
    long_ago = timezone.now() - timedelta(days=200)
    made = office.message(subject, received_at=long_ago, **fields)
    Message.objects.filter(pk=made.pk).update(backfilled=True, created_at=long_ago)
    made.refresh_from_db()
    return made


def test_it_waits_behind_all_new_mail_however_much_it_looks_like_a_lead(boss: Client) -> None:
    old = old_mail(category=Category.LEAD, confidence=0.6)
    new = office.message("Valves", category=Category.NEWSLETTER, confidence=0.5)
    assert shown(boss, REVIEW) == new
    decide(new, Category.SPAM, office.boss())
    assert shown(boss, REVIEW) == old


def test_nobody_is_alerted_of_how_long_it_waits() -> None:
    old_mail()
    assert alert_waiting() == 0
    waiting = next(figure for figure in figures(timezone.now() - timedelta(days=7), 7) if "review" in figure.title)
    assert (waiting.value, waiting.below) == ("1", "only old mail")


@pytest.mark.parametrize("category", [*Category.trashed(), Category.ACCOUNTING, Category.LEAD])
def test_the_button_says_that_it_is_only_kept_on_record_and_so_it_is(category: Category) -> None:
    office.team()
    mail = old_mail()
    said = effect(category, mail)
    decide(mail, category, office.boss())
    assert ("CRM record; as it is old mail" if category == Category.LEAD else "Kept on record") in said
    followed = (Assignment, LedgerLine, Draft, SlackAlert, MailboxDelivery)
    assert [model.objects.count() for model in followed] == [0] * 5
    assert Lead.objects.count() == (category == Category.LEAD)


def test_a_manager_gives_its_lead_to_somebody_who_is_told_and_has_a_reply_to_approve(boss: Client) -> None:
    ana = office.team().memberships.get(salesperson__name="Ana").salesperson
    decide(old_mail(), Category.LEAD, office.boss())
    do(boss, Lead.objects.get(), "give_to", to=ana.pk, why="She knows springs")
    assert Lead.objects.get().owner_name == "Ana"
    assert list(MailboxDelivery.objects.values_list("deed", flat=True)) == ["draft"]
    assert SlackAlert.objects.count() == 1


def test_the_button_of_a_new_mail_about_it_names_who_will_get_it() -> None:
    office.team()
    old = old_mail()
    decide(old, Category.LEAD, office.boss())
    again = office.message("More springs", thread_id=old.thread_id, address=old.sender_address)
    said = effect(Category.LEAD, again)
    decide(again, Category.LEAD, office.boss())
    assert said.startswith(f"Assign to {Lead.objects.get().owner_name} (next in Inside sales)")
    assert (Draft.objects.get().message, Assignment.objects.count()) == (again, 1)


def test_the_list_can_be_narrowed_to_it(boss: Client) -> None:
    old_mail("Springs")
    office.message("Valves")
    page = boss.get(reverse("admin:triage_message_changelist"), {"backfilled__exact": "1"}).content.decode()
    assert ("Springs" in page, "Valves" in page) == (True, False)


class TestANewMailInItsThreadThatIsNoLeadAfterAll:
    """An old mail's lead is nobody's; a mail that wrongly made it somebody's is undone, and only such a one."""

    def wrote(self, old: Message) -> Message:
        mail = office.message("Springs again", thread_id=old.thread_id, address=old.sender_address)
        decide(mail, Category.LEAD, office.boss())
        return mail

    def old_lead(self) -> Message:
        office.team()
        old = old_mail()
        decide(old, Category.LEAD, office.boss())
        return old

    def test_the_turn_is_credited_the_reply_rejected_and_the_old_lead_is_nobodys_again(self) -> None:
        mail = self.wrote(self.old_lead())
        paid = Assignment.objects.get()
        decide(mail, Category.SPAM, office.boss(), why="an advertisement")
        lead, given = Lead.objects.get(), Assignment.objects.get()
        assert (lead.stage, lead.owner_name, lead.owner_email) == (Lead.Stage.OPEN, "", "")
        assert (given.active, given.due_at) == (False, None)
        assert Draft.objects.get().state == Draft.State.REJECTED
        lines = LedgerLine.objects.filter(salesperson=paid.salesperson, kind__in=("turn", "credited"))
        assert list(lines.order_by("pk").values_list("kind", flat=True)) == ["turn", "credited"]
        told = AuditEntry.objects.get(action="credited back")
        assert told.summary.endswith(f"nobody's again, {paid.salesperson.name} is credited")
        check_books()

    def test_when_they_write_again_it_is_given_to_somebody_as_ever(self) -> None:
        old = self.old_lead()
        decide(self.wrote(old), Category.SPAM, office.boss())
        again = self.wrote(old)
        assert Assignment.objects.filter(active=True).count() == 1
        assert Draft.objects.get(state=Draft.State.WAITING).message == again
        check_books()

    def test_who_was_given_it_by_hand_before_keeps_it(self, boss: Client) -> None:
        old = self.old_lead()
        ana = office.team().memberships.get(salesperson__name="Ana").salesperson
        do(boss, Lead.objects.get(), "give_to", to=ana.pk, why="She knows springs")
        decide(self.wrote(old), Category.SPAM, office.boss())
        assert (Lead.objects.get().owner_name, Assignment.objects.get().active) == ("Ana", True)
        assert Draft.objects.get().state == Draft.State.WAITING

    def test_a_later_mail_that_is_none_takes_nothing_from_who_was_given_it_for_an_earlier_one(self) -> None:
        old = self.old_lead()
        self.wrote(old)
        decide(self.wrote(old), Category.SPAM, office.boss())
        assert Assignment.objects.get().active
        assert Lead.objects.get().owner_name
        assert Draft.objects.get().state == Draft.State.WAITING


@pytest.mark.parametrize("old", [False, True])
def test_a_lead_that_waits_and_is_none_after_all_is_given_to_nobody_until_it_is_one_again(old: bool) -> None:
    members = office.team().memberships
    Pool.objects.update(fallback=None)
    if old:
        decide(first := old_mail(), Category.LEAD, office.boss())
    members.update(active=False)
    thread = {"thread_id": first.thread_id, "address": first.sender_address} if old else {}
    mail = office.message("Springs", **thread)
    decide(mail, Category.LEAD, office.boss())
    assert Hold.objects.get().resolved_at is None
    decide(mail, Category.SPAM, office.boss())
    members.update(active=True)
    assert release_holds() == []
    assert (Assignment.objects.count(), LedgerLine.objects.filter(kind="turn").count()) == (0, 0)
    assert Lead.objects.get().stage == (Lead.Stage.OPEN if old else Lead.Stage.JUNK)
    decide(mail, Category.LEAD, office.boss())
    assert (Lead.objects.get().stage, Assignment.objects.get().active) == (Lead.Stage.OPEN, True)
    assert Draft.objects.get().state == Draft.State.WAITING
    check_books()
