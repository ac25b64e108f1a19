"""Message-IDs: which mail this is, and which mails it answers."""

import re

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


def thread_root(message_id: str, in_reply_to: str, references: tuple[str, ...], content_hash: str) -> str:
    """Name the thread: its first known id, or one made from the content when the mail has none."""
    return next(iter(references), "") or in_reply_to or message_id or f"<{content_hash[:40]}@content.invalid>"
