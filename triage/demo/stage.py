"""Setting the stage: servers on this machine, a new database, the team, the mail, and two runs of the pipeline."""

import json
import secrets
import shutil
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Mailbox
from django.conf import settings
from django.contrib.auth.models import Group, User

from inbox_router.environment import MailboxAccount, without_settings
from triage.demo.children import Children, Environment, manage
from triage.demo.mails import demo_mails
from triage.demo.running import DemoError, Running, announced, only_one, put
from triage.mailbox.embedded import EmbeddedImap

ADDRESS = "sales@acme.example"
TEAM = "templates/demo/team.toml"
MAIL_TO_TRY = "templates/demo/another-lead.eml"
# login: its group; the administrator may do everything
ROLES = {
    "admin": "",
    "manager": "Sales manager",
    "reviewer": "Reviewer",
    "approver": "Approver",
    "salesperson": "Salesperson",
    "operator": "Operator",
    "visitor": "Read-only",
}
SALESPERSON = "ana.horakova@acme.example"  # who of the team signs in as "salesperson"
GUNICORN = ("-m", "gunicorn", "inbox_router.wsgi", "--threads", "4", "--no-control-socket")
LEFT_OVERS = ("demo.sqlite3", "demo.sqlite3-wal", "demo.sqlite3-shm", "demo-audit.csv", "demo.log")
Say = Callable[[str], object]


@dataclass(frozen=True)
class Stage:
    """A demo that is set up: where its mail is, the settings of its programs, and who can sign in."""

    url: str
    port: int
    mailbox: MailboxAccount
    environment: Environment
    passwords: dict[str, str]


def run(say: Say, *, port: int, serve: bool) -> None:
    """Set everything up, tell how to use it, and serve it until interrupted. Raises DemoError."""
    with only_one(), _servers(port) as stage:
        set_up(stage, say)
        if serve:
            serve_until_interrupted(stage, say)


def set_up(stage: Stage, say: Say) -> None:
    """Fill database and mailbox, and run the pipeline twice, so that trashing is seen."""
    say("Making the database and the team ...")
    manage(stage.environment, "migrate", "--verbosity", "0")
    manage(stage.environment, "load_team", TEAM)
    made = "from triage.demo.stage import make_logins; make_logins()"
    manage(stage.environment, "shell", "-c", made, stdin=json.dumps(stage.passwords))
    mails = demo_mails(datetime.now(UTC))
    put(stage.mailbox, mails)
    say(f"Put {len(mails)} mails into the mailbox {ADDRESS}.")
    at_once = stage.environment | {"TRASH_DELAY": "0"}
    for turn in ("First", "Second"):
        said = manage(at_once, "process_inbox").splitlines()
        say(f"{turn} run of the pipeline:\n" + "\n".join(f"  {line}" for line in said))
    say(f"Proof of capture: {manage(stage.environment, 'check_capture').splitlines()[-1]}")


def serve_until_interrupted(stage: Stage, say: Say) -> None:
    """Run the admin and the scheduler. Raises DemoError if one of them ends."""
    running = Running(stage.url, stage.mailbox)
    with announced(running), Children(stage.environment, _file("demo.log")) as programs:
        programs.start("admin", *GUNICORN, "--bind", f"127.0.0.1:{stage.port}")
        programs.start("scheduler", "manage.py", "worker")
        programs.wait_for(stage.port)
        say(how_to_use(stage))
        programs.watch()


def make_logins() -> None:
    """Create a user per role from the passwords on standard input; runs in a child with the demo's database."""
    for name, password in json.load(sys.stdin).items():
        address = SALESPERSON if name == "salesperson" else f"{name}@acme.example"
        user = User.objects.create_user(name, address, password, is_staff=True, is_superuser=name == "admin")
        user.groups.set(Group.objects.filter(name=ROLES[name]))


def how_to_use(stage: Stage) -> str:
    """What is printed when everything runs."""
    python = Path(sys.executable)
    if python.is_relative_to(settings.BASE_DIR):
        python = python.relative_to(settings.BASE_DIR)
    logins = "\n".join(f"              {name:<12} {password}" for name, password in stage.passwords.items()).strip()
    return f"""
The demo is running. Nothing leaves this machine.

  Admin       {stage.url}/admin/
  Logins      {logins}
  Mailbox     IMAP on {stage.mailbox.host} port {stage.mailbox.port}, no encryption,
              user {stage.mailbox.user}, password {stage.mailbox.password}
  More mail   {python} manage.py send_demo_mail {MAIL_TO_TRY}
              (or put a mail into the inbox by any mail client); it is in the admin within a minute
  Sent mail   {_file("demo-sent")} (approved replies end here)
  Log         {_file("demo.log")}

Ctrl+C ends it.
"""


# --- servers and settings ---------------------------------------------------------------------------------


@contextmanager
def _servers(port: int) -> Iterator[Stage]:
    """Run the mail servers in this process, on free ports."""
    _check_free(port)
    for name in LEFT_OVERS:
        _file(name).unlink(missing_ok=True)
    shutil.rmtree(_file("demo-sent"), ignore_errors=True)
    with EmbeddedImap(ADDRESS, secrets.token_urlsafe(9)) as imap:
        smtp = Controller(Mailbox(_file("demo-sent")), hostname="127.0.0.1", port=_free_port())
        smtp.start()
        try:
            url = f"http://127.0.0.1:{port}"
            environment = _environment(url, imap.url, f"smtp://127.0.0.1:{smtp.port}")
            passwords = {name: secrets.token_urlsafe(9) for name in ROLES}
            yield Stage(url, port, imap.account(), environment, passwords)
        finally:
            smtp.stop()


def _environment(url: str, mailbox_url: str, email_url: str) -> Environment:
    """The settings of the demo's programs; none of the user's own reaches them."""
    return without_settings() | {
        "DJANGO_SETTINGS_MODULE": "inbox_router.settings",
        "ENV_FILE": "",
        "SECRET_KEY": secrets.token_urlsafe(50),
        "SITE_URL": url,
        "DATA_DIR": str(settings.DATA_DIR),
        "DATABASE_URL": f"sqlite:///{quote(str(_file('demo.sqlite3')))}",
        "AUDIT_CSV": str(_file("demo-audit.csv")),
        "MAILBOX_URL": mailbox_url,
        "EMAIL_URL": email_url,
        "COMPANY_NAME": "Acme",
        "COMPANY_DOMAINS": "acme.example",
    }


def _file(name: str) -> Path:
    return Path(settings.DATA_DIR) / name


def _check_free(port: int) -> None:
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server will
        try:
            listener.bind(("127.0.0.1", port))
        except (OSError, OverflowError):
            raise DemoError(f"Port {port} cannot be used. Name another: manage.py demo --port 8001") from None


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
