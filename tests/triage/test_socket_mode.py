"""Socket Mode: presses come over a connection that we keep to Slack, where Slack cannot reach us."""

import threading
from collections.abc import Iterator
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connections
from pytest_django import Settings

from inbox_router.delivery import work_off
from inbox_router.roles import MANAGER, SALESPERSON
from routing.models import Assignment, SlackAlert
from routing.services import SlackError, listen_to_slack
from tests import office
from tests.servers.slack import APP_TOKEN, TOKEN, SlackServer
from tests.servers.websocket import SlackSocket
from tests.triage.test_pressing import ANA, MIA, buttons, press, sent
from triage.slack.pressing import answer


@pytest.fixture
def slack(settings: Settings) -> Iterator[SlackServer]:
    with SlackServer(users={"ana@acme.example": ANA, "mia@acme.example": MIA}) as server:
        settings.SLACK_BOT_TOKEN, settings.SLACK_APP_TOKEN = TOKEN, APP_TOKEN
        settings.SLACK_API_URL = server.api_url
        yield server


@pytest.fixture
def line(slack: SlackServer, transactional_db: None) -> Iterator[SlackSocket]:
    """A connection that is kept; presses are answered in threads of their own, so what they do is committed."""
    stop = threading.Event()
    with SlackSocket() as line:
        slack.socket_url = line.url
        listening = threading.Thread(target=listen_to_slack, args=(answer, stop))
        listening.start()
        yield line
        stop.set()
        listening.join()
    connections.close_all()


@pytest.fixture
def given(slack: SlackServer, line: SlackSocket) -> Assignment:
    office.waiting_draft("Springs")
    office.user("ana", SALESPERSON), office.user("mia", MANAGER)
    work_off(SlackAlert)
    return Assignment.objects.get()


def tell(line: SlackSocket, number: int, payload: dict) -> dict:
    """Send a press; what it is acknowledged with."""
    line.send({"envelope_id": f"e{number}", "type": "interactive", "payload": payload})
    return line.answers.get(timeout=30)


def test_presses_are_heard_over_a_connection_of_ours(given: Assignment, slack: SlackServer, line: SlackSocket) -> None:
    assert buttons(slack.posts[0].options) == ["Accept", "Reassign", "Open"]
    assert tell(line, 1, press("reassign", given, MIA, slack))["envelope_id"] == "e1"
    slack.wait_for("views.open")
    told = sent(slack.dialogs[0], MIA, "Ben", " ")
    refused = tell(line, 2, told)
    assert refused["payload"]["errors"] == {"why": "Say why the lead is handed over."}
    done = tell(line, 3, sent(slack.dialogs[0], MIA, "Ben", "knows springs"))
    assert done["envelope_id"] == "e3"
    assert not done.get("payload")
    assert Assignment.objects.get(active=True).salesperson.name == "Ben"
    assert slack.updates[0]["text"].startswith("*Given to Ben by mia")


def test_what_makes_no_sense_ends_nothing(given: Assignment, slack: SlackServer, line: SlackSocket) -> None:
    line.send({"envelope_id": "e1", "type": "interactive", "payload": {"type": "block_actions"}})
    tell(line, 2, press("accept", given, ANA, slack))
    slack.wait_for("chat.update")
    given.refresh_from_db()
    assert given.accepted_at


def test_a_connection_that_is_refused_is_told(slack: SlackServer, settings: Settings) -> None:
    settings.SLACK_APP_TOKEN = "xapp-wrong"
    with pytest.raises(SlackError, match="invalid_auth"):
        listen_to_slack(answer, threading.Event())
    settings.SLACK_APP_TOKEN = ""
    with pytest.raises(CommandError, match="Set SLACK_APP_TOKEN"):
        call_command("listen_to_slack", stdout=StringIO())
