"""Stage 1: a row for every new UID before anything else, then what is needed of each mail to read it.

Only looking: the folder is opened read-only and bodies are peeked at, so that no flag changes. What cannot
be fetched or parsed is quarantined with its raw bytes for a person, and costs the others nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from crm.services import Entry, note_written, record
from inbox_router.rows import save_fields
from inbox_router.shown import recorded
from triage import search
from triage.answers import note_answers
from triage.mailbox import FetchedMail, MailboxError
from triage.models import Draft, Mailbox, Message, SentMail
from triage.parsing import ParsedMail
from triage.parsing.reader import Outcome
from triage.stages.context import Context

log = logging.getLogger(__name__)
ROWS = 1000  # rows that are made for new UIDs in one transaction
RAW_LIMIT = 1_000_000  # bytes kept of a mail that could not be read


def run(context: Context) -> int:
    """Find what is new and read the next chunk of it; how many mails were read."""
    if context.counts["polls"] == 0:
        find_new(context)
        read_sent(context)
        take_up_old(context)
    context.counts["polls"] += 1
    return read_chunk(context)


def find_new(context: Context) -> None:
    """Make a row for every UID above the cursor, and move the cursor in the same transaction."""
    mailbox, state = context.mailbox, context.box.state()
    first = mailbox.started_at is None  # also when an earlier first connect was broken off
    if state.uidvalidity != mailbox.uidvalidity:
        # At first connect, or when the server numbered the folder anew: everything has to be looked at.
        mailbox.uidvalidity, mailbox.last_uid = state.uidvalidity, 0
    since = (timezone.now() - timedelta(days=settings.FIRST_CONNECT_DAYS)).date()
    fresh = context.box.unread_since(since) if first else None
    uids = context.box.uids_after(mailbox.last_uid)
    for start in range(0, len(uids) or 1, ROWS):
        make_rows(context, uids[start : start + ROWS], fresh)
    if first:
        with transaction.atomic():
            context.lease.renew()
            mailbox.started_at = context.run.started_at
            mailbox.save(update_fields=["started_at"])


def make_rows(context: Context, uids: Sequence[int], fresh: set[int] | None) -> None:
    """Rows and cursor together. `fresh` are the UIDs to act on at first connect; None means all."""
    mailbox, status = context.mailbox, Message.Status
    assert mailbox.uidvalidity is not None, "find_new sets it"
    rows = [
        Message(
            mailbox=mailbox,
            folder=mailbox.folder,
            uidvalidity=mailbox.uidvalidity,
            uid=uid,
            status=status.FOUND if fresh is None or uid in fresh else status.BACKLOG,
            first_run=context.run,
        )
        for uid in uids
    ]
    mailbox.last_uid = max([mailbox.last_uid, *uids])
    mailbox.last_polled_at, mailbox.last_error = timezone.now(), ""
    with transaction.atomic():
        context.lease.renew()
        Message.objects.bulk_create(rows, ignore_conflicts=True)
        mailbox.save(update_fields=["uidvalidity", "last_uid", "last_polled_at", "last_error"])
    context.counts["backlog"] += sum(row.status == status.BACKLOG for row in rows)


def take_up_old(context: Context) -> None:
    """Put old mail that a backfill asks for to the start of the pipeline; it stays marked as what it is."""
    backlog = Message.objects.filter(
        pk__in=context.old, status=Message.Status.BACKLOG, uidvalidity=context.mailbox.uidvalidity or 0
    )
    with transaction.atomic():
        context.lease.renew()
        context.counts["old"] += backlog.update(status=Message.Status.FOUND, backfilled=True)


def read_chunk(context: Context) -> int:
    """Read the next mails that have a row and nothing else yet."""
    waiting = Message.objects.filter(mailbox=context.mailbox, status=Message.Status.FOUND)
    messages = list(waiting.select_related("mailbox").order_by("uid")[: context.chunk])
    if not messages:
        return 0
    numbered = [message.uid for message in messages if message.uidvalidity == context.mailbox.uidvalidity]
    mails = context.box.fetch(numbered) if numbered else {}
    whole = {uid: mail for uid, mail in mails.items() if isinstance(mail, FetchedMail)}
    outcomes = dict(zip(whole, context.reader.read(list(whole.values()), context.lease.renew), strict=True))
    for message in messages:
        read(context, message, mails.get(message.uid), outcomes.get(message.uid))
    join_threads(messages)
    mark_duplicates(context.mailbox, messages)
    mark_backlog(context.mailbox, messages)
    with transaction.atomic():
        context.lease.renew()
        save_fields(messages, FIELDS)
        search.index(messages)
        note_written(newest(messages))
        record([received(message) for message in messages])
    context.counts.update(message.status for message in messages)
    return len(messages)


def read(context: Context, message: Message, mail: FetchedMail | MailboxError | None, outcome: Outcome | None) -> None:
    """Fill a row from what the server gave for it, and from what came of reading that."""
    if message.uidvalidity != context.mailbox.uidvalidity:  # its number names another mail now
        message.status, message.error = Message.Status.DONE, "renumbered by the server before it was read"
    elif mail is None:
        message.status, message.error = Message.Status.DONE, "gone from the folder before it was read"
    elif isinstance(mail, MailboxError):
        quarantine(context, message, str(mail))
    elif isinstance(outcome, ParsedMail):
        fill(message, outcome, mail)
    else:
        quarantine(context, message, str(outcome))


def newest(messages: Sequence[Message]) -> dict[str, datetime]:
    """When each person among the senders wrote last."""
    times: dict[str, datetime] = {}
    for one in messages:
        if one.sender_address and one.received_at and not one.automatic:
            times[one.sender_address] = max(one.received_at, times.get(one.sender_address, one.received_at))
    return times


def quarantine(context: Context, message: Message, reason: str) -> None:
    """Keep a mail that cannot be read for a person, with its raw bytes if the server gives them."""
    message.status, message.error = Message.Status.QUARANTINED, reason[:500]
    context.lease.renew()  # a whole chunk of them takes its time
    try:
        message.raw = context.box.raw(message.uid, limit=RAW_LIMIT)
    except MailboxError as error:
        message.error = f"{reason}; and no raw bytes: {error}"[:500]


def fill(message: Message, parsed: ParsedMail, mail: FetchedMail) -> None:
    """Copy what was read into the row, cut to the room there is."""
    message.status, message.error = Message.Status.FETCHED, ""
    message.message_id, message.in_reply_to = parsed.message_id, parsed.in_reply_to
    message.references, message.thread_id = " ".join(parsed.references), parsed.thread_root
    message.content_hash = parsed.content_hash
    message.from_name, message.from_address = parsed.from_name[:200], parsed.from_address[:254]
    message.sender_name, message.sender_address = parsed.sender_name[:200], parsed.sender_address[:254]
    message.sender_evidence, message.doubt = parsed.sender_evidence[:300], parsed.sender_doubt[:300]
    message.reply_to = (parsed.reply_to[0] if len(parsed.reply_to) == 1 else "")[:254]
    message.to_addresses, message.cc_addresses = " ".join(parsed.to), " ".join(parsed.cc)
    message.subject, message.headers = parsed.subject[:500], dict(parsed.headers)
    message.text, message.new_text = parsed.text, parsed.new_text
    message.html, message.hidden = parsed.html, list(parsed.hidden_removed)
    message.bounced_ids, message.away_until = " ".join(parsed.bounced_message_ids), parsed.out_of_office_until
    message.attachments = [
        {"name": part.name, "type": part.content_type, "size": part.size} for part in parsed.attachments
    ]
    message.seen = "\\Seen" in mail.flags
    message.size, message.received_at = mail.size, mail.received_at or parsed.date
    message.automatic = parsed.automatic


FIELDS = [
    *("status", "error", "raw", "same_as", "message_id", "in_reply_to", "references", "thread_id", "content_hash"),
    *("from_name", "from_address", "sender_name", "sender_address", "sender_evidence", "doubt", "reply_to"),
    *("to_addresses", "cc_addresses", "html", "hidden", "bounced_ids", "away_until"),
    *("subject", "headers", "text", "new_text", "attachments", "size", "seen", "received_at", "automatic"),
]


def join_threads(messages: Sequence[Message]) -> None:
    """Give each mail the thread of a mail that it answers, where we know one."""
    answered = {mail_id for message in messages for mail_id in answers(message)}
    known = known_threads(answered)
    for message in messages:
        message.thread_id = next((known[i] for i in answers(message) if i in known), message.thread_id)
        if message.message_id:
            known.setdefault(message.message_id, message.thread_id)


def answers(message: Message) -> list[str]:
    """The mails that this one answers, or tells did not arrive, nearest first."""
    reported, references = message.bounced_ids.split(), reversed(message.references.split()[-10:])
    return [i for i in [*reported, message.in_reply_to, *references] if i]


def known_threads(message_ids: Iterable[str]) -> dict[str, str]:
    approved = Draft.objects.filter(sent_mail_id__in=message_ids)
    known = {sent: thread for sent, thread in approved.values_list("sent_mail_id", "message__thread_id") if sent}
    for model in (SentMail, Message):
        rows = model._default_manager.filter(message_id__in=message_ids).exclude(thread_id="")
        known.update(rows.values_list("message_id", "thread_id"))
    return known


def mark_duplicates(mailbox: Mailbox, messages: Sequence[Message]) -> None:
    """Recognise a mail that has a row already: the folder was numbered anew, or it was moved out and back."""
    fresh = [message for message in messages if message.status == Message.Status.FETCHED]
    rows = Message.objects.filter(
        mailbox=mailbox, content_hash__in=[message.content_hash for message in fresh], same_as=None
    ).exclude(status__in=(Message.Status.FOUND, Message.Status.BACKLOG))
    first = dict(rows.order_by("-pk").values_list("content_hash", "pk"))
    for message in fresh:
        if message.content_hash in first:
            message.status, message.same_as_id = Message.Status.DUPLICATE, first[message.content_hash]
        else:
            first[message.content_hash] = message.pk


def mark_backlog(mailbox: Mailbox, messages: Sequence[Message]) -> None:
    """Leave mail from before the start alone also when the server has numbered the folder anew."""
    old = Message.objects.filter(mailbox=mailbox, status=Message.Status.BACKLOG)
    start = mailbox.started_at and mailbox.started_at.replace(microsecond=0)  # servers tell whole seconds
    if start and mailbox.uidvalidity and old.exclude(uidvalidity=mailbox.uidvalidity).exists():
        new = (one for one in messages if one.status == Message.Status.FETCHED and not one.backfilled)
        for message in new:
            if message.received_at and message.received_at < start:
                message.status = Message.Status.BACKLOG


def received(message: Message) -> Entry:
    return Entry(
        key=f"message:{message.name}:received",
        action="received" if message.status == Message.Status.FETCHED else message.status,
        subject=f"message:{message.pk}",
        summary=f"{recorded(Message.Status(message.status).label).capitalize()}: {message.subject or 'no subject'}",
        reason=message.error,
        sender=message.sender_address,
        mail_subject=message.subject,
    )


def read_sent(context: Context) -> None:
    """Note the headers of new mail in Sent: who of us wrote in which thread."""
    mailbox = context.mailbox
    since = (timezone.now() - timedelta(days=90)).date()
    state, headers = context.box.sent_headers_after(mailbox.sent_uidvalidity, mailbox.sent_last_uid, since)
    mails = parsed_headers(context, headers)
    # What a machine of ours answered, such as an absence note, is nobody's answer to a customer.
    rows = [sent_mail(mailbox, state.uidvalidity, uid, mail) for uid, mail in mails if not mail.automatic]
    known = known_threads({row.in_reply_to for row in rows if row.in_reply_to})
    for row in rows:
        row.thread_id = known.get(row.in_reply_to, row.thread_id)
    mailbox.sent_uidvalidity = state.uidvalidity
    mailbox.sent_last_uid = max([state.uidnext - 1, *headers])
    with transaction.atomic():
        context.lease.renew()
        SentMail.objects.bulk_create(rows, ignore_conflicts=True)
        note_answers(rows)
        mailbox.save(update_fields=["sent_uidvalidity", "sent_last_uid"])


def parsed_headers(context: Context, headers: Mapping[int, bytes]) -> Iterator[tuple[int, ParsedMail]]:
    """What mails say by their headers alone, by UID, read a chunk at a time; one that cannot be read is left out."""
    mails = [
        FetchedMail(uid, 0, frozenset(), None, header, (), ())
        for uid, header in sorted(headers.items())
        if header.strip()
    ]
    for start in range(0, len(mails), context.chunk):
        chunk = mails[start : start + context.chunk]
        for mail, outcome in zip(chunk, context.reader.read(chunk, context.lease.renew), strict=True):
            if isinstance(outcome, ParsedMail):
                yield mail.uid, outcome
            else:
                log.warning(
                    "%s: the mail in Sent with UID %s was left out: %s", context.mailbox.name, mail.uid, outcome
                )


def sent_mail(mailbox: Mailbox, uidvalidity: int, uid: int, parsed: ParsedMail) -> SentMail:
    return SentMail(
        mailbox=mailbox,
        uidvalidity=uidvalidity,
        uid=uid,
        message_id=parsed.message_id,
        thread_id=parsed.thread_root,
        in_reply_to=parsed.in_reply_to,
        from_name=parsed.from_name[:200],
        from_address=parsed.from_address[:254],
        to_addresses=" ".join(parsed.to),
        cc_addresses=" ".join(parsed.cc),
        subject=parsed.subject[:500],
        sent_at=parsed.date,
    )
