"""What is really there after a run, read from the files and memories of the servers and from the database's own file.

Nothing of the program is imported here. Two kinds of things are read: `things`, of which there must be as many as in
the golden state (more is doubled, fewer is lost), and `facts`, which must be the same. Each is about one mail, so
that a delivery which is openly failed, blocked or unconfirmed excuses what is missing of its own mail and of no other.
"""

import hashlib
import re
import sqlite3
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes
from pathlib import Path

from tests.servers.slack import Post

FOLDERS = ("INBOX", "Drafts", "Sent", "Trash", "Archive")
TROUBLE = re.compile(":(failed|unconfirmed):")  # in the keys of audit entries
Sent = tuple[list[str], bytes]  # recipients and mail
Item = tuple[str, str, str]  # (store, the Message-ID that it is about, what)


@dataclass(frozen=True)
class State:
    """`shown`: mails with a delivery that failed openly, is blocked or unconfirmed; `judged_by_people`: for review."""

    things: Counter[Item]
    facts: frozenset[Item]
    shown: frozenset[str]
    judged_by_people: frozenset[str]


@dataclass(frozen=True)
class Difference:
    lost: list[Item] = field(default_factory=list)
    doubled: list[Item] = field(default_factory=list)
    wrong: list[Item] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.lost or self.doubled or self.wrong)


ANOTHER_WAY = ("audit", "sheet")  # what is told of a mail that a person judged and not the model
BY_THE_MODEL = ("assignment", "credit", "judged", "owner", "slack")  # an alert tells why it went to whom


def difference(found: State, golden: State, *, same_judgements: bool = True) -> Difference:
    """What is not as it should be. Without `same_judgements` the model failed, and a person judged in its place."""
    by_people = found.judged_by_people - golden.judged_by_people
    excused = found.shown | by_people
    lost, doubled = (
        [item for item in items.elements() if not (item[0] in ANOTHER_WAY and item[1] in by_people)]
        for items in (golden.things - found.things, found.things - golden.things)
    )
    wrong = sorted(fact for fact in golden.facts ^ found.facts if fact[1] not in excused)
    return Difference(
        [item for item in lost if item[1] not in found.shown],
        doubled,
        [fact for fact in wrong if same_judgements or fact[0] not in BY_THE_MODEL],
    )


def read(database: Path, maildir: Path, posts: list[Post], sheet: list[list[str]], sent: list[Sent]) -> State:
    """Look everywhere."""
    with sqlite3.connect(database, timeout=20) as rows:
        tables = Tables(rows)
    things = [*in_folders(maildir), *tables.things(), *mirrored(tables, sheet)]
    things += [("slack", tables.told(post.key), post.key) for post in posts]
    things += [("smtp", header(raw, "In-Reply-To"), " ".join(to)) for to, raw in sent]
    facts = {*placed(maildir), *tables.facts(), *unequal(tables, sheet)}
    facts |= {("slack", tables.told(post.key), re.sub(r"/\d+/", "/N/", post.text)) for post in posts}
    return State(Counter(things), frozenset(facts), frozenset(tables.shown()), frozenset(tables.reviewed()))


def mirrored(tables: "Tables", sheet: list[list[str]]) -> Iterator[Item]:
    """The spreadsheet's rows. That something failed may be told there once, though it did not in the golden story."""
    for key, times in Counter(row[0] for row in sheet if row and row[0]).items():
        for _ in range(times - bool(TROUBLE.search(key))):
            yield ("sheet", *tables.named(key))


def unequal(tables: "Tables", sheet: list[list[str]]) -> Iterator[Item]:
    """Audit entries that are not in the spreadsheet exactly once."""
    times = Counter(row[0] for row in sheet if row)
    yield from (("mirror", *tables.named(key)) for key in tables.audit if times[key] != 1)


def header(raw: bytes, name: str) -> str:
    return str(message_from_bytes(raw)[name] or "").strip()


def files(maildir: Path) -> Iterator[tuple[str, Path, bytes]]:
    for folder in FOLDERS:
        place = maildir if folder == "INBOX" else maildir / f".{folder}"
        for path in sorted([*(place / "cur").glob("*"), *(place / "new").glob("*")]):
            yield folder, path, path.read_bytes()


def identity(raw: bytes) -> tuple[str, str]:
    """(the customer's mail that it is about, what it is)."""
    if answered := header(raw, "In-Reply-To"):
        kind = "draft" if header(raw, "X-Inbox-Router-Draft") else "reply"
        return answered, kind
    return header(raw, "Message-ID"), "mail"


def in_folders(maildir: Path) -> Iterator[Item]:
    for _, _, raw in files(maildir):
        yield ("mailbox", *identity(raw))


def placed(maildir: Path) -> Iterator[Item]:
    """Where each mail lies, with which flags and which bytes."""
    for folder, path, raw in files(maildir):
        about, kind = identity(raw)
        names = path.parent.parent / "dovecot-keywords"
        words = dict(line.split() for line in names.read_text().splitlines()) if names.exists() else {}
        flags = path.name.partition(":2,")[2]
        keywords = [words[str(ord(sign) - ord("a"))] for sign in flags if sign.islower()]
        marks = "".join(sign for sign in flags if sign.isupper())
        body = hashlib.sha256(raw.partition(b"\n\n" if kind == "mail" else b"\r\n\r\n")[2]).hexdigest()[:8]
        yield ("mailbox", about, f"{kind} in {folder} {marks} {keywords} {body if kind == 'mail' else ''}")


class Tables:
    """The rows that matter, each about one mail."""

    def __init__(self, rows: sqlite3.Connection) -> None:
        self.rows = rows
        mails = rows.execute("select 'message:' || id, message_id from triage_message").fetchall()
        leads = rows.execute("select 'lead:' || id, thread_id from crm_lead").fetchall()
        self.about = dict([*mails, *leads])
        self.audit = dict(rows.execute("select key, subject from crm_auditentry"))
        self.alerts = dict(rows.execute(QUERIES["alerts"]))
        self._read = {name: rows.execute(query).fetchall() for name, query in QUERIES.items()}

    def told(self, key: str) -> str:
        """The mail that a Slack alert is about, by the alert's key."""
        return self.alerts.get(key, key)

    def named(self, key: str) -> tuple[str, str]:
        """An audit entry as (the mail, what), without the names and numbers that its key holds."""
        kind, _, *rest = key.split(":")
        what = re.sub(r"(:done|:cancelled|:failed|:unconfirmed|drafted).*", r"\1", ":".join(rest))
        return self.about.get(self.audit.get(key, ""), key), f"{kind}:{what}"

    def things(self) -> Iterator[Item]:
        yield from (("audit", *self.named(key)) for key in self.audit if not TROUBLE.search(key))
        for name in ("lead", "assigned", "alert", "row", "drafted"):
            yield from ((name, about, what) for about, what in self._read[name])
        yield from (("contact", "", address) for (address,) in self._read["contact"])

    def facts(self) -> Iterator[Item]:
        for name in ("judged", "status", "draft", "owner", "delivery", "assignment", "credit"):
            yield from ((name, row[0], " ".join(map(str, row[1:]))) for row in self._read[name])

    def shown(self) -> Iterator[str]:
        yield from (about for (about,) in self._read["shown"])

    def reviewed(self) -> Iterator[str]:
        yield from (self.named(key)[0] for key in self.audit if ":to review:" in key)


OF_MESSAGE = " join triage_message m on m.id = d.message_id"
QUERIES = {
    "alerts": "select s.key, l.thread_id from routing_slackalert s"
    " join routing_assignment a on a.id = s.assignment_id join crm_lead l on l.id = a.lead_id",
    "contact": "select address from crm_contact",
    "lead": "select thread_id, 'record' from crm_lead",
    "assigned": "select l.thread_id, 'active' from routing_assignment a"
    " join crm_lead l on l.id = a.lead_id where active",
    "alert": "select l.thread_id, 'alert ' || s.state from routing_slackalert s"
    " join routing_assignment a on a.id = s.assignment_id join crm_lead l on l.id = a.lead_id",
    "row": "select message_id, 'row' from triage_message",
    "drafted": "select m.message_id, 'draft' from triage_draft d join triage_message m on m.id = d.message_id",
    "judged": "select m.message_id, c.judge, c.category, c.confidence, count(*) from triage_classification c"
    " join triage_message m on m.id = c.message_id group by 1, 2, 3, 4",
    "status": "select message_id, status, category, version, folder, subject from triage_message",
    "draft": "select m.message_id, d.state, d.to_address, d.subject, d.language, d.version from triage_draft d"
    " join triage_message m on m.id = d.message_id",
    "owner": "select thread_id, stage, subject, l.language, technical, c.address from crm_lead l"
    " join crm_contact c on c.id = contact_id",
    "delivery": "select m.message_id, deed, d.state, d.position, label from triage_mailboxdelivery d"
    " join triage_message m on m.id = d.message_id",
    "assignment": "select l.thread_id, p.email, c.email, a.rule, a.active, l.owner_email from routing_assignment a"
    " join crm_lead l on l.id = a.lead_id join routing_salesperson p on p.id = a.salesperson_id"
    " left join routing_salesperson c on c.id = a.cc_id",
    "credit": "select l.thread_id, x.kind, x.earned, x.change, x.credit, p.email from routing_ledgerline x"
    " join routing_assignment a on a.id = x.assignment_id join crm_lead l on l.id = a.lead_id"
    " join routing_salesperson p on p.id = x.salesperson_id",
    "shown": "select m.message_id from triage_mailboxdelivery d join triage_message m on m.id = d.message_id"
    " where d.state in ('failed', 'blocked', 'unconfirmed')"
    " union select message_id from triage_message where status in ('review', 'quarantined')"
    " union select l.thread_id from routing_slackalert s join routing_assignment a on a.id = s.assignment_id"
    " join crm_lead l on l.id = a.lead_id where s.state in ('failed', 'blocked', 'unconfirmed')",
}
