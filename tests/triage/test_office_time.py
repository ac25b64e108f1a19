"""Messages in Slack are read by many: they tell the office's time, whoever's page or run they came from."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from crm.models import Lead
from inbox_router.delivery import work_off
from inbox_router.models import Preferences
from inbox_router.roles import SALESPERSON
from routing.models import Assignment, Pool, Salesperson, SlackAlert
from routing.services import tick
from tests import office
from tests.servers.slack import TOKEN, SlackServer
from tests.triage.test_admin_work import do
from triage.models import Category
from triage.services import decide

pytestmark = pytest.mark.django_db
OFFICE, VIEWER = "Asia/Kolkata", "America/St_Johns"  # neither is a whole number of hours from UTC or from the other


@pytest.fixture
def slack(settings: Settings) -> Iterator[SlackServer]:
    settings.TIME_ZONE = OFFICE
    with SlackServer(users={"ana@acme.example": "U1ANA", "ben@acme.example": "U3BEN"}) as server:
        settings.SLACK_BOT_TOKEN, settings.SLACK_API_URL = TOKEN, server.api_url
        yield server


@pytest.fixture
def given(slack: SlackServer) -> Assignment:
    """Ana was given a lead and told in Slack."""
    office.waiting_draft()
    work_off(SlackAlert)
    return Assignment.objects.get()


def far_away(name: str, *roles: str, **fields: bool) -> Client:
    """The browser of somebody who is served in another time zone than the office's."""
    client, user = Client(), office.user(name, *roles, **fields)
    Preferences.objects.create(user=user, time_zone=VIEWER)
    client.force_login(user)
    return client


def in_the_office(moment: datetime | None) -> str:
    assert moment
    return f"{moment.astimezone(ZoneInfo(OFFICE)):%H:%M}"


def said(slack: SlackServer) -> str:
    """The first line of what the alert says now."""
    work_off(SlackAlert)
    return str(slack.updates[-1]["text"]).splitlines()[0]


def test_who_accepts_on_a_page_in_another_zone(given: Assignment, slack: SlackServer) -> None:
    do(far_away("ana", SALESPERSON), given.lead, "accept")
    given.refresh_from_db()
    assert said(slack) == f"*Accepted by Ana, {in_the_office(given.accepted_at)}*"


def test_who_hands_over_on_a_page_in_another_zone(given: Assignment, slack: SlackServer) -> None:
    ben = Salesperson.objects.get(name="Ben")
    do(far_away("nora", is_superuser=True), given.lead, "give_to", to=ben.pk, why="Ana is ill")
    new = Assignment.objects.get(active=True)
    assert said(slack) == f"*Given to Ben by nora, {in_the_office(new.at)}*"


def test_what_the_worker_passes_on(given: Assignment, slack: SlackServer) -> None:
    Pool.objects.update(response_minutes=60)
    for _ in range(2):
        Assignment.objects.filter(active=True).update(due_at=timezone.now() - timedelta(seconds=1))
        tick()
    new = Assignment.objects.get(active=True)
    assert said(slack) == f"*Given to Ben, {in_the_office(new.at)}*"


def test_the_day_on_the_card_is_the_offices_too(given: Assignment, slack: SlackServer) -> None:
    """At 20:00 UTC it is the next day in the office already."""
    at = datetime.now(UTC).replace(hour=20, minute=0) - timedelta(days=2)
    Assignment.objects.update(at=at)
    with timezone.override(VIEWER):
        decide(office.message(address=Lead.objects.get().contact.address), Category.LEAD, office.boss())
    work_off(SlackAlert)
    assert f"since {at.astimezone(ZoneInfo(OFFICE)):%-d %b %Y}" in slack.posts[-1].text


def test_a_page_shows_the_viewers_time_and_the_message_the_offices(given: Assignment, slack: SlackServer) -> None:
    client = far_away("ana", SALESPERSON)
    do(client, given.lead, "accept")
    given.refresh_from_db()
    assert given.accepted_at
    page = client.get(reverse("admin:crm_lead_change", args=(given.lead_id,))).content.decode()
    theirs = f"{given.accepted_at.astimezone(ZoneInfo(VIEWER)):%H:%M}"
    assert (theirs in page, theirs in said(slack)) == (True, False)
