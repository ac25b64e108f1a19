"""Pure: the buttons under an alert, the dialog that one of them opens, and what Slack tells of a press.

https://docs.slack.dev/reference/interaction-payloads
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.utils.translation import gettext as _

SECTION = 3000  # characters that a section holds
CHOICES = 100  # people that a list can offer


class Deed(StrEnum):
    """What a press asks for."""

    ACCEPT = "accept"
    REASSIGN = "reassign"  # opens the dialog
    GIVE = "give"  # the dialog was sent


@dataclass(frozen=True)
class Buttons:
    """What stands under an alert: a link to the lead, and deeds about its assignment (0: none)."""

    url: str
    assignment: int = 0


@dataclass(frozen=True)
class Press:
    """Somebody pressed a button, or sent the dialog. `user` is a Slack id, `place` says where the alert stands."""

    deed: Deed
    assignment: int
    user: str
    place: str = ""
    trigger: str = ""
    to: int = 0
    why: str = ""


def blocks(text: str, buttons: Buttons | None) -> list[dict[str, Any]]:
    """An alert with its buttons; empty where there are none."""
    if buttons is None:
        return []
    deeds = [] if not buttons.assignment else [
        _button(Deed.ACCEPT, _("Accept"), buttons.assignment) | {"style": "primary"},
        _button(Deed.REASSIGN, _("Reassign"), buttons.assignment),
    ]  # fmt: skip
    link = {"type": "button", "action_id": "open", "text": _plain(_("Open")), "url": buttons.url}
    section = {"type": "section", "text": {"type": "mrkdwn", "text": text[:SECTION]}}
    return [section, {"type": "actions", "elements": [*deeds, link]}]


def dialog(press: Press, people: Sequence[tuple[int, str]]) -> dict[str, Any]:
    """The dialog that asks who gets a lead, and why."""
    options = [{"text": _plain(name), "value": str(pk)} for pk, name in people[:CHOICES]]
    to = {"type": "static_select", "action_id": "value", "options": options}
    why = {"type": "plain_text_input", "action_id": "value", "max_length": 300}
    return {
        "type": "modal",
        "callback_id": Deed.GIVE,
        "private_metadata": f"{press.assignment} {press.place}",
        "title": _plain(_("Give to somebody else")[:24]),
        "submit": _plain(_("Give")),
        "close": _plain(_("Cancel")),
        "blocks": [
            {"type": "input", "block_id": name, "label": _plain(label), "element": element}
            for name, label, element in (("to", _("To"), to), ("why", _("Why"), why))
        ],
    }


def _button(deed: Deed, says: str, assignment: int) -> dict[str, Any]:
    return {"type": "button", "action_id": deed, "text": _plain(says), "value": str(assignment)}


def _plain(text: str) -> dict[str, str]:
    return {"type": "plain_text", "text": text[:75]}


def read(payload: Mapping[str, Any]) -> Press | None:
    """The press that Slack tells of; None for what asks nothing of us. Raises ValueError if it makes no sense."""
    try:
        if payload["type"] == "block_actions":
            return _pressed(payload, payload["actions"][0])
        if payload["type"] == "view_submission":
            return _sent(payload, payload["view"])
    except (KeyError, IndexError, TypeError) as error:
        raise ValueError(f"a press without {error}") from error
    return None


def _pressed(payload: Mapping[str, Any], action: Mapping[str, Any]) -> Press | None:
    if action["action_id"] not in (Deed.ACCEPT, Deed.REASSIGN):
        return None  # a link tells that it was followed
    return Press(
        deed=Deed(action["action_id"]),
        assignment=int(action["value"]),
        user=payload["user"]["id"],
        place=f"{payload['container']['channel_id']} {payload['container']['message_ts']}",
        trigger=payload.get("trigger_id", ""),
    )


def _sent(payload: Mapping[str, Any], view: Mapping[str, Any]) -> Press | None:
    if view["callback_id"] != Deed.GIVE:
        return None
    assignment, _space, place = view["private_metadata"].partition(" ")
    told = view["state"]["values"]
    return Press(
        deed=Deed.GIVE,
        assignment=int(assignment),
        user=payload["user"]["id"],
        place=place,
        to=int(told["to"]["value"]["selected_option"]["value"]),
        why=told["why"]["value"]["value"] or "",
    )
