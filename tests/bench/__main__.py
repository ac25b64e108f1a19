"""How fast, at what cost: the whole product beside bare imapclient, over the same mailbox in the same Dovecot.

Each contestant runs in a process of its own, in turn, several rounds, each time on a fresh copy of the mailbox
that Dovecot has indexed. Seconds are wall-clock seconds of the whole process, start included.
"""

import argparse
import json
import os
import platform
import re
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.servers.imap import PASSWORD, Dovecot, ImapPeer, dovecot_binary

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Measured:
    """One run: bytes from the IMAP server, seconds, seconds of CPU, peak resident bytes."""

    messages: int
    seconds: float
    cpu: float
    received: int
    peak: int


class Arena:
    """A Dovecot with the mailbox, and a database that is ready for it."""

    def __init__(self, folder: Path, messages: int, runs: int) -> None:
        self.folder = folder
        self.messages = messages
        self.users = iter([f"run{number}@acme.example" for number in range(runs)])
        self.server = Dovecot(
            ["original@acme.example", *(f"run{number}@acme.example" for number in range(runs))], fsync=True
        )

    def prepare(self) -> None:
        """Fill the original mailbox, let Dovecot index it, and make the database."""
        original = self.server.maildir()
        # In a process of its own: a child's peak memory counts what its parent had when it started.
        subprocess.run(
            [sys.executable, "-m", "tests.bench.mailbox", original, str(self.messages)], check=True, cwd=ROOT
        )
        self.own(self.server.home / "mail")
        with ImapPeer(self.server.account()) as peer:
            peer.client.select("INBOX", readonly=True)
            peer.client.fetch("1:*", "(BODYSTRUCTURE BODY.PEEK[HEADER.FIELDS (DATE)])")
        for command in (["migrate", "--verbosity=0"], ["load_team", "templates/demo/team.toml"]):
            self.manage(self.folder / "fresh", "", *command)

    def mailbox(self) -> str:
        """A user with a fresh copy of the mailbox; the mails are hard links, for nobody changes a mail."""
        user = next(self.users)
        copy = self.server.maildir(user)
        shutil.copytree(self.server.maildir(), copy, copy_function=linked)
        self.own(copy.parent)
        return user

    def own(self, folder: Path) -> None:
        """Give a folder to the user that Dovecot runs as."""
        owner = self.server.home.stat()
        for path in (folder, *folder.rglob("*")):
            os.chown(path, owner.st_uid, owner.st_gid)

    def environment(self, data: Path, user: str) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        ours = {"ENV_FILE": "", "DATA_DIR": str(data), "COMPANY_DOMAINS": "acme.example"}
        return kept | ours | ({"MAILBOX_URL": self.server.url(user)} if user else {})

    def manage(self, data: Path, user: str, *command: str) -> None:
        data.mkdir(exist_ok=True)
        command_line = [sys.executable, "manage.py", *command]
        done = subprocess.run(command_line, env=self.environment(data, user), cwd=ROOT, capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"{' '.join(command)} failed:\n{done.stderr[-2000:]}")

    def received(self, user: str) -> int:
        """The bytes that Dovecot says it sent to a user; it says so a moment after the connection's end."""
        time.sleep(0.3)
        return sum(int(count) for count in re.findall(rf"imap\({re.escape(user)}\).* out=(\d+)", self.server.log()))

    def measured(self, user: str, command: list[str], environment: dict[str, str], counted: Callable) -> Measured:
        """Run a command as a child."""
        with tempfile.TemporaryFile() as output:
            before = time.perf_counter()
            child = subprocess.Popen(command, env=environment, cwd=ROOT, stdout=output, stderr=output)
            _, status, usage = os.wait4(child.pid, 0)
            seconds = time.perf_counter() - before
            child.returncode = os.waitstatus_to_exitcode(status)
            output.seek(0)
            said = output.read().decode(errors="replace")
        if child.returncode:
            sys.exit(f"{' '.join(command)} failed:\n{said[-2000:]}")
        cpu = usage.ru_utime + usage.ru_stime
        if (messages := counted(said)) != self.messages:
            sys.exit(f"{' '.join(command)} took {messages} of {self.messages} mails")
        return Measured(messages, seconds, cpu, self.received(user), usage.ru_maxrss * 1024)


def linked(source: str, target: str) -> None:
    if Path(source).parent.name == "cur":
        os.link(source, target)
    else:
        shutil.copy2(source, target)


def reader(*module: str) -> Callable[[Arena], Measured]:
    """A baseline: one that only reads."""

    def run(arena: Arena) -> Measured:
        user = arena.mailbox()
        where = ["127.0.0.1", str(arena.server.port), user, PASSWORD]
        return arena.measured(user, [sys.executable, "-m", *module, *where], dict(os.environ), int)

    return run


def ours(arena: Arena) -> Measured:
    """All six stages and the deliveries, on a fresh database."""
    user = arena.mailbox()
    data = arena.folder / user
    shutil.copytree(arena.folder / "fresh", data)

    def counted(said: str) -> int:
        with sqlite3.connect(data / "inbox_router.sqlite3") as database:
            query = "select count(*) from triage_message where status not in ('found', 'quarantined', 'backlog')"
            count: int = database.execute(query).fetchone()[0]
            return count

    command = [sys.executable, "manage.py", "process_inbox", "--json"]
    return arena.measured(user, command, arena.environment(data, user), counted)


CONTESTANTS: dict[str, Callable[[Arena], Measured]] = {
    "whole bodies, bare imapclient": reader("tests.bench.reader", "whole"),
    "text parts only, bare imapclient": reader("tests.bench.reader", "text"),
    "headers, structure, texts: gateway": reader("tests.bench.gateway"),
    "all six stages": ours,
}


def race(messages: int, rounds: int, names: list[str]) -> dict[str, list[Measured]]:
    """All contestants in turn, and again."""
    results: dict[str, list[Measured]] = {name: [] for name in names}
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        arena = Arena(Path(folder), messages, rounds * len(names))
        with arena.server:
            arena.prepare()
            for _ in range(rounds):
                for name in names:
                    results[name].append(CONTESTANTS[name](arena))
    return results


def medians(runs: list[Measured]) -> dict[str, float]:
    facts = [asdict(run) | {"per_second": run.messages / run.seconds} for run in runs]
    return {name: statistics.median(fact[name] for fact in facts) for name in facts[0]}


def table(summary: dict[str, dict[str, float]]) -> str:
    """The medians, and the ratios to the first contestant."""
    first = next(iter(summary.values()))
    lines = [
        f"{'':36}{'mails':>7}{'s':>8}{'mails/s':>9}{'CPU s':>8}{'MB read':>9}{'% read':>8}{'peak MB':>9}{'speed':>7}"
    ]
    for name, row in summary.items():
        shares = f"{100 * row['received'] / first['received']:>8.1f}{row['peak'] / 1e6:>9.0f}"
        speed = f"{row['per_second'] / first['per_second']:>6.2f}x"
        figures = f"{row['messages']:>7.0f}{row['seconds']:>8.2f}{row['per_second']:>9.0f}{row['cpu']:>8.2f}"
        lines.append(f"{name:36}{figures}{row['received'] / 1e6:>9.1f}{shares}{speed}")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--messages", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", nargs="*", choices=list(CONTESTANTS), default=list(CONTESTANTS))
    parser.add_argument("--json", type=Path, help="write every run and the medians here", metavar="FILE")
    options = parser.parse_args()
    if not dovecot_binary():
        sys.exit("The benchmark needs Dovecot: apt-get install dovecot-imapd")
    results = race(options.messages, options.rounds, options.only)
    summary = {name: medians(runs) for name, runs in results.items()}
    machine = {"python": platform.python_version(), "cores": os.cpu_count(), "system": platform.platform()}
    facts = {
        "machine": machine,
        "medians": summary,
        "runs": {name: [asdict(run) for run in runs] for name, runs in results.items()},
    }
    sys.stdout.write(f"{options.messages} mails, {options.rounds} rounds, medians\n{table(summary)}\n")
    sys.stdout.write(f"{json.dumps(facts)}\n" if not options.json else "")
    if options.json:
        options.json.write_text(json.dumps(facts, indent=1))


if __name__ == "__main__":
    main()
