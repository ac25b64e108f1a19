"""A Slack workspace on loopback: people, channels, what was posted, and what may be done."""

import itertools
import json
from dataclasses import dataclass, field
from typing import Any

from tests.servers.http import Answer, Call, LoopbackServer

TOKEN = "xoxb-test"
APP_TOKEN = "xapp-test"
SCOPES = frozenset({"chat:write", "users:read", "users:read.email", "im:write", "im:history", "channels:history"})
NEEDS = {
    "users.info": "users:read",
    "chat.update": "chat:write",
    "chat.postEphemeral": "chat:write",
    "users.lookupByEmail": "users:read.email",
    "chat.postMessage": "chat:write",
    "conversations.open": "im:write",
    "conversations.history": "channels:history",
}


@dataclass(frozen=True)
class Post:
    """One message: where it stands, when, and what it says."""

    channel: str
    ts: str
    text: str
    metadata: dict[str, Any]
    options: dict[str, Any]

    @property
    def key(self) -> str:
        return str(self.metadata.get("event_payload", {}).get("key", ""))


@dataclass
class SlackServer(LoopbackServer):
    """`users` maps addresses to ids, `channels` are those the app is in. `expired`: its token is."""

    users: dict[str, str] = field(default_factory=dict)
    channels: set[str] = field(default_factory=set)
    scopes: frozenset[str] = SCOPES
    expired: bool = False
    posts: list[Post] = field(default_factory=list)
    updates: list[dict[str, Any]] = field(default_factory=list)  # of posts, in order
    whispers: list[tuple[str, str]] = field(default_factory=list)  # to whom, what
    dialogs: list[dict[str, Any]] = field(default_factory=list)
    socket_url: str = ""  # of the server that apps are connected to

    def __post_init__(self) -> None:
        super().__init__()
        self._clock = itertools.count(1)
        self.api_url = f"{self.url}/api/"

    def name(self, method: str, path: str) -> str:
        return path.removeprefix("/api/")

    def answer(self, call: Call) -> Answer:
        wanted = APP_TOKEN if call.name == "apps.connections.open" else TOKEN
        if call.headers.get("authorization") != f"Bearer {wanted}":
            return refused("invalid_auth")
        if self.expired:
            return refused("token_expired")
        if (scope := NEEDS.get(call.name)) and scope not in self.scopes:
            return refused("missing_scope", needed=scope, provided=",".join(sorted(self.scopes)))
        deeds = {
            "auth.test": self._auth_test,
            "users.lookupByEmail": self._lookup,
            "chat.postMessage": self._post,
            "conversations.open": self._open,
            "conversations.history": self._history,
            "users.info": self._info,
            "chat.update": self._update,
            "chat.postEphemeral": self._whisper,
            "views.open": self._dialog,
            "apps.connections.open": lambda asked: accepted(url=self.socket_url),
        }
        return deeds[call.name](call.body | call.query)

    def _auth_test(self, asked: dict[str, Any]) -> Answer:
        return accepted(team="Acme", user="inbox-router", user_id="UBOT")

    def _lookup(self, asked: dict[str, Any]) -> Answer:
        user = self.users.get(asked["email"])
        return accepted(user={"id": user, "profile": {"email": asked["email"]}}) if user else refused("users_not_found")

    def _info(self, asked: dict[str, Any]) -> Answer:
        email = next((address for address, user in self.users.items() if user == asked["user"]), None)
        return accepted(user={"id": asked["user"], "profile": {"email": email}}) if email else refused("user_not_found")

    def _update(self, asked: dict[str, Any]) -> Answer:
        if not any((post.channel, post.ts) == (asked["channel"], asked["ts"]) for post in self.posts):
            return refused("message_not_found")
        self.updates.append(asked)
        return accepted(channel=asked["channel"], ts=asked["ts"])

    def _whisper(self, asked: dict[str, Any]) -> Answer:
        self.whispers.append((asked["user"], asked["text"]))
        return accepted(message_ts="1")

    def _dialog(self, asked: dict[str, Any]) -> Answer:
        view = asked["view"]
        self.dialogs.append(json.loads(view) if isinstance(view, str) else view)
        return accepted(view={"id": "V1"})

    def _place(self, to: str) -> str | None:
        """The channel that a channel or a person stands for."""
        if to in self.users.values():
            return f"D{to}"
        return to if to in self.channels or to.removeprefix("D") in self.users.values() else None

    def _post(self, asked: dict[str, Any]) -> Answer:
        channel = self._place(asked["channel"])
        if channel is None:
            return refused("channel_not_found")
        metadata = asked.pop("metadata", {})
        metadata = json.loads(metadata) if isinstance(metadata, str) else metadata
        ts = f"{2_000_000_000 + next(self._clock)}.000100"
        self.posts.append(Post(channel, ts, asked["text"], metadata, asked))
        return accepted(channel=channel, ts=ts)

    def _open(self, asked: dict[str, Any]) -> Answer:
        known = asked["users"] in self.users.values()
        return accepted(channel={"id": f"D{asked['users']}"}) if known else refused("user_not_found")

    def _history(self, asked: dict[str, Any]) -> Answer:
        channel = self._place(asked["channel"])
        if channel is None:
            return refused("channel_not_found")
        start, size, oldest = int(asked.get("cursor") or 0), int(asked["limit"]), float(asked["oldest"])
        found = [post for post in reversed(self.posts) if post.channel == channel and float(post.ts) >= oldest]
        told = str(asked.get("include_all_metadata")).lower() in ("1", "true")
        messages = [
            {"ts": post.ts, "text": post.text, **({"metadata": post.metadata} if told else {})}
            for post in found[start : start + size]
        ]
        more = str(start + size) if len(found) > start + size else ""
        return accepted(messages=messages, has_more=bool(more), response_metadata={"next_cursor": more})


def accepted(**fields: Any) -> Answer:
    return Answer({"ok": True, **fields})


def refused(error: str, **fields: Any) -> Answer:
    return Answer({"ok": False, "error": error, **fields})
