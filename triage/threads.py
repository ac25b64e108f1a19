"""Who of us takes part in a mail thread, by the headers of the inbox and of the Sent folder."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from inbox_router.shown import office
from routing.models import Salesperson
from routing.services import Colleague, Headers, Participant, who_is_in
from triage.models import Message, SentMail

OURS = "us"  # in place of an address
SUMMED_UP = 6  # mails of a thread, the newest


def participants(messages: Sequence[Message], team: Mapping[str, Salesperson]) -> dict[int, list[Participant]]:
    """Our people in the thread of each message, the best evidence first; two statements, however many."""
    threads = {message.thread_id for message in messages if message.thread_id}
    others: dict[str, list[Headers]] = defaultdict(list)
    for mail in mails_in(threads):
        others[mail.thread_id].append(headers(mail))
    people = {address: Colleague(person.name, left=not person.active) for address, person in team.items()}
    now = office()
    return {
        message.pk: who_is_in(headers(message), others.get(message.thread_id, ()), people, now) for message in messages
    }


def summaries(messages: Sequence[Message]) -> dict[int, str]:
    """Who wrote when in the thread of each message, without a name: no other customer's; those alone have none.

    Two statements, however many.
    """
    threads = {message.thread_id for message in messages if message.thread_id}
    read = Message.objects.filter(thread_id__in=threads, automatic="")
    sent = SentMail.objects.filter(thread_id__in=threads)
    said: dict[str, list[tuple[datetime, int, str]]] = defaultdict(list)
    for thread, at, key, address in read.values_list("thread_id", "received_at", "pk", "sender_address"):
        if at:
            said[thread].append((at, key, address))
    for thread, at in sent.values_list("thread_id", "sent_at"):
        if at:
            said[thread].append((at, 0, OURS))
    told = {message.pk: _told(message, sorted(said[message.thread_id])) for message in messages}
    return {key: line for key, line in told.items() if line}


def _told(message: Message, said: Sequence[tuple[datetime, int, str]]) -> str:
    who = {OURS: "one of us", message.sender_address: "the sender"}
    others = [
        f"{who.get(address, 'somebody else')} on {office(at):%-d %b %Y}"
        for at, key, address in said
        if key != message.pk
    ]
    return f"Also in this thread ({len(others)}): {', '.join(others[-SUMMED_UP:])}" if others else ""


def mails_in(threads: Iterable[str]) -> Iterable[Message | SentMail]:
    """Every mail that somebody wrote in these threads, received or sent; what machines answer is nobody's word."""
    read = ("thread_id", "message_id", "to_addresses", "cc_addresses", "subject", "in_reply_to", "from_address")
    yield from Message.objects.filter(thread_id__in=threads, automatic="").only(*read, "references", "received_at")
    yield from SentMail.objects.filter(thread_id__in=threads)


def headers(mail: Message | SentMail) -> Headers:
    return Headers(
        message_id=mail.message_id,
        sender=mail.from_address,
        to=tuple(mail.to_addresses.split()),
        cc=tuple(mail.cc_addresses.split()),
        subject=mail.subject,
        in_reply_to=mail.in_reply_to,
        references=tuple(mail.references.split()) if isinstance(mail, Message) else (),
        at=mail.received_at if isinstance(mail, Message) else mail.sent_at,
    )
