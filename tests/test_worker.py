"""The worker with real processes, killed as an operating system kills them."""

import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psycopg
import pytest

from tests.servers.imap import Dovecot, ImapPeer
from tests.test_settings import ROOT, manage
from triage.mailbox.embedded import EmbeddedImap

pytestmark = pytest.mark.apart

STALE = 6  # seconds
PATIENCE = 90  # seconds: how long a busy machine may take for anything
MAIL = b"From: anna@nordholz.example\r\nSubject: Desks\r\nMessage-ID: <%d@x.example>\r\n\r\nHello?\r\n"


@dataclass(frozen=True)
class Process:
    pid: int
    parent: int
    group: int
    started: int

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)


def processes() -> list[Process]:
    """All living processes, the oldest first."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            pid, _, rest = stat.read_text().partition(" ")
            fields = rest.rpartition(")")[2].split()
            if fields[0] not in "ZX":
                found.append(Process(int(pid), int(fields[1]), int(fields[2]), int(fields[19])))
    return sorted(found, key=lambda process: (process.started, process.pid))


def open_files(pid: int) -> Iterator[str]:
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(OSError):
            yield os.readlink(link)


def eventually(happened: Callable[[], Any], seconds: float = PATIENCE) -> Any:
    """What it says as soon as that is true."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if answer := happened():
            return answer
        time.sleep(0.05)
    raise AssertionError(f"it never happened: {happened}")


class Worker:
    """`manage.py worker` on a database of its own, beside a mailbox."""

    def __init__(self, folder: Path, imap: EmbeddedImap | Dovecot, stale: float = STALE, **settings: str) -> None:
        self.stale = stale
        self.settings = {"MAILBOX_URL": imap.url, "COMPANY_DOMAINS": "acme.example", "ARMED": "none"} | settings
        self.folder, self.imap = folder, imap
        self.mails = 0
        self.log = folder / "worker.log"

    def __enter__(self) -> Self:
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        with self.log.open("wb") as log:
            self.watchdog = subprocess.Popen(
                [sys.executable, ROOT / "manage.py", "worker", "--stale", str(self.stale)],
                env={**kept, "ENV_FILE": "", "DATA_DIR": str(self.folder), **self.settings},
                stdout=log,
                stderr=log,
            )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind:
            print(self.log.read_text())  # noqa: T201
        self.watchdog.terminate()
        self.watchdog.wait(PATIENCE)

    # --- its processes ------------------------------------------------------------------------------------

    def main(self) -> Process:
        return next(one for one in processes() if one.parent == self.watchdog.pid)

    def guard(self) -> Process:
        main = self.main()
        return next(one for one in processes() if one.parent == main.pid)

    def hands(self) -> list[Process]:
        """Two workers, the monitor and the pusher, in the order of their start."""
        guard = self.guard()
        return [one for one in processes() if one.parent == guard.pid]

    def has_started(self) -> bool:
        """Whether all its processes are there."""
        with suppress(StopIteration):
            return len(self.hands()) == 4  # two workers, the monitor and the pusher
        return False

    def at_work(self) -> Process | None:
        """The one that holds the mailbox or a delivery: it keeps a file locked that the lease names."""
        token = "select lease_holder from triage_mailbox where lease_holder is not null"
        taken = "select taken_by from {} where state = 'taken'"
        queries = [token, *map(taken.format, ("triage_mailboxdelivery", "routing_slackalert", "crm_sheetrow"))]
        files = {str(found[0]).replace("-", "")[:16] for query in queries if (found := self.row(query))}
        return next((one for one in self.hands() if files & {Path(name).name for name in open_files(one.pid)}), None)

    def in_group(self, group: int) -> list[Process]:
        return [one for one in processes() if one.group == group]

    # --- what it does -------------------------------------------------------------------------------------

    def row(self, query: str) -> tuple[Any, ...] | None:
        """The first that the database itself answers."""
        return next(iter(self.rows(query)), None)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        if url := self.settings.get("DATABASE_URL"):
            with psycopg.connect(url) as database:
                return database.execute(query).fetchall()
        path = Path(self.settings.get("DATA_DIR", self.folder)) / "inbox_router.sqlite3"
        with closing(sqlite3.connect(path, timeout=20)) as database:
            return database.execute(query).fetchall()

    def beat(self) -> Any:
        found = self.row("select beat_at from triage_heartbeat")
        return found[0] if found else None

    def is_alive(self) -> None:
        """Return when there was another sign of life."""
        before = self.beat()
        eventually(lambda: self.beat() != before)

    def gets_mail(self) -> None:
        self.mails += 1
        with ImapPeer(self.imap.account()) as peer:
            peer.deliver(MAIL % self.mails)

    def is_restarted(self, because: str, group: int) -> None:
        """Return when there is another cluster that took up the mail, and nothing of that group any more."""
        eventually(lambda: re.search(f"the cluster is restarted: .*{because}", self.log.read_text()))
        eventually(lambda: not self.in_group(group))
        self.is_alive()
        eventually(lambda: self.row("select count(*) from triage_message") == (self.mails,))
        assert self.main().pid != group


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database file with all tables, to be copied."""
    folder = tmp_path_factory.mktemp("tables")
    assert manage(folder, "migrate", "--verbosity=0").returncode == 0
    return folder / "inbox_router.sqlite3"


@contextmanager
def running(tables: Path, folder: Path, stale: float = STALE) -> Iterator[Worker]:
    shutil.copy(tables, folder)
    with EmbeddedImap("sales@acme.example", "secret") as imap, Worker(folder, imap, stale) as worker:
        worker.is_alive()
        yield worker


@pytest.fixture
def worker(tables: Path, tmp_path: Path) -> Iterator[Worker]:
    with running(tables, tmp_path) as worker:
        yield worker


@pytest.fixture(scope="module")
def lasting_worker(tables: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worker]:
    """One that recovers from whatever a test does to it."""
    with running(tables, tmp_path_factory.mktemp("worker")) as worker:
        yield worker


# --- what is killed -----------------------------------------------------------------------------------------


def test_killed_idle_workers_which_block_the_queue_for_good_are_noticed(lasting_worker: Worker) -> None:
    group = lasting_worker.main().pid
    lasting_worker.gets_mail()
    for hand in lasting_worker.hands()[:2]:
        hand.kill()
    lasting_worker.is_restarted("no task came through", group)


def test_a_killed_monitor_without_which_no_task_is_ever_done_is_noticed(lasting_worker: Worker) -> None:
    group = lasting_worker.main().pid
    lasting_worker.gets_mail()
    lasting_worker.hands()[2].kill()
    lasting_worker.is_restarted("no task came through", group)


def test_after_a_killed_pusher_the_work_goes_on(lasting_worker: Worker) -> None:
    pusher = lasting_worker.hands()[3]
    pusher.kill()
    eventually(lambda: pusher not in processes())
    lasting_worker.is_alive()


def test_a_killed_guard_leaves_no_orphans_that_go_on_by_themselves(lasting_worker: Worker) -> None:
    group = lasting_worker.main().pid
    lasting_worker.gets_mail()
    lasting_worker.guard().kill()
    lasting_worker.is_restarted("has ended", group)


def test_a_killed_main_process_leaves_no_orphans_that_go_on_by_themselves(lasting_worker: Worker) -> None:
    main = lasting_worker.main()
    lasting_worker.gets_mail()
    main.kill()
    lasting_worker.is_restarted("has ended", main.pid)


def test_a_killed_watchdog_takes_its_cluster_along(worker: Worker) -> None:
    group = worker.main().pid
    worker.watchdog.kill()
    eventually(lambda: not worker.in_group(group))


# --- ending in order ----------------------------------------------------------------------------------------


def test_it_ends_in_order_when_told_to_and_leaves_no_process(worker: Worker) -> None:
    group = worker.main().pid
    worker.watchdog.terminate()
    assert worker.watchdog.wait(PATIENCE) == 0
    assert worker.in_group(group) == []
    assert worker.log.read_text().rstrip().endswith("the worker has stopped")


def test_it_ends_although_its_cluster_is_blocked(worker: Worker) -> None:
    group, hands = worker.main().pid, worker.hands()
    for hand in hands[:2]:
        hand.kill()
    eventually(lambda: len(set(worker.hands()) - set(hands)) == 2)  # they are replaced, and these hang
    worker.watchdog.terminate()
    assert worker.watchdog.wait(PATIENCE) == 0
    assert worker.in_group(group) == []


# --- queues and databases -----------------------------------------------------------------------------------


@pytest.mark.postgres
def test_it_works_on_postgresql(postgres_url: str, embedded_imap: EmbeddedImap, tmp_path: Path) -> None:
    assert manage(tmp_path, "migrate", "--verbosity=0", DATABASE_URL=postgres_url).returncode == 0
    with Worker(tmp_path, embedded_imap, DATABASE_URL=postgres_url) as worker:
        eventually(lambda: worker.row("select true from triage_run where finished_at is not null"))
        worker.is_alive()


@pytest.mark.redis
def test_it_works_with_redis_as_its_queue(
    redis_url: str, tables: Path, embedded_imap: EmbeddedImap, tmp_path: Path
) -> None:
    shutil.copy(tables, tmp_path)
    with Worker(tmp_path, embedded_imap, REDIS_URL=redis_url) as worker:
        eventually(lambda: worker.row("select true from triage_run where finished_at is not null"))
        worker.is_alive()
        assert worker.row("select count(*) from django_q_ormq") == (0,)
