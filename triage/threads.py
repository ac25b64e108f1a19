"""Who takes part in a mail thread, by the headers of the inbox and of the Sent folder."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from triage.models import Message, SentMail


@dataclass(frozen=True)
class Participant:
    """Somebody who wrote in a thread or was in copy; `at` is when, where the mail says it."""

    address: str
    name: str
    wrote: bool
    at: datetime | None

    def __str__(self) -> str:
        day = f" on {self.at:%-d %b %Y}" if self.at else ""
        return f"{self.name or self.address} {'wrote' if self.wrote else 'was in copy'}{day}"


def participants(thread_ids: Iterable[str]) -> dict[str, list[Participant]]:
    """The people in each thread, oldest mail first; two statements, however many threads."""
    wanted = {thread_id for thread_id in thread_ids if thread_id}
    people: dict[str, list[Participant]] = defaultdict(list)
    received = Message.objects.filter(thread_id__in=wanted).order_by("received_at")
    for thread, address, name, at in received.values_list("thread_id", "from_address", "from_name", "received_at"):
        people[thread].append(Participant(address, name, True, at))
    for sent in SentMail.objects.filter(thread_id__in=wanted).order_by("sent_at"):
        people[sent.thread_id].append(Participant(sent.from_address, sent.from_name, True, sent.sent_at))
        for address in (sent.to_addresses + " " + sent.cc_addresses).split():
            people[sent.thread_id].append(Participant(address, "", False, sent.sent_at))
    return people
