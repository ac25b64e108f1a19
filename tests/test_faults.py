"""What breaks under a running worker is noticed, and when it is whole the work goes on: nothing is lost or doubled."""

import csv
import os
import signal
import subprocess
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from tests.servers.http import HANGING
from tests.servers.openai import Answer
from tests.servers.postgres import Postgres
from tests.site import NOTICED, WORKING, Site, tables
from tests.test_worker import Process, Worker, eventually, running
from tests.world import judged_by_subject
from triage.running.watchdog import STALE as WATCHDOG_STALE

pytestmark = [pytest.mark.dovecot, pytest.mark.apart]


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tables(tmp_path_factory.mktemp("tables"))


@pytest.fixture
def site(database: Path, tmp_path: Path) -> Iterator[Site]:
    with Site(tmp_path, database) as site:
        site.gets("lead")
        eventually(site.is_done)
        yield site


# --- processes that are killed ------------------------------------------------------------------------------


def test_the_killed_worker_that_was_at_work_is_noticed_and_its_work_done_by_another(site: Site) -> None:
    site.model.answer = lambda asked: Answer(fault="hang")
    asked = len(site.model.asked)
    site.gets("lead", "rfq")
    busy: Process = eventually(lambda: len(site.model.asked) > asked and site.worker.at_work())
    site.model.answer = judged_by_subject
    busy.kill()
    site.works()
    assert site.said("a process died with 1 leases in its hands")
    assert site.rows("select trouble from triage_heartbeat") == [("a process died at its work",)]


def test_a_worker_that_is_killed_while_it_waits_for_an_answer_does_not_tell_twice(site: Site) -> None:
    posts = len(site.slack.posts)
    site.slack.fail("chat.postMessage", replace(HANGING, applied=True))
    site.gets("lead")
    busy: Process = eventually(lambda: len(site.slack.posts) > posts and site.worker.at_work())
    busy.kill()
    site.works()


def test_after_a_killed_pusher_and_a_killed_sentinel_the_work_goes_on(site: Site) -> None:
    site.worker.hands()[3].kill()
    site.gets("lead")
    site.works()
    site.worker.guard().kill()
    site.gets("lead-de")
    eventually(lambda: site.said("the cluster is restarted"), NOTICED)
    site.works()


def test_killed_idle_workers_and_a_killed_monitor_are_noticed_in_two_minutes(database: Path, tmp_path: Path) -> None:
    victims: dict[str, Callable[[Worker], list[Process]]] = {"idle": lambda one: one.hands()[:2]}
    victims["monitor"] = lambda one: one.hands()[2:3]
    with ExitStack() as stack:
        workers = []
        for name, choose in victims.items():
            (tmp_path / name).mkdir()
            workers.append(stack.enter_context(running(database, tmp_path / name, WATCHDOG_STALE)))
            workers[-1].gets_mail()
            for process in choose(workers[-1]):
                process.kill()
        for worker in workers:
            eventually(partial(in_log, worker, "the cluster is restarted"), NOTICED)
            eventually(partial(has_mail, worker, 1), WORKING)


def in_log(worker: Worker, words: str) -> bool:
    return words in worker.log.read_text()


def has_mail(worker: Worker, count: int) -> bool:
    return worker.row("select count(*) from triage_message") == (count,)


# --- two of them --------------------------------------------------------------------------------------------


def test_two_clusters_a_burst_and_a_stopped_lease_holder_do_nothing_twice(site: Site, tmp_path: Path) -> None:
    (tmp_path / "second").mkdir()
    with Worker(tmp_path / "second", site.imap, WATCHDOG_STALE, **site.worker.settings) as second:
        eventually(second.has_started)
        site.model.answer = lambda asked: replace(judged_by_subject(asked), delay=2)
        asked = len(site.model.asked)
        site.gets(*["lead", "uncertain", "lead-de", "accounting", "rfq"] * 5)
        both = (site.worker, second)
        holder: Process = eventually(lambda: len(site.model.asked) > asked and any_of(one.at_work() for one in both))
        os.kill(holder.pid, signal.SIGSTOP)
        site.model.answer = judged_by_subject
        site.let_leases_run_out()
        eventually(site.is_done)
        os.kill(holder.pid, signal.SIGCONT)
        eventually(lambda: any(in_log(one, "was taken over by another run") for one in both))
        site.works()


def any_of(found: Iterable[Process | None]) -> Process | None:
    return next(filter(None, found), None)


# --- servers that are gone ----------------------------------------------------------------------------------


def test_a_mailbox_that_refuses_us_and_then_is_down_is_told_of_and_taken_up_again(site: Site) -> None:
    site.imap.set_password("changed")
    under_way = site.sent("lead", "uncertain")  # spam would take another run
    eventually(lambda: site.told("sign-in refused"), NOTICED)
    assert "check user and password in MAILBOX_URL" in site.doctor()
    site.imap.stop()
    eventually(lambda: site.told("cannot reach"), NOTICED)
    site.imap.set_password()
    site.imap.start()
    site.deliver(under_way)
    site.works()


def test_a_mail_server_that_dies_in_the_middle_of_the_work_costs_nothing(site: Site) -> None:
    site.gets("lead", "lead-de", "rfq", "uncertain")
    eventually(lambda: site.rows("select 1 from triage_mailboxdelivery where state in ('owed', 'taken')"))
    site.imap.stop()
    eventually(lambda: site.told("cannot reach"), NOTICED)
    site.imap.start()
    site.works()


@pytest.mark.postgres
def test_a_restarted_postgresql_is_noticed_and_no_stale_connection_is_used(tmp_path: Path) -> None:
    with Postgres() as postgres:
        tables(tmp_path, DATABASE_URL=postgres.url)
        with Site(tmp_path, DATABASE_URL=postgres.url) as site:
            site.gets("lead")
            eventually(site.is_done)
            postgres.stop()
            eventually(lambda: site.said("the database or the queue cannot be used"), NOTICED)
            assert "Check DATABASE_URL and its server" in site.doctor()
            postgres.start()
            site.gets("lead-de", "uncertain")
            site.works()
            assert site.said("the database and the queue can be used again")


# --- keys that are refused ----------------------------------------------------------------------------------


def test_tokens_that_expire_are_told_of_and_what_waited_is_done_when_they_are_good_again(site: Site) -> None:
    site.slack.expired = site.sheets.expired = True
    site.gets("lead", "spam")
    eventually(lambda: site.told("token_expired") and site.told("Google does not accept"), NOTICED)
    site.model.answer = lambda asked: Answer(status=401)
    site.gets("rfq", "uncertain")
    eventually(lambda: site.told("LLM_API_KEY was refused"), NOTICED)
    said = site.doctor()
    assert all(words in said for words in ("token_expired", "Google does not accept", "LLM_API_KEY was refused"))
    site.slack.expired = site.sheets.expired = False
    site.model.answer = judged_by_subject
    site.works()


# --- no space -----------------------------------------------------------------------------------------------


class FullSite(Site):
    """Its database and its CSV file are on a small disk."""

    def mirrored(self) -> list[str]:
        with (self.folder / "audit.csv").open() as file:
            return [row[0] for row in csv.reader(file)][1:]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", disk], check=False).returncode:
        pytest.skip("this user may not mount a disk")
    yield disk
    subprocess.run(["umount", disk], check=True)


def test_a_full_disk_is_noticed_and_when_there_is_space_the_work_goes_on(database: Path, small_disk: Path) -> None:
    settings = {"GOOGLE_SHEET_ID": "", "GOOGLE_SERVICE_ACCOUNT_FILE": ""}
    site = FullSite(small_disk, database, **settings)
    site.logs = small_disk.parent
    with site:
        site.gets("lead")
        eventually(site.is_done)
        fill(ballast := small_disk / "ballast")
        site.gets(*["lead", "uncertain", "accounting"] * 10)
        eventually(lambda: site.said("disk is full") or site.said("No space left on device"), NOTICED)
        assert "DATA_DIR has 0 MB left" in site.doctor()
        ballast.unlink()
        site.works()


def fill(ballast: Path) -> None:
    """Leave no byte free beside this file."""
    with ballast.open("wb", buffering=0) as file, suppress(OSError):
        for size in (1 << 20, 4096):
            with suppress(OSError):
                while True:
                    file.write(b"x" * size)
