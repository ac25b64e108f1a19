"""Telling people in Slack: verbs over slack_sdk, a console where no token is set, and their courier.

slack_sdk's own repeating is off: it posts twice when an answer is lost. Every post
carries the delivery's key as metadata, by which a post whose answer was lost is found again.
"""

import logging
import re
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from http.client import HTTPException
from typing import TYPE_CHECKING, Any, Protocol, Self
from urllib.error import URLError

from django.conf import settings
from django.utils import timezone
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from inbox_router.couriers import DeliveryError, NotWanted, Outcome, Patience, Probe, Seen
from routing.slack.buttons import Buttons, Press, blocks, dialog

if TYPE_CHECKING:
    from routing.models import SlackAlert

log = logging.getLogger(__name__)

TIMEOUT = 20  # seconds
EVENT = "inbox_router_alert"
CLOCK_SKEW = timedelta(minutes=10)  # between our clock and Slack's
PAGES = 5  # of 200 messages: how far a lost post is searched for
LOOK_BACK = timedelta(days=2)  # a database backup that was restored may be that old: since then it knows of no post
PLACE = re.compile(r"[A-Z0-9]+ \d+\.\d+")  # channel and time: what names a message in Slack

SIGN_IN = "Set SLACK_BOT_TOKEN to a valid bot token (it begins with xoxb-)."
ADVICE = {
    "invalid_auth": SIGN_IN,
    "not_authed": SIGN_IN,
    "token_revoked": SIGN_IN,
    "token_expired": SIGN_IN,
    "account_inactive": SIGN_IN,
    "missing_scope": "Give the Slack app the scope that it lacks, and install it again.",
    "not_in_channel": "Invite the app to the channel: /invite @app.",
    "channel_not_found": "Check the channel's id, and that the app is invited to it.",
    "is_archived": "The channel is archived: choose another one.",
    "users_not_found": "Nobody in Slack has this e-mail address: enter the Slack id at the salesperson.",
    "user_not_found": "Check the Slack id at the salesperson.",
}
# What Slack says when it may go better, or may have gone well: https://docs.slack.dev/reference/methods/chat.postMessage
TEMPORARY = ("request_timeout", "service_unavailable", "internal_error", "fatal_error")
WAIT = ("ratelimited", "rate_limited")
NEVER_LEFT = (ConnectionRefusedError, socket.gaierror)


class SlackError(DeliveryError):
    """Slack did not do what was asked, or its answer was lost."""


class Alerts(Protocol):
    """Where people are told something."""

    def member(self, email: str) -> str:
        """The id of the person with this address. Raises SlackError."""
        ...

    def post(self, key: str, to: str, text: str, buttons: Buttons | None = None) -> str:
        """Post mrkdwn, already escaped, to a channel or a person; where it stands. Raises SlackError."""
        ...

    def update(self, place: str, text: str, buttons: Buttons | None = None) -> None:
        """Write an alert anew where it stands; as often as one likes. Raises SlackError."""
        ...

    def find(self, key: str, to: str, since: datetime) -> Probe:
        """Whether a post with this key stands there. Raises SlackError when it is worth asking again."""
        ...

    def posted(self, to: str, since: datetime) -> Mapping[str, str]:
        """Where each of our newer posts there stands, by key, as far as we may look. Raises SlackError."""
        ...


def from_settings() -> Alerts:
    """Slack if SLACK_BOT_TOKEN is set, else the console."""
    if settings.SLACK_BOT_TOKEN:
        return SlackWorkspace(settings.SLACK_BOT_TOKEN, settings.SLACK_API_URL)
    return ConsoleAlerts()


class ConsoleAlerts:
    """Alerts for those without Slack: a line each in the log."""

    def member(self, email: str) -> str:
        return email

    def post(self, key: str, to: str, text: str, buttons: Buttons | None = None) -> str:
        log.info("alert to %s: %s", to, " ".join(text.split()))
        return "logged"

    def update(self, place: str, text: str, buttons: Buttons | None = None) -> None:
        log.info("alert at %s: %s", place, " ".join(text.split()))

    def find(self, key: str, to: str, since: datetime) -> Probe:
        return Probe(Seen.ABSENT)  # a line that stands in the log twice does no harm

    def posted(self, to: str, since: datetime) -> Mapping[str, str]:
        return {}


class SlackWorkspace:
    """Alerts in a Slack workspace, as the app that the token belongs to."""

    def __init__(self, token: str, api_url: str, timeout: int = TIMEOUT) -> None:
        self._client = WebClient(token, base_url=api_url, timeout=timeout, retry_handlers=[])

    def who_we_are(self) -> str:
        """The app's name and its workspace. Raises SlackError."""
        with in_our_words():
            told = self._client.auth_test()
            return f"{told['user']} in {told['team']}"

    def member(self, email: str) -> str:
        with in_our_words():
            return str(self._client.users_lookupByEmail(email=email)["user"]["id"])

    def post(self, key: str, to: str, text: str, buttons: Buttons | None = None) -> str:
        with in_our_words(posting=True):
            posted = self._client.chat_postMessage(
                channel=to,
                text=text,
                blocks=blocks(text, buttons) or None,
                unfurl_links=False,
                unfurl_media=False,
                metadata={"event_type": EVENT, "event_payload": {"key": key}},
            )
            if not posted["ts"]:
                raise SlackError("Slack confirmed no post", maybe_done=True)
            return _place(posted["channel"], posted["ts"])

    # --- what a pressed button leads to ---

    def email(self, user: str) -> str:
        """The address of the person with this id, in lower case. Raises SlackError."""
        with in_our_words():
            profile = self._client.users_info(user=user)["user"]["profile"]
            return str(profile.get("email", "")).lower()

    def update(self, place: str, text: str, buttons: Buttons | None = None) -> None:
        """Write an alert anew where it stands. Raises SlackError."""
        channel, _, ts = place.partition(" ")
        with in_our_words():
            self._client.chat_update(channel=channel, ts=ts, text=text, blocks=blocks(text, buttons))

    def whisper(self, place: str, user: str, text: str) -> None:
        """Tell one person something beside an alert, for nobody else to see. Raises SlackError."""
        with in_our_words():
            self._client.chat_postEphemeral(channel=place.partition(" ")[0], user=user, text=text)

    def ask(self, press: Press, people: Sequence[tuple[int, str]]) -> None:
        """Open the dialog that asks whom of these (key and name) a lead goes to. Raises SlackError."""
        with in_our_words():
            self._client.views_open(trigger_id=press.trigger, view=dialog(press, people))

    # --- what stands there already ---

    def find(self, key: str, to: str, since: datetime) -> Probe:
        try:
            with in_our_words():
                for found, place in self._posts(to, since):
                    if found == key:
                        return Probe(Seen.FOUND, place)
        except SlackError as error:
            if error.permanent and not error.blocked:
                return Probe(Seen.UNKNOWN, f"Slack does not let us look: {error}")
            raise
        return Probe(Seen.ABSENT)

    def posted(self, to: str, since: datetime) -> Mapping[str, str]:
        found: dict[str, str] = {}
        try:
            with in_our_words():
                for key, place in self._posts(to, since):
                    found[key] = place
        except SlackError as error:
            if error.blocked or not error.permanent:
                raise
        return found

    def _posts(self, to: str, since: datetime) -> Iterator[tuple[str, str]]:
        """Key and place of each post of ours since then."""
        channel = self._conversation(to)
        for message in self._messages(channel, since - CLOCK_SKEW):
            if key := message.get("metadata", {}).get("event_payload", {}).get("key"):
                yield key, _place(channel, message["ts"])

    def _conversation(self, to: str) -> str:
        """The id of the channel; for a person, of the conversation with them."""
        if to.startswith(("U", "W")):
            return str(self._client.conversations_open(users=to)["channel"]["id"])
        return to

    def _messages(self, channel: str, since: datetime) -> Iterator[dict[str, Any]]:
        """The messages since then. Raises SlackError if there are too many to read."""
        pages = self._client.conversations_history(
            channel=channel, oldest=str(since.timestamp()), limit=200, include_all_metadata=True
        )
        for number, page in enumerate(pages):
            if number == PAGES:
                raise SlackError("the channel has too many newer messages", permanent=True)
            yield from page["messages"] or []


class SlackCourier:
    """Posts each alert to its channel, or to its salesperson by Slack id or e-mail address."""

    def __enter__(self) -> Self:
        self._alerts = from_settings()
        self._members: dict[str, str] = {}
        self._posted_before: dict[str, Mapping[str, str]] = {}
        self._patience = Patience()
        return self

    def __exit__(self, *exc: object) -> None: ...

    def probe(self, batch: "Sequence[SlackAlert]") -> Mapping[int, Probe]:
        with self._patience.once():
            return {row.pk: self._looked_for(row) for row in batch if not row.rewrites_id}

    def _looked_for(self, row: "SlackAlert") -> Probe:
        """What Slack has of an alert. One that is not in doubt may still stand there, if our database was restored."""
        to = self._to(row)
        if row.in_doubt:
            return self._alerts.find(row.key, to, since=row.created_at)
        if to not in self._posted_before:
            self._posted_before[to] = self._alerts.posted(to, since=timezone.now() - LOOK_BACK)
        place = self._posted_before[to].get(row.key)
        return Probe(Seen.FOUND, place) if place else Probe(Seen.ABSENT)

    def perform(self, batch: "Sequence[SlackAlert]") -> Mapping[int, Outcome]:
        return {row.pk: self._posted(row) for row in batch}

    def _posted(self, row: "SlackAlert") -> Outcome:
        try:
            with self._patience.once():
                if row.rewrites:
                    return self._rewritten(row, row.rewrites.evidence)
                return self._alerts.post(row.key, self._to(row), row.text, row.buttons)
        except SlackError as error:
            return error

    def _rewritten(self, row: "SlackAlert", place: str) -> Outcome:
        """Write an alert anew where it stands; one that does not stand there any more is left at that."""
        if not PLACE.match(place):
            return NotWanted("there is no alert in Slack to write anew")
        try:
            self._alerts.update(place, row.text, row.buttons)
        except SlackError as error:
            if error.blocked or not error.permanent:
                raise
            return NotWanted(f"left as it is: {error}")
        return place

    def _to(self, row: "SlackAlert") -> str:
        person = row.salesperson
        if to := row.channel or (person.slack_id if person else ""):
            return to
        if not person or not person.email:
            raise SlackError("the alert has neither a channel nor a person", permanent=True)
        if person.email not in self._members:
            self._members[person.email] = self._alerts.member(person.email)
        return self._members[person.email]


def _place(channel: str, ts: str) -> str:
    return f"{channel} {ts}"


@contextmanager
def in_our_words(*, posting: bool = False) -> Iterator[None]:
    """Turn slack_sdk's errors into ours; only a post may have taken effect although its answer was lost."""
    try:
        yield
    except SlackApiError as error:
        raise _refusal(error, posting) from error
    except (OSError, HTTPException, ValueError) as error:
        cause = error.reason if isinstance(error, URLError) else error
        out, reason = isinstance(cause, NEVER_LEFT), f"Slack cannot be reached ({type(cause).__name__})"
        raise SlackError(reason, blocked=out, maybe_done=posting and not out) from error


def _refusal(error: SlackApiError, posting: bool) -> SlackError:
    answer = error.response
    name, wait = str(answer.get("error", "no reason")), answer.headers.get("Retry-After", "")
    if name in ADVICE:
        needed = f" It lacks {answer['needed']}." if answer.get("needed") else ""
        reason = f"Slack says {name}. {ADVICE[name]}{needed}"
        return SlackError(reason, permanent=True, blocked=ADVICE[name] == SIGN_IN)
    if answer.status_code == 429 or name in WAIT:
        return SlackError("Slack asks us to wait", retry_after=float(wait) if wait.isdigit() else 60)
    if answer.status_code != 200 or name in TEMPORARY or not name.isidentifier():  # a sentence: slack_sdk's own
        return SlackError(f"Slack answered {answer.status_code}: {name[:200]}", maybe_done=posting)
    return SlackError(f"Slack says {name}.", permanent=True)
