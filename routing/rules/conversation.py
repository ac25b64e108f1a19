"""Pure: who of us is in a mail thread, by the headers of the inbox and of Sent.

In-Reply-To is trusted. A mail that is only named in References counts where its subject or the customer among
its people says the same: mail programs keep old References when somebody reuses a mail for something new. The
subject alone proves nothing; it only orders those who are equal otherwise.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import IntEnum

LONG_AGO = timedelta(days=365)
PREFIX = re.compile(r"^\s*((re|fwd?|aw|wg|antw|sv|vs|tr|rv|odp|r|i)(\[\d+\])?\s*:\s*)+", re.IGNORECASE)
NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Participant:
    """One of us in a mail thread; `weak`: only copied, long ago, gone, or by doubtful headers."""

    email: str
    evidence: str
    weak: bool = False


@dataclass(frozen=True)
class Colleague:
    """One of us, by name; `left` if they work here no more."""

    name: str
    left: bool = False


@dataclass(frozen=True)
class Headers:
    """One mail's headers; addresses in lower case, Message-IDs as they are written."""

    message_id: str
    sender: str
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    subject: str = ""
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    at: datetime | None = None

    @property
    def topic(self) -> str:
        """The subject without its Re: and Fwd:."""
        return PREFIX.sub("", self.subject).strip().casefold()


class Link(IntEnum):
    """How sure it is that two mails belong together."""

    NONE = 0
    NAMED = 1
    CORROBORATED = 2
    REPLY = 3


def link(mail: Headers, other: Headers) -> Link:
    """How `other` belongs to `mail`."""
    if other.message_id == mail.in_reply_to != "" or other.in_reply_to == mail.message_id != "":
        return Link.REPLY
    if other.message_id not in mail.references and mail.message_id not in other.references:
        return Link.NONE
    with_customer = mail.sender in (other.sender, *other.to, *other.cc)
    return Link.CORROBORATED if with_customer or mail.topic == other.topic else Link.NAMED


def who_is_in(
    mail: Headers, others: Iterable[Headers], colleagues: Mapping[str, Colleague], now: datetime
) -> list[Participant]:
    """Our people in the thread of `mail`, the best evidence first; each once. Days are told by the clock of `now`."""
    linked = [(link(mail, other), other.topic == mail.topic, other.at or NEVER, other) for other in others]
    linked = sorted((item for item in linked if item[0]), key=lambda item: item[:3], reverse=True)
    found: dict[str, Participant] = {}
    for how, _, _, other in linked:
        if (who := colleagues.get(other.sender)) and other.sender not in found:
            found[other.sender] = _writer(other, who, how, now)
    for _, _, _, other in [*linked, (Link.REPLY, True, mail.at or NEVER, mail)]:
        for address in (*other.to, *other.cc):
            if (who := colleagues.get(address)) and address not in found:
                found[address] = _copied(address, other, who, now)
    return sorted(found.values(), key=lambda participant: participant.weak)


def _writer(mail: Headers, who: Colleague, how: Link, now: datetime) -> Participant:
    wrote = f"{who.name} wrote {_day(mail.at, now)}"
    if who.left:
        return Participant(mail.sender, f"{wrote}, and has left", weak=True)
    if how is Link.NAMED:
        return Participant(mail.sender, f"{wrote}, in a mail that is only referred to", weak=True)
    return Participant(mail.sender, wrote, weak=mail.at is not None and now - mail.at > LONG_AGO)


def _copied(address: str, mail: Headers, who: Colleague, now: datetime) -> Participant:
    how = "was only CC'd" if address in mail.cc else "was only written to"
    left = ", and has left" if who.left else ""
    return Participant(address, f"{who.name} {how} {_day(mail.at, now)}{left}", weak=True)


def _day(at: datetime | None, now: datetime) -> str:
    """On 12 Nov; with the year where it is not this one."""
    if at is None:
        return "at an unknown time"
    day = at.astimezone(now.tzinfo)
    return f"on {day:%-d %b}" if day.year == now.year else f"on {day:%-d %b %Y}"


def strongest(participants: Sequence[Participant]) -> Participant | None:
    """The first one by good evidence."""
    return next((participant for participant in participants if not participant.weak), None)
