"""A company at work: the worker with everything that it talks to, to see what faults do to it."""

import shutil
from collections import Counter
from pathlib import Path
from typing import Any, Self

from inbox_router.settings import EFFECTS
from tests import mails
from tests.test_settings import ROOT, manage
from tests.test_worker import Worker, eventually
from tests.world import World, header
from triage.running.watchdog import STALE

NOTICED, WORKING = 120, 60  # seconds: what is promised
AT_REST = ("done", "review", "skipped")
LEADS = ("lead", "lead-de", "rfq")
DELIVERIES = ("triage_mailboxdelivery", "routing_slackalert", "crm_sheetrow")
OPEN = " union all ".join(f"select 1 from {table} where state not in ('done', 'cancelled')" for table in DELIVERIES)


def tables(folder: Path, **settings: str) -> Path:
    """A database file with all tables and a team, to be copied; with DATABASE_URL they are made there."""
    assert manage(folder, "migrate", "--verbosity=0", **settings).returncode == 0
    assert manage(folder, "load_team", str(ROOT / "templates/demo/team.toml"), **settings).returncode == 0
    return folder / "inbox_router.sqlite3"


class Site(World):
    """A world whose worker runs as in production. `database` is copied, unless DATABASE_URL names another."""

    def __init__(self, folder: Path, database: Path | None = None, **settings: str) -> None:
        super().__init__(folder, ARMED=",".join(EFFECTS), **settings)
        self.logs = folder  # where the worker writes what it does
        self.arrived: list[mails.Mail] = []
        self.copied = database

    def __enter__(self) -> Self:
        if self.copied:
            shutil.copy(self.copied, self.database)
        for server in (self.imap, self.model, self.slack, self.sheets):
            server.__enter__()
        self.worker = Worker(self.logs, self.imap, STALE, **self.environment | {"DATA_DIR": str(self.folder)})
        people = self.rows("select email from routing_salesperson")
        self.slack.users = {email: f"U{number:05d}" for number, (email,) in enumerate(people)}
        self.worker.__enter__()
        return self

    def __exit__(self, *exc: Any) -> None:
        self.worker.__exit__(*exc)
        super().__exit__(*exc)

    def rows(self, query: str) -> list[tuple]:
        return self.worker.rows(query)

    def gets(self, *kinds: str) -> None:
        """Have a mail of each kind arrive."""
        self.deliver(self.sent(*kinds))

    def sent(self, *kinds: str) -> list[mails.Mail]:
        """Mails of these kinds that are on their way."""
        new = [mails.mail(kind, len(self.arrived) + number) for number, kind in enumerate(kinds, 1)]
        self.arrived += new
        return new

    def said(self, words: str) -> bool:
        """Whether the worker's log has these words."""
        return words in self.worker.log.read_text(errors="replace")

    def told(self, words: str) -> bool:
        """Whether the Problems page has these words: of a mailbox or a delivery."""
        query = " union all ".join(
            ["select last_error from triage_mailbox"]
            + [f"select error from {table} where state in ('failed', 'blocked', 'unconfirmed')" for table in DELIVERIES]
        )
        return any(words in trouble for (trouble,) in self.rows(query))

    def doctor(self) -> str:
        """What the doctor says to an operator."""
        settings = {name: value for name, value in self.worker.settings.items() if name != "DATA_DIR"}
        return manage(self.folder, "doctor", **settings).stdout

    def is_done(self) -> bool:
        """Whether every mail that came is at rest, and nothing more is owed."""
        resting = self.rows(f"select count(*) from triage_message where status in {AT_REST}")
        return resting == [(len(self.arrived),)] and not self.rows(OPEN)

    def works(self) -> None:
        """Return when all is done, within the time that is promised, and nothing was lost or doubled."""
        eventually(self.is_done, WORKING)
        everywhere = Counter(id for place in ("INBOX", "Archive", "Trash") for id in self.folders()[place])
        assert everywhere == Counter(mail.message_id for mail in self.arrived), "mails"
        leads = Counter(mail.message_id for mail in self.arrived if mail.kind in LEADS)
        assert Counter(header(raw, "In-Reply-To") for raw in self.mails("Drafts")) == leads, "drafts"
        assert self.rows("select count(*) from crm_lead") == [(leads.total(),)], "leads"
        assert self.rows("select count(*) from routing_assignment") == [(leads.total(),)], "assignments"
        alerts = Counter(key for (key,) in self.rows("select key from routing_slackalert"))
        assert Counter(post.key for post in self.slack.posts) == alerts, "alerts"
        entries = Counter(key for (key,) in self.rows("select key from crm_auditentry"))
        assert Counter(self.mirrored()) == entries, "the log"

    def mirrored(self) -> list[str]:
        """The key of each row of the spreadsheet."""
        return [row[0] for row in self.sheet()]
