"""Buttons under alerts in Slack: signed by Slack or refused, with the rights of the admin, each deed once."""

import json
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings
from slack_sdk.signature import SignatureVerifier

from crm.models import AuditEntry, Lead
from inbox_router.delivery import work_off
from inbox_router.roles import MANAGER, SALESPERSON
from routing.models import Assignment, Salesperson, SlackAlert
from routing.services import colleagues
from tests import office
from tests.servers.http import BROKEN
from tests.servers.slack import SCOPES, TOKEN, SlackServer
from triage.models import Draft
from triage.services import hand_over

pytestmark = pytest.mark.django_db
SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
ANA, MIA, BEN, EVE = "U1ANA", "U2MIA", "U3BEN", "U4EVE"


@pytest.fixture
def slack(settings: Settings) -> Iterator[SlackServer]:
    users = {f"{name}@acme.example": user for name, user in (("ana", ANA), ("mia", MIA), ("ben", BEN), ("eve", EVE))}
    with SlackServer(users=users) as server:
        settings.SLACK_BOT_TOKEN, settings.SLACK_API_URL, settings.SLACK_SIGNING_SECRET = TOKEN, server.api_url, SECRET
        yield server


@pytest.fixture
def given(slack: SlackServer) -> Assignment:
    """Ana was given a lead and told in Slack; Mia manages; Ben sells too; Eve has no login."""
    office.waiting_draft("Springs")
    for name, role in (("ana", SALESPERSON), ("ben", SALESPERSON), ("mia", MANAGER)):
        office.user(name, role)
    work_off(SlackAlert)
    return Assignment.objects.get()


def post(payload: dict[str, Any], *, secret: str = SECRET, age: int = 0, **headers: str) -> Any:
    """Post what Slack posts for a press, signed so many seconds ago."""
    body, at = urlencode({"payload": json.dumps(payload)}), str(int(time.time()) - age)
    signature = SignatureVerifier(secret).generate_signature(timestamp=at, body=body)
    signed = {"X-Slack-Signature": str(signature), "X-Slack-Request-Timestamp": at} | headers
    form = "application/x-www-form-urlencoded"
    return Client(enforce_csrf_checks=True).post("/slack/actions", body, content_type=form, headers=signed)


def press(deed: str, assignment: Assignment, user: str, slack: SlackServer) -> dict[str, Any]:
    alert = slack.posts[0]
    return {
        "type": "block_actions",
        "user": {"id": user},
        "trigger_id": "13345224609.738474920",
        "container": {"type": "message", "channel_id": alert.channel, "message_ts": alert.ts},
        "actions": [{"type": "button", "action_id": deed, "value": str(assignment.pk)}],
    }


def sent(dialog: dict[str, Any], user: str, to: str, why: str) -> dict[str, Any]:
    """The dialog as it is sent back."""
    options = dialog["blocks"][0]["element"]["options"]
    chosen = next(option for option in options if option["text"]["text"] == to)
    told = {"to": {"value": {"selected_option": chosen}}, "why": {"value": {"value": why}}}
    view = {name: dialog[name] for name in ("callback_id", "private_metadata")} | {"state": {"values": told}}
    return {"type": "view_submission", "user": {"id": user}, "view": view}


def buttons(message: dict[str, Any]) -> list[str]:
    blocks = message["blocks"]
    blocks = json.loads(blocks) if isinstance(blocks, str) else blocks
    return [element["text"]["text"] for element in blocks[-1]["elements"]]


def test_an_alert_carries_the_card_a_link_and_the_buttons(given: Assignment, slack: SlackServer) -> None:
    (alert,) = slack.posts
    assert "Credit in Inside sales (version" in alert.text
    assert f"/admin/crm/lead/{given.lead_id}/change/" in alert.text
    assert buttons(alert.options) == ["Accept", "Reassign", "Open"]


def test_where_we_cannot_hear_a_press_there_is_the_link_only(slack: SlackServer, settings: Settings) -> None:
    settings.SLACK_SIGNING_SECRET = ""
    office.waiting_draft("Springs")
    work_off(SlackAlert)
    assert buttons(slack.posts[0].options) == ["Open"]
    assert Client().post("/slack/actions").status_code == 404


def test_who_was_given_a_lead_accepts_it_and_the_message_says_so(given: Assignment, slack: SlackServer) -> None:
    assert post(press("accept", given, ANA, slack)).status_code == 200
    given.refresh_from_db()
    (update,) = slack.updates
    assert update["text"].startswith(f"*Accepted by Ana, {timezone.localtime(given.accepted_at):%H:%M}*\n*New lead")
    assert buttons(update) == ["Open"]
    assert AuditEntry.objects.get(action="accepted").actor == "ana"


def test_a_second_press_or_a_replayed_one_changes_nothing(given: Assignment, slack: SlackServer) -> None:
    for _ in range(3):
        assert post(press("accept", given, ANA, slack)).status_code == 200
    assert AuditEntry.objects.filter(action="accepted").count() == 1
    assert len({update["text"] for update in slack.updates}) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"secret": "another"},
        {"age": 600},
        {"age": -600},
        {"X-Slack-Signature": "v0=00"},
        {"X-Slack-Signature": ""},
        {"X-Slack-Request-Timestamp": "yesterday"},
    ],
)
def test_what_slack_has_not_signed_or_long_ago_is_refused(
    wrong: dict[str, Any], given: Assignment, slack: SlackServer
) -> None:
    assert post(press("accept", given, ANA, slack), **wrong).status_code == 403
    given.refresh_from_db()
    assert given.accepted_at is None
    assert not slack.whispers


def test_unsigned_posts_and_other_methods_are_refused(given: Assignment) -> None:
    assert Client().post("/slack/actions", {"payload": "{}"}).status_code == 403
    assert Client().get("/slack/actions").status_code == 405


@pytest.mark.parametrize("payload", [{}, {"type": "block_actions"}, {"type": "view_submission", "view": []}, []])
def test_a_signed_post_that_makes_no_sense_is_refused(payload: Any, given: Assignment) -> None:
    assert post(payload).status_code == 400


def test_following_the_link_and_other_events_ask_nothing(given: Assignment, slack: SlackServer) -> None:
    before = len(slack.calls)
    for payload in (press("open", given, ANA, slack), {"type": "shortcut"}):
        assert post(payload).content == b""
    assert len(slack.calls) == before


@pytest.mark.parametrize(
    ("user", "told"),
    [(BEN, "Only Ana can accept this lead"), (MIA, "Only Ana can accept"), (EVE, "belongs to no login here")],
)
def test_nobody_accepts_for_somebody_else(user: str, told: str, given: Assignment, slack: SlackServer) -> None:
    post(press("accept", given, user, slack))
    assert [(who, told in says) for who, says in slack.whispers] == [(user, True)]
    given.refresh_from_db()
    assert (given.accepted_at, slack.updates) == (None, [])


def test_a_manager_passes_a_lead_on_by_the_dialog_with_draft_and_all(given: Assignment, slack: SlackServer) -> None:
    post(press("reassign", given, MIA, slack))
    (dialog,) = slack.dialogs
    assert given.active
    assert [option["text"]["text"] for option in dialog["blocks"][0]["element"]["options"]] == ["Ben"]
    answer = post(sent(dialog, MIA, "Ben", "Ben knows springs"))
    assert (answer.status_code, answer.json()) == (200, {})
    new = Assignment.objects.get(active=True)
    assert (new.salesperson.name, new.by, new.reason) == ("Ben", "mia", "Given by mia: Ben knows springs")
    assert Draft.objects.get(state=Draft.State.WAITING).owner_name == "Ben"
    assert slack.updates[0]["text"].startswith("*Given to Ben by mia, ")
    assert slack.updates[0]["ts"] == slack.posts[0].ts


@pytest.mark.parametrize("user", [ANA, EVE])
def test_without_the_right_to_reassign_no_dialog_opens(user: str, given: Assignment, slack: SlackServer) -> None:
    post(press("reassign", given, user, slack))
    assert slack.dialogs == []
    assert len(slack.whispers) == 1


def test_a_dialog_that_somebody_without_the_right_sends_changes_nothing(given: Assignment, slack: SlackServer) -> None:
    post(press("reassign", given, MIA, slack))
    answer = post(sent(slack.dialogs[0], BEN, "Ben", "want it"))
    assert answer.json()["errors"] == {"why": "You may not do that; nothing was changed."}
    assert Assignment.objects.get().salesperson.name == "Ana"


def test_a_lead_that_somebody_else_has_by_now_is_left_alone(given: Assignment, slack: SlackServer) -> None:
    post(press("reassign", given, MIA, slack))
    hand_over(given.lead, colleagues()["ben@acme.example"], User.objects.get(username="mia"), why="was faster")
    post(press("accept", given, ANA, slack))
    assert slack.whispers == [(ANA, "This lead is with Ben by now; nothing was changed.")]
    answer = post(sent(slack.dialogs[0], MIA, "Ben", "Ben knows springs"))
    assert "with Ben by now" in answer.json()["errors"]["why"]
    assert Assignment.objects.count() == 2


def test_a_dialog_sent_twice_hands_over_once(given: Assignment, slack: SlackServer) -> None:
    post(press("reassign", given, MIA, slack))
    told = sent(slack.dialogs[0], MIA, "Ben", "Ben knows springs")
    assert post(told).json() == {}
    assert "nothing was changed" in post(told).json()["errors"]["why"]
    assert Assignment.objects.count() == 2


def test_a_lead_that_is_closed_is_left_alone(given: Assignment, slack: SlackServer) -> None:
    Lead.objects.update(stage=Lead.Stage.JUNK)
    post(press("accept", given, ANA, slack))
    assert slack.whispers == [(ANA, "This lead is closed; nothing was changed.")]


def test_a_login_that_was_switched_off_may_nothing(given: Assignment, slack: SlackServer) -> None:
    User.objects.filter(username="ana").update(is_active=False)
    post(press("accept", given, ANA, slack))
    given.refresh_from_db()
    assert given.accepted_at is None


def test_the_slack_id_at_the_salesperson_goes_before_the_address(given: Assignment, slack: SlackServer) -> None:
    Salesperson.objects.filter(name="Ana").update(slack_id="U9OTHER", user=User.objects.get(username="ana"))
    post(press("accept", given, "U9OTHER", slack))
    given.refresh_from_db()
    assert given.accepted_at


def test_what_was_done_stays_done_where_slack_cannot_be_told(given: Assignment, slack: SlackServer) -> None:
    slack.fail("chat.update", BROKEN)
    assert post(press("accept", given, ANA, slack)).status_code == 200
    given.refresh_from_db()
    assert given.accepted_at


def test_a_scope_that_is_lacking_is_told_to_whoever_pressed(given: Assignment, slack: SlackServer) -> None:
    slack.scopes = SCOPES - {"users:read"}
    post(press("accept", given, ANA, slack))
    assert "It lacks users:read" in slack.whispers[0][1]


def test_a_long_card_fits_a_slack_message(given: Assignment, slack: SlackServer, settings: Settings) -> None:
    SlackAlert.objects.update(text="x" * 5000)
    post(press("accept", given, ANA, slack))
    blocks = slack.updates[0]["blocks"]
    section = (json.loads(blocks) if isinstance(blocks, str) else blocks)[0]["text"]["text"]
    assert section.startswith("*Accepted by Ana")
    assert len(section) == 3000


def on_the_web(name: str, lead: Lead, deed: str, **answers: object) -> str:
    """Do a deed of the lead's page as the dialog's form does; what the person is told."""
    client = Client()
    client.force_login(User.objects.get(username=name))
    url = reverse(f"admin:crm_lead_{deed}", args=(lead.pk,))
    answer = client.post(url, {"_form_submitted": "True"} | answers, follow=True)
    return " ".join(str(message) for message in answer.context["messages"]) if answer.context else ""


def page(name: str, lead: Lead) -> str:
    client = Client()
    client.force_login(User.objects.get(username=name))
    return client.get(reverse("admin:crm_lead_change", args=(lead.pk,))).content.decode()


def test_a_lead_is_accepted_on_its_page_by_whom_it_was_given_to(given: Assignment, slack: SlackServer) -> None:
    url = reverse("admin:crm_lead_accept", args=(given.lead_id,))
    assert (url in page("ana", given.lead), url in page("ben", given.lead), url in page("mia", given.lead)) == (
        True,
        False,
        False,
    )
    assert on_the_web("ben", given.lead, "accept") == ""  # 403
    assert "You have accepted this lead." in on_the_web("ana", given.lead, "accept")
    given.refresh_from_db()
    assert given.accepted_at
    assert url not in page("ana", given.lead)
    assert AuditEntry.objects.get(action="accepted").actor == "ana"


def test_what_is_done_on_the_web_is_written_into_the_alert_in_slack_by_a_delivery(
    given: Assignment, slack: SlackServer
) -> None:
    on_the_web("ana", given.lead, "accept")
    assert slack.updates == []
    work_off(SlackAlert)
    (update,) = slack.updates
    assert update["text"].startswith("*Accepted by Ana, ")
    assert buttons(update) == ["Open"]
    on_the_web("mia", given.lead, "give_to", to=Salesperson.objects.get(name="Ben").pk, why="Speaks Czech")
    work_off(SlackAlert)
    assert slack.updates[-1]["text"].startswith("*Given to Ben by mia, ")
    assert {update["ts"] for update in slack.updates} == {slack.posts[0].ts}
    assert "Only Ben can accept this lead" in on_the_web("ana", given.lead, "accept")
    assert len(slack.posts) == 3, "Ben is told of his lead, Ana that hers is gone, each once"
    work_off(SlackAlert)
    assert len(slack.updates) == 2


def test_an_alert_that_was_not_posted_yet_is_posted_and_then_written_anew(slack: SlackServer) -> None:
    office.waiting_draft("Springs")
    first = Assignment.objects.get()
    hand_over(first.lead, Salesperson.objects.get(name="Ben"), office.boss(), why="Speaks Czech")
    work_off(SlackAlert)
    assert [update["ts"] for update in slack.updates] == [slack.posts[0].ts]


def test_an_alert_that_somebody_deleted_in_slack_is_left_at_that(given: Assignment, slack: SlackServer) -> None:
    slack.posts.clear()
    on_the_web("ana", given.lead, "accept")
    work_off(SlackAlert)
    rewriting = SlackAlert.objects.get(rewrites__isnull=False)
    assert (rewriting.state, "message_not_found" in rewriting.evidence) == (SlackAlert.State.CANCELLED, True)
    assert not SlackAlert.in_trouble().exists()


def test_without_slack_nothing_is_written_anew() -> None:
    office.waiting_draft("Springs")
    work_off(SlackAlert)
    given = Assignment.objects.get()
    hand_over(given.lead, Salesperson.objects.get(name="Ben"), office.boss(), why="Speaks Czech")
    work_off(SlackAlert)
    assert SlackAlert.objects.get(rewrites__isnull=False).evidence == "there is no alert in Slack to write anew"
