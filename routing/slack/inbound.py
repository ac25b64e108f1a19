"""How presses of buttons reach us: posts that Slack has signed, or a connection that we keep to Slack.

https://docs.slack.dev/authentication/verifying-requests-from-slack, https://docs.slack.dev/apis/events-api/using-socket-mode
"""

import logging
from collections.abc import Callable, Mapping
from threading import Event
from typing import Any

from django.conf import settings
from django.db import close_old_connections
from slack_sdk import WebClient
from slack_sdk.signature import SignatureVerifier
from slack_sdk.socket_mode import SocketModeClient
from slack_sdk.socket_mode.client import BaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse

from routing.slack.buttons import Deed, Press, read
from routing.slack.posting import TIMEOUT, in_our_words

log = logging.getLogger(__name__)

# Does what a press asks for; what Slack is answered, where that says something.
Answer = Callable[[Press], Mapping[str, Any]]


def is_signed(body: bytes, headers: Mapping[str, str]) -> bool:
    """Whether Slack has signed this body with our secret, within the last five minutes."""
    if not settings.SLACK_SIGNING_SECRET:
        return False
    try:
        return SignatureVerifier(settings.SLACK_SIGNING_SECRET).is_valid_request(body, dict(headers))
    except ValueError:  # a time that is no number, a body that is no text
        return False


def listen(answer: Answer, stop: Event) -> None:
    """Stay connected to Slack and answer presses until told to stop. Raises SlackError if that cannot begin."""
    client = SocketModeClient(settings.SLACK_APP_TOKEN, web_client=app_client(), concurrency=4)
    client.socket_mode_request_listeners.append(lambda connected, told: _heard(connected, told, answer))
    try:
        with in_our_words():
            client.connect()
        log.info("listening to Slack")
        stop.wait()
    finally:
        client.close()


def can_connect() -> None:
    """Ask for a connection and use none. Raises SlackError."""
    with in_our_words():
        app_client().apps_connections_open(app_token=settings.SLACK_APP_TOKEN)


def app_client() -> WebClient:
    """The client of the app itself, which may open connections and nothing else."""
    return WebClient(settings.SLACK_APP_TOKEN, base_url=settings.SLACK_API_URL, timeout=TIMEOUT, retry_handlers=[])


def _heard(client: BaseSocketModeClient, told: SocketModeRequest, answer: Answer) -> None:
    """Take one envelope. A dialog waits for our answer; all else is acknowledged at once, Slack waits 3 seconds."""
    says: Mapping[str, Any] = {}
    try:
        press = read(told.payload) if told.type == "interactive" else None
        if press is None or press.deed != Deed.GIVE:
            client.send_socket_mode_response(SocketModeResponse(told.envelope_id))
        if press is None:
            return
        close_old_connections()
        says = answer(press)
        if press.deed == Deed.GIVE:
            client.send_socket_mode_response(SocketModeResponse(told.envelope_id, payload=dict(says) or None))
    except ValueError as error:
        log.warning("Slack told something that makes no sense: %s", error)
    except Exception:
        log.exception("a press in Slack could not be answered")
    finally:
        close_old_connections()
