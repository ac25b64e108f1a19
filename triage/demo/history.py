"""A made-up year of mail of any size, written straight into an empty database: to see how the admin copes with it.

Nothing of it was ever in a mailbox. All of it belongs to a mailbox of its own, which is switched off, so that no
delivery of it is ever tried. The same amounts make the same history.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from django.db import connection, transaction
from django.db.models import F, OuterRef, Subquery
from django.utils import timezone

from crm.models import AuditEntry, Contact, Lead, SheetRow
from crm.services import note_written
from inbox_router.delivery import Delivery
from inbox_router.rows import save_fields
from routing.models import Assignment, LedgerLine, Membership, Pool, Rule, Salesperson, SlackAlert
from triage import search
from triage.demo.wording import SUBJECTS, body, company
from triage.models import CaptureCheck, Category, Classification, Draft, Mailbox, MailboxDelivery, Message, SentMail

MAILBOX = "generated"
DAYS = 365
CHUNK = 2000
PER_CUSTOMER = 8  # mails
TEAM = ("Ana Horakova", "Ben Carter", "Cleo Martin", "Dan Novak", "Eva Lang")
State = Delivery.State


class NotEmpty(Exception):
    """The database has mail that was not made up."""


@dataclass(frozen=True)
class Amounts:
    """How much is made: mails, how many of them are leads, and how many lines the audit log gets."""

    messages: int
    leads: int
    entries: int

    def share(self, number: int, of: int) -> range:
        """Which of so many things belong to mail `number`: all of them spread evenly over the mails."""
        return range(number * of // self.messages, (number + 1) * of // self.messages)


@dataclass(frozen=True)
class Office:
    """What all of it belongs to."""

    mailbox: Mailbox
    pool: Pool
    people: list[Salesperson]


def make(amounts: Amounts, say: Callable[[int], object]) -> None:
    """Add a history; `say` is told how many mails there are so far. Raises NotEmpty."""
    if Message.objects.exclude(mailbox__name=MAILBOX).exists():
        raise NotEmpty
    office = open_office()
    first = office.mailbox.last_uid
    for start in range(0, amounts.messages, CHUNK):
        numbers = range(start, min(start + CHUNK, amounts.messages))
        with transaction.atomic():
            write(office, amounts, numbers, first)
        say(numbers.stop)
    with connection.cursor() as cursor:  # otherwise the database plans its next queries for empty tables
        cursor.execute("ANALYZE")


def open_office() -> Office:
    """The mailbox, a pool of five people, and a year of hourly proofs that nothing is missing."""
    mailbox, _ = Mailbox.objects.get_or_create(name=MAILBOX, defaults={"address": "sales@acme.example"})
    Mailbox.objects.filter(pk=mailbox.pk).update(active=False)
    pool, _ = Pool.objects.get_or_create(name="Generated")
    people = []
    for place, name in enumerate(TEAM):
        email = f"{name.split()[0].lower()}@generated.example"
        person, _ = Salesperson.objects.get_or_create(email=email, defaults={"name": name})
        Membership.objects.get_or_create(pool=pool, salesperson=person, defaults={"position": place})
        people.append(person)
    if not CaptureCheck.objects.filter(mailbox=mailbox).exists():
        now = timezone.now()
        hours = (now - timedelta(hours=back) for back in range(DAYS * 24, 0, -1))
        rows = [CaptureCheck(mailbox=mailbox, at=at, messages=100, unexplained=0) for at in hours]
        CaptureCheck.objects.bulk_create(rows, batch_size=CHUNK)
    return Office(mailbox, pool, people)


def write(office: Office, amounts: Amounts, numbers: range, first: int) -> None:
    """Some mails, and all that was made of them."""
    messages = Message.objects.bulk_create([message(office, amounts, number, first) for number in numbers])
    search.index(messages)
    Classification.objects.bulk_create([row for one in messages for row in judgements(one)])
    MailboxDelivery.objects.bulk_create([label(one) for one in messages])
    log(messages, amounts, numbers)
    write_leads(office, [one for one in messages if one.category == Category.LEAD])
    set_clocks(messages)
    Mailbox.objects.filter(pk=office.mailbox.pk).update(last_uid=messages[-1].uid)


def message(office: Office, amounts: Amounts, number: int, first: int) -> Message:
    """One mail, the later the higher its number."""
    uid = first + number + 1
    random = Random(uid)  # noqa: S311 (no secret)
    customer = random.randrange(amounts.messages // PER_CUSTOMER + 1)
    address = f"{random.choice(('info', 'berta', 'einkauf'))}@{company(customer)}.example"
    others = (Category.SPAM, Category.NEWSLETTER, Category.NEWSLETTER, Category.ACCOUNTING, Category.UNCERTAIN)
    category = Category.LEAD if amounts.share(number, amounts.leads) else random.choice(others)
    language = random.choice(tuple(SUBJECTS))
    waits = category == Category.UNCERTAIN and number >= amounts.messages - 500
    at = timezone.now() - timedelta(days=DAYS) * (1 - (number + 1) / amounts.messages)
    text = body(random, language)
    return Message(
        mailbox=office.mailbox, folder="INBOX", uidvalidity=1, uid=uid, received_at=at, decided_at=at,
        status=Message.Status.REVIEW if waits else Message.Status.DONE,
        message_id=f"<{uid}@generated.example>", thread_id=f"<{uid}@generated.example>", content_hash=f"{uid:064d}",
        from_name="Berta Buyer", from_address=address, sender_name="Berta Buyer", sender_address=address,
        reply_to=address, to_addresses=office.mailbox.address, subject=f"{random.choice(SUBJECTS[language])} {uid}",
        text=text, new_text=text, category=category, confidence=round(random.uniform(0.5, 1), 3), language=language,
        size=len(text), review_reason="Below the line" if waits else "",
    )  # fmt: skip


def judgements(one: Message) -> Iterator[Classification]:
    """What a machine said of a mail, and of each twentieth what a person said after it."""
    said = {"message": one, "category": one.category, "language": one.language}
    yield Classification(judge="local", model="starter", confidence=one.confidence or 0, reason="Made up.", **said)
    if one.uid % 20 == 0:
        yield Classification(judge="person", confidence=1, **said)


def label(one: Message) -> MailboxDelivery:
    return MailboxDelivery(
        mailbox_id=one.mailbox_id, message=one, deed=MailboxDelivery.Deed.LABEL, label=one.category, **settled(one, "l")
    )


def settled(one: Message, kind: str) -> dict[str, object]:
    """The fields of a delivery that was done at once."""
    key = f"generated:{kind}:{one.uid}"
    return {"effect": "label", "key": key, "stream": key, "state": State.DONE, "attempts": 1,
            "due_at": one.received_at, "settled_at": one.received_at}  # fmt: skip


def log(messages: list[Message], amounts: Amounts, numbers: range) -> None:
    """The audit log of these mails, and its mirror."""
    actions = ("received", "classified", "label done", "drafted", "assigned")
    entries = [
        AuditEntry(
            key=f"generated:{one.uid}:{place}", at=at(one), action=actions[place % 5], actor="Inbox Router",
            actor_kind="model" if place % 5 == 1 else "system", subject=f"message:{one.pk}",
            summary=f"{actions[place % 5].capitalize()}: {one.subject}", sender=one.sender_address,
            mail_subject=one.subject,
        )
        for one, number in zip(messages, numbers, strict=True)
        for place in range(len(amounts.share(number, amounts.entries)))
    ]  # fmt: skip
    SheetRow.objects.bulk_create(
        SheetRow(entry=entry, effect="sheet", key=entry.key, stream=entry.key, state=State.DONE, settled_at=entry.at)
        for entry in AuditEntry.objects.bulk_create(entries)
    )


def write_leads(office: Office, messages: list[Message]) -> None:
    """The contact, lead, owner, reply and alert of each of these mails."""
    Contact.objects.bulk_create([contact(one) for one in messages], ignore_conflicts=True)
    known = Contact.objects.in_bulk([one.sender_address for one in messages], field_name="address")
    owners = [office.people[one.uid % len(office.people)] for one in messages]
    leads = Lead.objects.bulk_create(
        Lead(contact=known[one.sender_address], thread_id=one.thread_id, subject=one.subject, language=one.language,
             source="made up", first_message=one.text, owner_name=who.name, owner_email=who.email)
        for one, who in zip(messages, owners, strict=True)
    )  # fmt: skip
    given = Assignment.objects.bulk_create(
        Assignment(lead=lead, salesperson=who, pool=office.pool, rule=Rule.ROTATION, reason="Next", at=at(one))
        for lead, who, one in zip(leads, owners, messages, strict=True)
    )
    LedgerLine.objects.bulk_create(
        LedgerLine(pool=office.pool, salesperson=row.salesperson, assignment=row, kind=LedgerLine.Kind.TURN, change=0,
                   credit=0, reason="Next", at=row.at)
        for row in given
    )  # fmt: skip
    SlackAlert.objects.bulk_create(
        SlackAlert(assignment=row, salesperson=row.salesperson, text="A lead for you", **settled(one, "s"))
        for row, one in zip(given, messages, strict=True)
    )
    write_replies(messages, owners, known)


def set_clocks(messages: list[Message]) -> None:
    """Let the rows be as old as their mail: Django gives each the moment at which it is stored."""
    keys, threads = [one.pk for one in messages], [one.thread_id for one in messages]
    Message.objects.filter(pk__in=keys).update(created_at=F("received_at"))
    of_message = Message.objects.filter(pk=OuterRef("message_id")).values("received_at")
    Classification.objects.filter(message__in=keys).update(created_at=Subquery(of_message))
    MailboxDelivery.objects.filter(message__in=keys).update(created_at=Subquery(of_message))
    of_thread = Message.objects.filter(thread_id=OuterRef("thread_id")).values("received_at")[:1]
    Lead.objects.filter(thread_id__in=threads).update(created_at=Subquery(of_thread))
    note_written({one.sender_address: at(one) for one in messages})


def contact(one: Message) -> Contact:
    domain = one.sender_address.rpartition("@")[2]
    name = domain.partition(".")[0].replace("-", " ").title()
    return Contact(address=one.sender_address, name=one.sender_name, domain=domain, company=name)


def write_replies(messages: list[Message], owners: list[Salesperson], known: dict[str, Contact]) -> None:
    """A draft for each, sent but for the newest, and the mail that was sent."""
    pairs = list(zip(messages, owners, strict=True))
    soon = timezone.now() - timedelta(days=1)
    Draft.objects.bulk_create(draft(one, who, waits=at(one) > soon) for one, who in pairs)
    replies = [reply(one, who) for one, who in pairs if at(one) <= soon]
    for mail in SentMail.objects.bulk_create(replies):
        known[mail.to_addresses].last_out_at = mail.sent_at
    save_fields(list(known.values()), ["last_out_at"])


def draft(one: Message, who: Salesperson, *, waits: bool) -> Draft:
    return Draft(
        message=one, state=Draft.State.WAITING if waits else Draft.State.SENT, mail_id=f"<d{one.message_id[1:]}",
        token=f"{one.uid:032d}", from_address=one.to_addresses, to_address=one.sender_address, subject=one.subject,
        original_subject=one.subject, body="Thank you.", original_body="Thank you.", language=one.language,
        owner_name=who.name, created_at=at(one), decided_at=None if waits else at(one),
    )  # fmt: skip


def reply(one: Message, who: Salesperson) -> SentMail:
    return SentMail(
        mailbox_id=one.mailbox_id, uidvalidity=1, uid=one.uid, message_id=f"<r{one.message_id[1:]}",
        thread_id=one.thread_id, in_reply_to=one.message_id, from_name=who.name, from_address=who.email,
        to_addresses=one.sender_address, subject=f"Re: {one.subject}", sent_at=at(one) + timedelta(minutes=38),
    )  # fmt: skip


def at(one: Message) -> datetime:
    return one.received_at or timezone.now()
