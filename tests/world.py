"""The whole program against real servers, run as its operator runs it: by commands and settings."""

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from email import message_from_bytes
from pathlib import Path
from typing import Any, Self

from tests import mails
from tests.servers.imap import Dovecot, ImapPeer
from tests.servers.openai import Answer, Asked, ModelServer, verdict
from tests.servers.sheets import SHEET_ID, SheetsServer
from tests.servers.slack import TOKEN, SlackServer

ROOT = Path(__file__).parent.parent
FOLDERS = ("INBOX", "Drafts", "Sent", "Trash", "Archive")
SALESPERSON = "Ana Horakova <ana.horakova@acme.example>"


@dataclass(frozen=True)
class Finished:
    """A command that ended."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out.strip().splitlines()[-1])


class World:
    """Dovecot, a model, Slack and Sheets on loopback, and a database file of its own."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.folder = folder
        self.imap, self.model, self.slack, self.sheets = Dovecot(), ModelServer(), SlackServer(), SheetsServer()
        self.settings = settings
        self.model.answer = judged_by_subject

    def __enter__(self) -> Self:
        for server in (self.imap, self.model, self.slack, self.sheets):
            server.__enter__()
        self.run("migrate", "--verbosity=0")
        self.run("load_team", "templates/demo/team.toml")
        people = self.rows("select email from routing_salesperson")
        self.slack.users = {email: f"U{number:05d}" for number, (email,) in enumerate(people)}
        return self

    def __exit__(self, *exc: object) -> None:
        for server in (self.imap, self.model, self.slack, self.sheets):
            server.__exit__(None, None, None)

    @property
    def database(self) -> Path:
        return self.folder / "inbox_router.sqlite3"

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        return kept | {
            "ENV_FILE": "",
            "DATA_DIR": str(self.folder),
            "MAILBOX_URL": self.imap.url(),
            "COMPANY_NAME": "Acme",
            "COMPANY_DOMAINS": "acme.example",
            "TRASH_DELAY": "0",
            "LLM_MODEL": "openai/stand-in",
            "LLM_API_BASE": self.model.url,
            "LLM_API_KEY": "sk-test",
            "SLACK_BOT_TOKEN": TOKEN,
            "SLACK_API_URL": self.slack.api_url,
            "GOOGLE_SERVICE_ACCOUNT_FILE": self.sheets.account_file(self.folder),
            "GOOGLE_SHEET_ID": SHEET_ID,
            "GOOGLE_SHEETS_API_URL": self.sheets.url,
            **self.settings,
        }

    def run(self, *command: str, **settings: str) -> Finished:
        """Run a management command to its end."""
        done = subprocess.run(
            [sys.executable, "manage.py", *command],
            cwd=ROOT, env=self.environment | settings, capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
        return Finished(done.returncode, done.stdout, done.stderr)

    def run_and_kill(self, when: Any, *command: str) -> bool:
        """Start a command and kill it as soon as `when()` is true; whether it was still running then."""
        process = subprocess.Popen(
            [sys.executable, "manage.py", *command],
            cwd=ROOT, env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        while process.poll() is None and not when():
            time.sleep(0.002)
        alive = process.poll() is None
        process.send_signal(signal.SIGKILL)
        process.wait()
        return alive

    def let_leases_run_out(self) -> None:
        """What some minutes of waiting would do."""
        with sqlite3.connect(self.database, timeout=20) as database:
            database.execute("update triage_mailbox set lease_until = '2000-01-01 00:00:00'")
            for table in ("triage_mailboxdelivery", "routing_slackalert", "crm_sheetrow"):
                database.execute(f"update {table} set lease_until = '2000-01-01 00:00:00' where state = 'taken'")

    def deliver(self, arriving: Sequence[mails.Mail]) -> None:
        """Put mails into the inbox, and what a salesperson wrote before into Sent."""
        with ImapPeer(self.imap.account()) as peer:
            for mail in arriving:
                if mail.kind == "thread":
                    peer.deliver(mails.sent_by_salesperson(mail.number, SALESPERSON), "Sent")
                peer.deliver(mail.raw)

    def rows(self, query: str) -> list[tuple]:
        """Ask the database itself, past all of our code."""
        with sqlite3.connect(self.database, timeout=20) as database:
            return database.execute(query).fetchall()

    def count(self, table: str) -> int:
        found: int = self.rows(f"select count(*) from {table}")[0][0]
        return found

    def folders(self) -> dict[str, list[str]]:
        """The Message-IDs in each folder, from the files of the mail server."""
        return {folder: sorted(header(raw, "Message-ID") for raw in self.mails(folder)) for folder in FOLDERS}

    def mails(self, folder: str) -> list[bytes]:
        home = self.imap.maildir()
        place = home if folder == "INBOX" else home / f".{folder}"
        return [path.read_bytes() for part in ("cur", "new") for path in sorted((place / part).glob("*"))]

    def sheet(self) -> list[list[str]]:
        """The written rows of the spreadsheet, without the header row."""
        return [row for tab in self.sheets.tabs for row in tab.table()[1:]]

    def outside(self) -> dict[str, Any]:
        """Everything that anybody outside can see."""
        posts = sorted((post.channel, post.text) for post in self.slack.posts)
        files = sorted(re.sub(r"^.*/", "", str(path)) for path in self.imap.maildir().rglob("*:2,*"))
        return {"folders": self.folders(), "flags": files, "slack": posts, "sheet": self.sheet()}


def header(raw: bytes, name: str) -> str:
    return str(message_from_bytes(raw)[name] or "").strip()


def judged_by_subject(asked: Asked) -> Answer:
    return Answer(verdict(**mails.verdict_on(str(asked.mail["subject"]))))
