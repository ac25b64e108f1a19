"""What holds whatever happens, told from files and rows alone: nothing lost, nothing twice, a person's act wins."""

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection
from django.utils import timezone

from tests.stories.maildir import Letter, counted

OWN_WORDS = frozenset({"Review", "Accounting"})
OURS = ("Drafts", "Sent")  # where the program adds mail
TRASHED = ("spam", "newsletter")
WAYS = {("INBOX", "Archive"), ("INBOX", "Trash"), ("Trash", "INBOX"), ("Drafts", "Trash")}
COMMAND = re.compile(rb"[A-Z]{4}\d+ ([A-Z]+(?: [A-Z]+)?)(.*)", re.DOTALL)
READING = {"LOGIN", "CAPABILITY", "LIST", "SELECT", "EXAMINE", "LOGOUT", "NOOP", "SEARCH", "FETCH"}
WRITING = {"STORE", "MOVE", "APPEND", "CREATE"}
OWN_STORE = re.compile(rb" [\d,:]+ [+-]FLAGS.SILENT \((Review|Accounting)\)\r\n")


def rows(sql: str, *values: Any) -> list[dict[str, Any]]:
    """Rows as the database has them."""
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


@dataclass
class Past:
    """What happened in this story so far. `ever`: the ids of drafts and replies that were seen in the mailbox."""

    ever: set[tuple[str, str]] = field(default_factory=set)
    made: set[str] = field(default_factory=set)
    read: set[str] = field(default_factory=set)  # by a person, after it was fetched
    touched: set[str] = field(default_factory=set)  # by a person, ever
    old: set[str] = field(default_factory=set)  # from before the start
    words: set[tuple[str, str]] = field(default_factory=set)  # labels that a person took off

    def see(self, letters: Sequence[Letter]) -> None:
        self.ever |= {(letter.folder, letter.message_id) for letter in letters if letter.folder in OURS}


class Ledger:
    """The program's rows for mails, by number and by primary key."""

    def __init__(self) -> None:
        fields = "id, uid, uidvalidity, status, category, subject, message_id, same_as_id, decided_at"
        found = rows(f"select {fields} from triage_message")
        self.by_id = {row["id"]: row for row in found}
        self.by_number = {(row["uidvalidity"], row["uid"]): row for row in found}

    def first_row(self, letter: Letter) -> Mapping[str, Any] | None:
        """The row that decides about a mail: its own, or that of which it is a copy."""
        row = self.by_number.get((letter.uidvalidity, letter.uid))
        return self.by_id.get(row["same_as_id"], row) if row else None


def check_step(before: Sequence[Letter], after: Sequence[Letter], past: Past, taken: Collection[str] = ()) -> None:
    """What the program changed is what it may change. `taken`: what a person moved meanwhile."""
    was, now = counted(before), counted(after)
    lost = was - now
    assert not lost, f"gone from all folders: {named(before, lost)}"
    added = now - was
    for letter in after:
        if letter.digest in added:
            check_added(letter, added, past)
    check_moves(before, after, past, taken)
    check_flags(before, after)
    check_words(before, after, past)
    past.made |= set(added)


def named(letters: Sequence[Letter], digests: Collection[str]) -> list[tuple[str, str]]:
    return [(letter.folder, letter.subject) for letter in letters if letter.digest in digests]


def check_added(letter: Letter, added: Counter[str], past: Past) -> None:
    assert letter.folder in OURS, f"doubled: {letter}"
    assert added[letter.digest] == 1, f"added twice: {letter}"
    assert (letter.folder, letter.message_id) not in past.ever, f"made again: {letter}"
    column = "mail_id" if letter.folder == "Drafts" else "sent_mail_id"
    assert rows(f"select 1 from triage_draft where {column} = %s", letter.message_id), f"nobody's: {letter}"


def check_moves(before: Sequence[Letter], after: Sequence[Letter], past: Past, taken: Collection[str]) -> None:
    ledger, copies = Ledger(), counted(before)
    for source, target, letter in moves(before, after):
        if letter.digest in taken and target == "Projects":
            continue
        assert (source, target) in WAYS, f"{source} -> {target}: {letter}"
        row = ledger.first_row(letter)
        if source == "Drafts":
            assert letter.digest in past.made, f"a person's draft was taken away: {letter}"
            continue
        assert row, f"{source} -> {target} without a row: {letter}"
        if source == "INBOX":
            assert letter.digest not in past.old - past.touched, f"older than the start, and moved: {letter}"
            assert "\\Flagged" not in letter.flags, f"flagged, and moved: {letter}"
            # A twin that came later is not read because the first was; nobody but a person takes \Seen off.
            read = letter.digest in past.read and "\\Seen" in letter.flags
            assert not read or copies[letter.digest] > 1, f"read by a person, and moved: {letter}"
            check_reason(target, row)
        else:
            assert rows("select 1 from triage_mailboxdelivery where deed = 'restore' and message_id = %s", row["id"])


def check_reason(target: str, row: Mapping[str, Any]) -> None:
    if target == "Archive":
        assert row["category"] == "lead", row
    else:
        assert row["category"] in TRASHED, row
        assert decided_ago(row["decided_at"]) >= 60, f"trashed too soon: {row}"


def decided_ago(moment: datetime | str) -> float:
    """Seconds since a moment, which SQLite tells as text in UTC."""
    at = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    return (timezone.now() - (at if at.tzinfo else at.replace(tzinfo=timezone.now().tzinfo))).total_seconds()


def moves(before: Sequence[Letter], after: Sequence[Letter]) -> Iterator[tuple[str, str, Letter]]:
    """(from, to, mail as it was) of each mail that is elsewhere now."""
    was = Counter((letter.digest, letter.folder) for letter in before)
    now = Counter((letter.digest, letter.folder) for letter in after)
    gone = list((was - now).elements())
    come = dict((now - was).elements())
    numbers = {(letter.uidvalidity, letter.uid, letter.folder) for letter in after}
    for digest, source in gone:
        left = [letter for letter in before if (letter.digest, letter.folder) == (digest, source)]
        absent = [one for one in left if (one.uidvalidity, one.uid, one.folder) not in numbers]
        yield source, come[digest], (absent or left)[0]


def check_flags(before: Sequence[Letter], after: Sequence[Letter]) -> None:
    was = Counter((letter.digest, letter.flags) for letter in before)
    now = Counter((one.digest, one.flags) for one in after if one.digest in {letter.digest for letter in before})
    assert was == now, f"flags were changed: {list((now - was).elements())}"


def check_words(before: Sequence[Letter], after: Sequence[Letter], past: Past) -> None:
    was = {(letter.digest, word) for letter in before for word in letter.keywords}
    now = {(letter.digest, word) for letter in after for word in letter.keywords}
    assert {word for _, word in was ^ now} <= OWN_WORDS, was ^ now
    assert not (now - was) & past.words, "a label that a person took off was put on again"


def check_rows(polled: Sequence[Letter], *, complete: bool) -> None:
    """Each mail has one row, about itself; at most one lead, owner and draft. `complete`: after a whole poll."""
    ledger = Ledger()
    for letter in polled:
        row = ledger.by_number.get((letter.uidvalidity, letter.uid))
        assert row or not complete, f"not recorded: {letter}"
        if row and row["message_id"] and row["status"] != "found":
            assert row["message_id"] == letter.message_id, f"{row} is about another mail than {letter}"
            assert row["subject"] == letter.subject or "=?" in letter.subject, f"{row} is about another than {letter}"
    at_most_one("lead in a thread", "crm_lead", "thread_id")
    at_most_one("owner", "routing_assignment", "lead_id", "active")
    at_most_one("draft", "triage_draft", "message_id", "state not in ('replaced', 'rejected')")
    for draft in rows("select m.automatic from triage_draft d join triage_message m on d.message_id = m.id"):
        assert not draft["automatic"], "a draft for automatic mail"


def at_most_one(what: str, table: str, column: str, where: str = "1 = 1") -> None:
    doubled = rows(f"select {column}, count(*) from {table} where {where} group by {column} having count(*) > 1")
    assert not doubled, f"more than one {what}: {doubled}"


def check_commands(heard: Sequence[bytes]) -> list[str]:
    """Only harmless commands were sent; those that change something."""
    writing = []
    for data in heard:
        if not (found := COMMAND.match(data)):
            continue  # a mail, or the end of one
        verb = found[1].removeprefix(b"UID ").split()[0].decode()
        assert verb in READING | WRITING, data[:80]
        assert b"BODY[" not in data or verb == "APPEND", data[:80]
        if verb == "STORE":
            assert OWN_STORE.search(data), data[:80]
        if verb in WRITING:
            writing.append(data[:80].decode(errors="replace"))
    return writing


def check_end(letters: Sequence[Letter], past: Past) -> None:
    """Everything came to its end, or is visible as waiting for a person."""
    ledger = Ledger()
    for row in ledger.by_id.values():
        ends = ("done", "skipped", "backlog", "duplicate", "review", "quarantined")
        assert row["status"] in ends, f"stuck: {row}"
    stuck = "state not in ('done', 'cancelled', 'unconfirmed')"
    shown = "select 1 from triage_mailboxdelivery b where b.stream = a.stream and b.state = 'unconfirmed'"
    owed = rows(f"select a.key, a.state, a.error from triage_mailboxdelivery a where {stuck} and not exists ({shown})")
    assert not owed, f"deliveries that never end: {owed}"
    for letter in letters:
        if letter.digest in past.old and letter.digest not in past.touched:
            own = ledger.by_number[letter.uidvalidity, letter.uid]
            assert own["status"] == "backlog", f"older than the start, and acted on: {own}"
        row = ledger.first_row(letter) if letter.folder == "INBOX" else None
        if letter.folder != "INBOX" or letter.digest in past.touched:
            continue
        assert row, f"not recorded: {letter}"
        own = ledger.by_number[letter.uidvalidity, letter.uid]
        if own["status"] == "done" and row["status"] == "done" and row["category"] in ("lead", *TRASHED):
            assert unconfirmed(row["id"]), f"left in the inbox: {letter} {row}"


def unconfirmed(message: int) -> bool:
    sql = "select 1 from triage_mailboxdelivery where state = 'unconfirmed' and message_id = %s"
    return bool(rows(sql, message))


def tallies() -> dict[str, int]:
    """How many rows there are of what a run may add."""
    tables = ("triage_message", "triage_mailboxdelivery", "triage_classification", "triage_draft", "crm_auditentry",
              "crm_lead", "routing_assignment", "routing_slackalert")  # fmt: skip
    return {table: rows(f"select count(*) as n from {table}")[0]["n"] for table in tables}
