"""Telling people: Slack over its real client, the console, and the courier over alerts."""

import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from inbox_router.couriers import Seen
from inbox_router.delivery import work_off
from routing.models import Salesperson, SlackAlert
from routing.slack import Alerts, SlackError, SlackWorkspace, from_settings
from tests.servers.http import BROKEN, BUSY, CLOSED, GARBAGE, HALF, HANGING, RESET, Fault
from tests.servers.slack import SCOPES, TOKEN, SlackServer

State = SlackAlert.State
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
LOST = [CLOSED, RESET, HALF, GARBAGE, BROKEN]


@pytest.fixture
def slack(settings: Settings) -> Iterator[SlackServer]:
    with SlackServer(users={"ana@acme.example": "U1ANA"}, channels={"C1SALES"}) as server:
        settings.SLACK_BOT_TOKEN = TOKEN
        settings.SLACK_API_URL = server.api_url
        yield server


@pytest.fixture(params=["slack", "console"])
def alerts(request: pytest.FixtureRequest) -> Alerts:
    """What the settings name; the test runs once with each of the two."""
    if request.param == "slack":
        request.getfixturevalue("slack")
    return from_settings()


def owe(key: str = "lead:1", **fields: object) -> SlackAlert:
    fields = fields or {"channel": "C1SALES"}
    alert = SlackAlert.owe(effect="slack", key=key, stream=key, text=f"About {key}", **fields)
    alert.save()
    return alert


def person(email: str = "ana@acme.example", slack_id: str = "") -> Salesperson:
    return Salesperson.objects.create(name="Ana", email=email, slack_id=slack_id)


def time_passes() -> None:
    past = timezone.now() - timedelta(seconds=1)
    SlackAlert.objects.update(due_at=past)
    SlackAlert.objects.exclude(lease_until=None).update(lease_until=past)


# --- the contract of Alerts, and Slack's own --------------------------------------------------------------


def test_a_post_comes_with_evidence_of_where_it_stands(alerts: Alerts) -> None:
    assert alerts.post("lead:1", alerts.member("ana@acme.example"), "A new lead")


def test_what_was_never_posted_is_absent(alerts: Alerts) -> None:
    assert alerts.find("lead:1", "C1SALES", LONG_AGO).seen is Seen.ABSENT


def test_without_a_token_an_alert_is_one_line_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "routing"):
        from_settings().post("lead:1", "ana@acme.example", "A new lead\nfrom Ben")
    assert caplog.messages == ["alert to ana@acme.example: A new lead from Ben"]


def test_a_post_carries_its_key_and_unfolds_no_link(slack: SlackServer) -> None:
    evidence = from_settings().post("lead:1", "C1SALES", "Price &lt;3")
    (post,) = slack.posts
    assert evidence == f"C1SALES {post.ts}"
    assert (post.channel, post.text, post.key) == ("C1SALES", "Price &lt;3", "lead:1")
    assert {str(post.options[name]).lower() for name in ("unfurl_links", "unfurl_media")} <= {"false", "0"}


def test_a_post_is_found_by_its_key_in_a_channel_and_with_a_person(slack: SlackServer) -> None:
    alerts = from_settings()
    for to in ("C1SALES", "U1ANA"):
        alerts.post("another", to, "text")
        evidence = alerts.post("lead:1", to, "text")
        probe = alerts.find("lead:1", to, LONG_AGO)
        assert (probe.seen, probe.evidence) == (Seen.FOUND, evidence)


def test_a_post_is_found_behind_hundreds_of_newer_ones_of_others(slack: SlackServer) -> None:
    alerts = from_settings()
    alerts.post("lead:1", "C1SALES", "text")
    slack.posts += [slack.posts[0].__class__("C1SALES", f"{2_000_000_100 + n}.1", "chat", {}, {}) for n in range(450)]
    assert alerts.find("lead:1", "C1SALES", LONG_AGO).seen is Seen.FOUND
    slack.posts += [slack.posts[1]] * 1000
    assert alerts.find("lead:1", "C1SALES", LONG_AGO).seen is Seen.UNKNOWN


def test_without_the_scope_to_look_nobody_claims_to_know(slack: SlackServer) -> None:
    slack.scopes = SCOPES - {"channels:history"}
    probe = from_settings().find("lead:1", "C1SALES", LONG_AGO)
    assert probe.seen is Seen.UNKNOWN
    assert "It lacks channels:history" in probe.evidence


@pytest.mark.parametrize(
    ("to", "error", "advice"),
    [
        ("C9GONE", "channel_not_found", "Check the channel's id"),
        ("C1SALES", "not_in_channel", "Invite the app to the channel"),
        ("C1SALES", "is_archived", "choose another one"),
        ("C1SALES", "invalid_auth", "Set SLACK_BOT_TOKEN"),
        ("C1SALES", "msg_too_long", "msg_too_long"),
    ],
)
def test_what_a_person_must_mend_is_permanent_and_says_how(
    to: str, error: str, advice: str, slack: SlackServer
) -> None:
    answer = f'{{"ok": false, "error": "{error}"}}'
    slack.fail("chat.postMessage", Fault(status=200, text=answer, applied=False))
    with pytest.raises(SlackError, match=advice) as refused:
        from_settings().post("lead:1", to, "text")
    assert (refused.value.permanent, refused.value.maybe_done) == (True, False)


def test_an_address_that_nobody_has_says_where_to_enter_the_id(slack: SlackServer) -> None:
    with pytest.raises(SlackError, match="enter the Slack id at the salesperson") as refused:
        from_settings().member("nobody@acme.example")
    assert refused.value.permanent


def test_slack_is_given_the_time_that_it_asks_for(slack: SlackServer) -> None:
    slack.fail("chat.postMessage", BUSY)
    with pytest.raises(SlackError) as refused:
        from_settings().post("lead:1", "C1SALES", "text")
    assert (refused.value.permanent, refused.value.maybe_done, refused.value.retry_after) == (False, False, 77)


@pytest.mark.parametrize("fault", [*LOST, HANGING])
def test_a_post_whose_answer_is_lost_may_have_been_made_and_is_asked_for_once(fault: Fault, slack: SlackServer) -> None:
    slack.fail("chat.postMessage", fault)
    with pytest.raises(SlackError) as refused:
        SlackWorkspace(TOKEN, slack.api_url, timeout=1).post("lead:1", "C1SALES", "text")
    assert (refused.value.permanent, refused.value.maybe_done) == (False, True)
    assert slack.count("chat.postMessage") == 1


def test_where_nobody_listens_nothing_was_posted() -> None:
    with pytest.raises(SlackError, match="ConnectionRefusedError") as refused:
        SlackWorkspace(TOKEN, "http://127.0.0.1:1/api/").post("lead:1", "C1SALES", "text")
    assert (refused.value.permanent, refused.value.maybe_done) == (False, False)


@pytest.mark.parametrize("fault", LOST)
def test_a_lost_answer_to_a_look_up_puts_no_post_in_doubt(fault: Fault, slack: SlackServer) -> None:
    slack.fail("users.lookupByEmail", fault)
    with pytest.raises(SlackError) as refused:
        from_settings().member("ana@acme.example")
    assert (refused.value.permanent, refused.value.maybe_done) == (False, False)


# --- the courier ------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_an_alert_goes_to_its_channel_or_to_the_person_by_id_or_address(slack: SlackServer) -> None:
    slack.users["ben@elsewhere.example"] = "U2BEN"
    owe("to the channel", channel="C1SALES")
    owe("by address", salesperson=person())
    owe("by id", salesperson=person("ben@acme.example", slack_id="U2BEN"))
    assert work_off(SlackAlert) == {"done": 3}
    assert {(post.key, post.channel) for post in slack.posts} == {
        ("to the channel", "C1SALES"),
        ("by address", "DU1ANA"),
        ("by id", "DU2BEN"),
    }
    assert work_off(SlackAlert) == {}


@pytest.mark.django_db
def test_a_person_and_what_they_were_told_before_are_looked_up_once(slack: SlackServer) -> None:
    ana = person()
    for number in range(3):
        owe(f"lead:{number}", salesperson=ana)
    work_off(SlackAlert)
    looked_up = ["users.lookupByEmail", "conversations.open", "conversations.history"]
    assert [call.name for call in slack.calls] == [*looked_up, *["chat.postMessage"] * 3]


@pytest.mark.django_db
def test_an_alert_that_a_restored_database_has_forgotten_is_not_posted_twice(slack: SlackServer) -> None:
    owe("lead:1")
    work_off(SlackAlert)
    SlackAlert.objects.all().delete()
    owe("lead:1")
    owe("lead:2")
    assert work_off(SlackAlert) == {"done": 2}
    assert [post.key for post in slack.posts] == ["lead:1", "lead:2"]


@pytest.mark.django_db
def test_without_the_scope_to_look_a_first_attempt_is_posted(slack: SlackServer) -> None:
    slack.scopes = SCOPES - {"channels:history"}
    owe()
    assert work_off(SlackAlert) == {"done": 1}


@pytest.mark.django_db
@pytest.mark.parametrize("fault", LOST)
def test_an_alert_whose_answer_was_lost_is_not_posted_twice(fault: Fault, slack: SlackServer) -> None:
    alert = owe()
    slack.fail("chat.postMessage", fault)
    assert work_off(SlackAlert) == {"owed": 1}
    time_passes()
    assert work_off(SlackAlert) == {"done": 1}
    alert.refresh_from_db()
    assert [post.key for post in slack.posts] == ["lead:1"]
    assert alert.evidence == f"C1SALES {slack.posts[0].ts}"


@pytest.mark.django_db
def test_an_alert_that_cannot_be_looked_for_waits_for_a_person(slack: SlackServer) -> None:
    alert = owe()
    slack.scopes = SCOPES - {"channels:history"}
    slack.fail("chat.postMessage", CLOSED)
    work_off(SlackAlert)
    time_passes()
    assert work_off(SlackAlert) == {"unconfirmed": 1}
    time_passes()
    assert work_off(SlackAlert) == {}
    alert.refresh_from_db()
    assert "channels:history" in alert.evidence
    assert len(slack.posts) == 1


@pytest.mark.django_db
def test_a_failed_alert_says_what_to_do_and_is_posted_on_retry(slack: SlackServer) -> None:
    slack.channels.clear()
    alert = owe()
    assert work_off(SlackAlert) == {"failed": 1}
    alert.refresh_from_db()
    assert alert.error == "Slack says channel_not_found. Check the channel's id, and that the app is invited to it."
    slack.channels.add("C1SALES")
    alert.retry()
    assert work_off(SlackAlert) == {"done": 1}


@pytest.mark.django_db
def test_one_alert_that_nobody_can_get_does_not_hold_up_the_others(slack: SlackServer) -> None:
    owe("to nobody", salesperson=person("nobody@acme.example"))
    owe("lead:1")
    assert work_off(SlackAlert) == {"failed": 1, "done": 1}
    assert [post.key for post in slack.posts] == ["lead:1"]


@pytest.mark.django_db
def test_once_slack_asks_to_wait_it_is_left_in_peace_for_this_run(slack: SlackServer) -> None:
    for number in range(4):
        owe(f"lead:{number}")
    slack.fail("chat.postMessage", BUSY)
    assert work_off(SlackAlert) == {"owed": 4}
    assert slack.count("chat.postMessage") == 1
    assert SlackAlert.objects.filter(in_doubt=True).count() == 0
    assert min(SlackAlert.objects.values_list("due_at", flat=True)) > timezone.now() + timedelta(seconds=70)


@pytest.mark.django_db
def test_no_token_or_body_is_written_to_the_log(slack: SlackServer, caplog: pytest.LogCaptureFixture) -> None:
    owe()
    slack.fail("chat.postMessage", CLOSED, BROKEN)
    with caplog.at_level(logging.INFO):
        for _ in range(2):
            work_off(SlackAlert)
            time_passes()
    assert TOKEN not in caplog.text
    assert "About lead:1" not in caplog.text
