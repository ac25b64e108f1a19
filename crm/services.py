"""What the apps above ask of the CRM: log what happened, keep contacts and their leads."""

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction
from django.db.models import Model
from django.utils import timezone
from django.utils.functional import Promise

from crm.mending import in_tab, lost, mend
from crm.mirror import from_settings, tab_of
from crm.models import AuditEntry, Contact, Lead, SheetRow
from inbox_router.rows import save_fields
from inbox_router.shown import for_the_record


@dataclass(frozen=True)
class Entry:
    """One thing that was decided or done. `key` is made from what it is, so that it is logged once.

    `subject` names what it is about ("message:12"); `actor_kind` is an AuditEntry.Actor value.
    """

    key: str
    action: str
    subject: str
    summary: str
    reason: str = ""
    actor: str = "Inbox Router"
    actor_kind: str = AuditEntry.Actor.SYSTEM
    sender: str = ""
    mail_subject: str = ""


TEXTS = ("summary", "reason", "sender", "mail_subject")  # are cut to what their column holds
LIMITS = {field.name: field.max_length for field in AuditEntry._meta.fields if field.name in TEXTS}


def record(entries: Sequence[Entry]) -> None:
    """Log each entry and owe its row in the spreadsheet; one whose key is known was logged before.

    Both or neither are stored, in a number of statements that does not grow with the entries.
    """
    gathered = _gathered.get()
    if gathered is not None:
        gathered.extend(entries)
    elif entries:
        _write(entries)


def record_edit(thing: Model, told: Iterable[str | Promise], who: str, why: str = "") -> None:
    """Log what a person changed of a thing, such as "weight 1 becomes 3"; nothing where nothing is told.

    What tells it is asked here, so that it tells it in our records' language.
    """
    with for_the_record():
        name, words = f"{thing._meta.model_name}:{thing.pk}", "; ".join(map(str, told))
        summary = f"{thing}: {words}"
    if words:
        key = f"edited:{name}:{timezone.now():%Y%m%d%H%M%S%f}"
        record([Entry(key, "edited", name, summary, why, actor=who, actor_kind=AuditEntry.Actor.PERSON)])


@contextmanager
def recorded_at_once() -> Iterator[None]:
    """Write what is recorded in this block at its end, together: the several entries of one decision.

    To be used within the transaction of the decision; after an error in the block nothing is written.
    """
    gathered: list[Entry] = []
    token = _gathered.set(gathered)
    try:
        yield
    finally:
        _gathered.reset(token)
    record(gathered)


_gathered: ContextVar[list[Entry] | None] = ContextVar("gathered", default=None)


def _write(entries: Sequence[Entry]) -> None:
    keys = {entry.key for entry in entries}
    with transaction.atomic(savepoint=False):
        AuditEntry.objects.bulk_create([_row(entry) for entry in entries], ignore_conflicts=True)
        # Where conflicts are ignored no primary keys come back.
        stored = AuditEntry.objects.filter(key__in=keys).order_by("pk").values_list("pk", "key")
        owed = [SheetRow.owe(effect="sheet", key=key, stream=key, entry_id=pk) for pk, key in stored]
        if len(owed) != len(keys):  # SQLite ignores a missing value as it ignores a conflict
            raise ValueError("An audit entry lacks a value.")
        SheetRow.objects.bulk_create(owed, ignore_conflicts=True)


def _row(entry: Entry) -> AuditEntry:
    values = vars(entry)
    return AuditEntry(**values | {name: values[name][:limit] for name, limit in LIMITS.items()})


@dataclass(frozen=True)
class MirrorState:
    """How the spreadsheet compares with the log: rows that were written, those that stand there, those to come."""

    here: int
    there: int
    waiting: int


def mirror_state() -> MirrorState:
    """Read the spreadsheet and count. Takes seconds for a hundred thousand rows. Raises SheetError."""
    sheet, here, gone = from_settings(), 0, 0
    for tab in range(1, tab_of(max(SheetRow.last_line(), 1)) + 1):
        written, there = in_tab(SheetRow, sheet, tab)
        here, gone = here + len(written), gone + len(lost(written, there))
    return MirrorState(here, here - gone, rows_waiting())


def rows_waiting() -> int:
    """How many rows are still to be written to the spreadsheet."""
    return SheetRow.objects.exclude(state__in=SheetRow.SETTLED).count()


def resend_missing(*, whole: bool = True) -> int:
    """Owe again each row that people deleted, emptied or sorted away in the spreadsheet; how many.

    `whole` or only the tab that is written now. Raises SheetError.
    """
    return mend(SheetRow, from_settings(), whole=whole) if SheetRow.last_line() else 0


def normalised(address: str) -> str:
    """The form of an address under which its contact is found."""
    return unicodedata.normalize("NFKC", address).strip().lower()


def contact_for(address: str, name: str = "", company: str = "", language: str = "") -> Contact:
    """The contact with this address, created if it is new. What was empty is filled; nothing is overwritten."""
    told = {"name": name[:200], "company": company[:200], "language": language[:8]}
    address = normalised(address)
    domain = address.rpartition("@")[2]
    contact, created = Contact.objects.get_or_create(address=address, defaults={**told, "domain": domain})
    learnt = {field: value for field, value in told.items() if value and not getattr(contact, field)}
    if learnt and not created:
        for field, value in learnt.items():
            setattr(contact, field, value)
        contact.save(update_fields=list(learnt))
    return contact


def open_lead(
    contact: Contact,
    *,
    thread_id: str,
    source: str,
    subject: str,
    first_message: str,
    language: str = "",
    technical: bool = False,
) -> tuple[Lead, bool]:
    """The lead of this mail thread, and whether it is new: a thread has one lead, whoever asks at the same time."""
    if not thread_id:
        raise ValueError("A lead needs the id of its thread: without one, unrelated leads would become the same.")
    return Lead.objects.get_or_create(
        thread_id=thread_id,
        defaults={
            "contact": contact,
            "source": source[:200],
            "subject": subject[:500],
            "first_message": first_message,
            "language": language,
            "technical": technical,
        },
    )


def set_owner(lead: Lead, name: str, email: str) -> None:
    """Write down who is responsible for a lead now."""
    lead.owner_name, lead.owner_email = name, email
    lead.save(update_fields=["owner_name", "owner_email"])


def note_absence(address: str, until: date) -> None:
    """Keep until when a contact is away, by what they said last; nobody becomes a contact by it."""
    Contact.objects.filter(address=normalised(address)).update(away_until=until)


def note_bounce(lead: Lead, at: datetime) -> None:
    """Mark a lead whose customer did not get our reply."""
    Lead.objects.filter(pk=lead.pk).update(reply_bounced_at=at)


def note_sent(lead: Lead, at: datetime) -> None:
    """Keep when we wrote last to whose lead it is; take the mark of a bounced reply away, if that was before."""
    Lead.objects.filter(pk=lead.pk, reply_bounced_at__lt=at).update(reply_bounced_at=None)
    note_mailed({lead.contact.address: at})


def note_written(mails: Mapping[str, datetime]) -> None:
    """Keep when contacts wrote last, by address, in two statements; nobody becomes a contact by it."""
    _note_latest("last_in_at", mails)


def note_mailed(mails: Mapping[str, datetime]) -> None:
    """Keep when one of us wrote to contacts last, by address, whatever it was about, in two statements."""
    _note_latest("last_out_at", mails)


def _note_latest(name: str, mails: Mapping[str, datetime]) -> None:
    last = {normalised(address): at for address, at in mails.items()}
    known = list(Contact.objects.filter(address__in=last))
    later = [one for one in known if getattr(one, name) is None or getattr(one, name) < last[one.address]]
    for contact in later:
        setattr(contact, name, last[contact.address])
    save_fields(later, [name])
