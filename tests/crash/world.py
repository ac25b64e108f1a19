"""Servers on loopback behind bad lines, and states of the world that can be kept and gone back to."""

import copy
import csv
import json
import shutil
import sqlite3
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote, urlsplit

from aiosmtpd.controller import Controller

from tests import mails
from tests.crash import stores
from tests.servers.imap import PASSWORD, Dovecot, ImapPeer, free_port
from tests.servers.line import Http, Imap, Line, Smtp
from tests.servers.openai import ModelServer
from tests.servers.sheets import SHEET_ID, SheetsServer, Tab
from tests.servers.slack import TOKEN, Post, SlackServer
from tests.world import ROOT, judged_by_subject

USERS = 6000
OWN = "sales@acme.example"
WRITES = {  # what a request that changes something outside begins with, by service
    "imap": ("UID STORE", "UID MOVE", "UID COPY", "UID EXPUNGE", "APPEND", "CREATE"),
    "slack": ("POST /api/chat.postMessage",),
    "sheets": (f"POST /v4/spreadsheets/{SHEET_ID}:batchUpdate", f"POST /v4/spreadsheets/{SHEET_ID}/values"),
    "smtp": ("the mail",),
    "model": ("POST",),
}
OVER = "2000-01-01 00:00:00"


@dataclass
class PostOffice:
    """A mail server that keeps what it is given: (recipients, bytes)."""

    taken: list[tuple[list[str], bytes]] = field(default_factory=list)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 (aiosmtpd's name)
        self.taken.append((list(envelope.rcpt_tos), bytes(envelope.content)))
        return "250 OK"


@dataclass(frozen=True)
class Moment:
    """A state of the world, kept."""

    folder: Path
    posts: list[Post]
    tabs: list[Tab]
    sent: list[tuple[list[str], bytes]]


class World:
    """The servers, the parent of the processes under test, and one mailbox and database at a time."""

    def __init__(self, folder: Path, capability: str = "", *, google: bool = True) -> None:
        self.folder, self.google = folder, google
        self.users = iter(f"w{number}@acme.example" for number in range(1, USERS))
        self.imap = Dovecot([f"w{number}@acme.example" for number in range(USERS)], capability=capability, lossy=True)
        self.model, self.slack, self.sheets, self.office = ModelServer(), SlackServer(), SheetsServer(), PostOffice()
        self.model.answer = judged_by_subject
        self.database = folder / "inbox_router.sqlite3"
        self.user = "w0@acme.example"
        self.points: list[str] = []
        self.said = ""
        self._runs = 0

    def __enter__(self) -> Self:
        self._stack = ExitStack()
        for server in (self.imap, self.model, self.slack, self.sheets):
            self._stack.enter_context(server)
        smtp = Controller(self.office, hostname="127.0.0.1", port=free_port())
        smtp.start()
        self._stack.callback(smtp.stop)
        ports = {"imap": self.imap.port, "smtp": smtp.port}
        ports |= {name: urlsplit(getattr(self, name).url).port for name in ("model", "slack", "sheets")}
        speech = {"imap": Imap, "smtp": Smtp}
        self.lines = {name: Line(port, speech.get(name, Http)) for name, port in ports.items()}
        for line in self.lines.values():
            self._stack.enter_context(line)
        self._set_up()
        self._children = self._stack.enter_context(self._parent())
        self._stack.callback(self._children.terminate)
        assert self._children.stdout.readline() == "ready\n"
        return self

    def __exit__(self, *exc: object) -> None:
        self._stack.close()

    @property
    def csv(self) -> Path:
        return self.database.with_suffix(".csv")

    @property
    def environment(self) -> dict[str, str]:
        url = {name: f"127.0.0.1:{line.port}" for name, line in self.lines.items()}
        sheets = json.loads(Path(self.sheets.account_file(self.folder)).read_text())
        key = self.folder / "key.json"
        key.write_text(json.dumps(sheets | {"token_uri": f"http://{url['sheets']}/token"}))
        return {
            "PATH": "/usr/bin:/bin",
            "ENV_FILE": "",
            "DJANGO_SETTINGS_MODULE": "inbox_router.settings",
            "DJANGO_SUPERUSER_PASSWORD": "of no importance",
            "DATA_DIR": str(self.folder),
            "MAILBOX_URL": f"imap://{quote(self.user, safe='')}:{quote(PASSWORD, safe='')}@{url['imap']}/INBOX",
            "MAIL_FROM": OWN,
            "EMAIL_URL": f"smtp://{url['smtp']}",
            "COMPANY_NAME": "Acme",
            "COMPANY_DOMAINS": "acme.example",
            "TRASH_DELAY": "0",
            "UNDO_SECONDS": "0",
            "LLM_MODEL": "openai/stand-in",
            "LLM_API_BASE": f"http://{url['model']}/v1",
            "LLM_API_KEY": "sk-test",
            "LLM_CONCURRENCY": "1",
            "SLACK_BOT_TOKEN": TOKEN,
            "SLACK_API_URL": f"http://{url['slack']}/api/",
            "GOOGLE_SERVICE_ACCOUNT_FILE": str(key) if self.google else "",
            "GOOGLE_SHEET_ID": SHEET_ID if self.google else "",
            "GOOGLE_SHEETS_API_URL": f"http://{url['sheets']}",
        }

    def _set_up(self) -> None:
        commands = (
            ["migrate", "--verbosity=0"],
            ["load_team", "templates/demo/team.toml"],
            ["createsuperuser", "--noinput", "--username=petra", "--email=petra@acme.example"],
        )
        for command in commands:
            subprocess.run(
                [sys.executable, "manage.py", *command], cwd=ROOT, env=self.environment, check=True, capture_output=True
            )
        with sqlite3.connect(self.database) as rows:
            people = rows.execute("select email from routing_salesperson order by id").fetchall()
        self.slack.users = {email: f"U{number:05d}" for number, (email,) in enumerate(people)}

    def _parent(self) -> subprocess.Popen[str]:
        ports = json.dumps({line.port: name for name, line in self.lines.items()})
        log = (self.folder / "parent.log").open("w")
        return subprocess.Popen(
            [sys.executable, "-m", "tests.crash.child", ports],
            cwd=ROOT, env=self.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True,
        )  # fmt: skip

    # --- running ------------------------------------------------------------------------------------------

    def deliver(self, arriving: list[mails.Mail]) -> None:
        with ImapPeer(self.imap.account(user=self.user)) as peer:
            for mail in arriving:
                peer.deliver(mail.raw)

    def run(self, deed: str, **job: Any) -> bool:
        """Have a deed done by a process of its own; whether it was killed. `points`, `said` and `lines` tell more."""
        for line in self.lines.values():
            line.renew()
        return self.run_on_these_lines(deed, **job)

    def run_on_these_lines(self, deed: str, **job: Any) -> bool:
        self._runs += 1
        log = self.folder / f"{self._runs}.points"
        job |= {"deed": deed, "database": str(self.database), "user": self.user, "log": str(log), "csv": str(self.csv)}
        self._children.stdin.write(json.dumps(job) + "\n")
        self._children.stdin.flush()
        answer = json.loads(self._children.stdout.readline())
        said = log.with_suffix(".said")
        self.points, self.said = log.read_text().splitlines(), said.read_text(errors="replace")
        log.unlink()
        said.unlink()
        return bool(answer["killed"])

    def writes(self) -> list[str]:
        """What the last run asked servers to change."""
        asked = [(name, request) for name, line in self.lines.items() for request in line.asked]
        return [f"{name} {request}" for name, request in asked if request.startswith(WRITES[name])]

    def arrived(self) -> list[str]:
        """The customers' mails that were answered."""
        return [stores.header(raw, "In-Reply-To") for _, raw in self.office.taken]

    def time_passes(self) -> None:
        """What hours of waiting would do: leases and back-offs are over."""
        with sqlite3.connect(self.database, timeout=20) as rows:
            rows.execute("update triage_mailbox set lease_until = ?", [OVER])
            for table in ("triage_mailboxdelivery", "routing_slackalert", "crm_sheetrow"):
                rows.execute(f"update {table} set lease_until = ? where state = 'taken'", [OVER])
                rows.execute(f"update {table} set due_at = ? where state = 'owed'", [OVER])

    # --- states -------------------------------------------------------------------------------------------

    def state(self) -> stores.State:
        maildir = self.imap.maildir(self.user)
        return stores.read(self.database, maildir, self.slack.posts, self.sheet(), self.office.taken)

    def sheet(self) -> list[list[str]]:
        """The rows of the spreadsheet or of the CSV file, without the header."""
        if self.google:
            return [row for tab in self.sheets.tabs for row in tab.table()[1:]]
        return list(csv.reader(self.csv.open(newline="")))[1:] if self.csv.exists() else []

    def keep(self, name: str) -> Moment:
        folder = self.folder / "moments" / name
        folder.mkdir(parents=True)
        with sqlite3.connect(self.database) as source, sqlite3.connect(folder / "database") as target:
            source.backup(target)
        copied(self.imap.maildir(self.user), folder / "maildir")
        if self.csv.exists():
            shutil.copyfile(self.csv, folder / "csv")
        return Moment(folder, list(self.slack.posts), copy.deepcopy(self.sheets.tabs), list(self.office.taken))

    def back_to(self, moment: Moment) -> None:
        """A mailbox and a database as they were then, under a new name: who was killed may still hold the old ones."""
        shutil.rmtree(self.imap.maildir(self.user).parent, ignore_errors=True)
        for path in self.folder.glob(f"{self.database.stem}.*"):
            path.unlink()
        self.user = next(self.users)
        self.database = self.folder / f"{self.user}.sqlite3"
        shutil.copyfile(moment.folder / "database", self.database)
        if (moment.folder / "csv").exists():
            shutil.copyfile(moment.folder / "csv", self.csv)
        home = self.imap.maildir(self.user).parent
        home.mkdir()
        shutil.copystat(home.parent, home)
        owner = home.parent.stat()
        shutil.chown(home, owner.st_uid, owner.st_gid)
        copied(moment.folder / "maildir", home / "Maildir")
        self.slack.posts[:] = moment.posts
        self.sheets.tabs[:] = copy.deepcopy(moment.tabs)
        self.office.taken[:] = moment.sent


def copied(source: Path, target: Path) -> None:
    """A folder with its owners and times, which a maildir needs."""
    subprocess.run(["cp", "-a", str(source), str(target)], check=True)
