"""A reply that was approved, not sent because the customer wrote again, and waits for approval again."""

from datetime import timedelta
from importlib import import_module

import pytest
from django.apps import apps
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests import office
from tests.triage.test_admin_work import APPROVE, shown
from triage.admin.figures import drafts_to_approve
from triage.courier import WroteAgain
from triage.models import Draft, MailboxDelivery
from triage.services import approve_draft

pytestmark = pytest.mark.django_db
Deed, State = MailboxDelivery.Deed, MailboxDelivery.State


def not_sent(who: str = "Berta Buyer") -> Draft:
    """An approved reply whose sending met a newer mail of the customer."""
    draft = office.waiting_draft()
    approve_draft(draft, office.boss())
    sending = MailboxDelivery.objects.get(draft=draft, deed=Deed.SEND)
    sending.settle(WroteAgain.by(who))
    sending.save()
    MailboxDelivery.record_outcome([sending])
    draft.refresh_from_db()
    return draft


@pytest.mark.parametrize("who", ["Berta Buyer", f"{'b' * 240}@customer.example"])
def test_it_is_known_however_long_the_name_of_the_customer_is(who: str) -> None:
    draft = not_sent(who)
    assert (draft.state, draft.decided_by, draft.waits_again) == (Draft.State.WAITING, None, True)
    assert set(MailboxDelivery.objects.filter(draft=draft, deed=Deed.FILE).values_list("state", flat=True)) == {
        State.CANCELLED
    }


def test_it_does_not_wait_again_once_it_is_approved_again() -> None:
    draft = not_sent()
    approve_draft(draft, office.boss())
    assert (draft.waits_again, drafts_to_approve().value) == (False, "0")


def test_it_comes_first_and_the_page_says_so(boss: Client) -> None:
    office.waiting_draft()
    draft = not_sent()
    assert shown(boss, APPROVE) == draft
    assert "approved before and not sent" in boss.get(reverse(APPROVE)).content.decode()


def test_its_page_and_the_list_tell_it_from_one_that_nobody_approved(boss: Client) -> None:
    other, draft = office.waiting_draft(), not_sent()
    pages = [boss.get(reverse("admin:triage_draft_change", args=[row.pk])).content.decode() for row in (draft, other)]
    assert ["not sent, for they had written again first" in page for page in pages] == [True, False]
    assert boss.get(reverse("admin:triage_draft_changelist")).content.decode().count("waits again") == 1


def test_the_dashboard_counts_it() -> None:
    office.waiting_draft()
    not_sent()
    figure = drafts_to_approve()
    assert (figure.value, "1 not sent, they wrote again" in figure.below) == ("2", True)


def test_those_from_before_there_was_a_field_are_carried_over() -> None:
    draft, other = not_sent(), office.waiting_draft()
    Draft.objects.update(sent_back_at=None)
    at = timezone.now() - timedelta(days=3)
    MailboxDelivery.objects.filter(draft=draft, deed=Deed.SEND).update(settled_at=at)
    import_module("triage.migrations.0018_replies_that_wait_again").carry_over(apps, None)
    assert [Draft.objects.get(pk=row.pk).sent_back_at for row in (draft, other)] == [at, None]
