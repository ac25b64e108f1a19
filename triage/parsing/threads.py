"""Message-IDs: which mail this is, and which mails it answers."""

import re
from typing import Protocol

ID_LIMIT = 255  # a longer one is no id that anybody can refer to
REFERENCES = 50  # the oldest one and the newest ones are kept

_ID = re.compile(r"<([^<>\s]{1,500})>")
_BARE = re.compile(r"[^\s<>\"(),;]+@[^\s<>\"(),;]+")


def message_ids(value: str) -> list[str]:
    """Read the ids of a Message-ID, In-Reply-To or References field, each in angle brackets, in order."""
    found = _ID.findall(value) or _BARE.findall(value[:5000])
    ids = dict.fromkeys(f"<{identity}>" for identity in found if identity.isascii() and identity.isprintable())
    return [identity for identity in ids if len(identity) <= ID_LIMIT]


def bounded(ids: list[str]) -> tuple[str, ...]:
    """Keep the oldest id, which names the thread, and the newest ones."""
    return tuple(ids if len(ids) <= REFERENCES else [ids[0], *ids[1 - REFERENCES :]])


class Identified(Protocol):
    """What a mail says of itself and of the mails that it answers."""

    @property
    def message_id(self) -> str: ...
    @property
    def in_reply_to(self) -> str: ...
    @property
    def references(self) -> tuple[str, ...]: ...
    @property
    def content_hash(self) -> str: ...


def thread_root(mail: Identified) -> str:
    """Name the thread: its oldest known id, or one made from the content when the mail has none."""
    oldest = next(iter(mail.references), "") or mail.in_reply_to or mail.message_id
    return oldest or f"<{mail.content_hash[:40]}@content.invalid>"
