"""What people see and decide of old mail that a backfill took up."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from crm.models import Lead
from routing.models import Assignment, LedgerLine, SlackAlert
from tests import office
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
