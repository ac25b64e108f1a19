"""The strip of the last 30 days: what was missing when, in colour and in words."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests import office
from triage.admin.capture import sentence, strip
from triage.models import CaptureCheck

pytestmark = pytest.mark.django_db


def compared(days: int, missing: int = 0, **facts: object) -> None:
    at = timezone.now() - timedelta(days=days)
    CaptureCheck.objects.create(mailbox=office.mailbox(), at=at, messages=9, unexplained=missing, facts=facts)


def test_each_day_shows_its_worst_comparison():
    for days, missing in ((2, 0), (2, 3), (1, 0), (40, 9)):
        compared(days, missing)
    days = strip()
    assert len(days) == 30
    assert [day.state for day in days[-4:]] == ["none", "gap", "fine", "none"]
    assert days[-3].says.endswith(": 3 missing")
    assert sentence(days) == "Mail was missing on 1 day."


def test_without_a_gap_it_says_so():
    for days in (1, 1, 3):
        compared(days)
    assert sentence(strip()) == "Compared 3 times in 30 days: no mail was missing."


def test_before_the_first_comparison_it_says_when_it_comes():
    assert sentence(strip()).startswith("The mailbox was not compared with our rows yet.")


@pytest.mark.parametrize("place", ["index", "triage_message_problems"])
def test_the_dashboard_and_the_problems_show_it(client: Client, place):
    client.force_login(office.boss())
    compared(1, missing=2)
    page = client.get(reverse(f"admin:{place}")).content.decode()
    assert page.count('class="strip-') == 30
    assert "Mail was missing on 1 day." in page


def test_mail_that_was_moved_before_we_saw_it_is_a_problem_until_the_next_comparison_does_not_find_it(client: Client):
    client.force_login(office.boss())
    compared(1, moved_unseen=["Archive UID 7"])
    page = reverse("admin:triage_message_problems")
    assert "Archive UID 7" in client.get(page).content.decode()
    compared(0, moved_unseen=[])
    assert "Archive UID 7" not in client.get(page).content.decode()
