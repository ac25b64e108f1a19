"""A backfill may be killed, stopped and run beside the worker, and comes to the same end."""

import os
import pty
import re
import shutil
import signal
import subprocess
import sys
import termios
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Self

import pytest

from tests import mails, site
from tests.servers.imap import ImapPeer
from tests.world import ROOT, World

pytestmark = [pytest.mark.dovecot, pytest.mark.apart]
KINDS = ("lead", "spam", "newsletter", "accounting", "uncertain", "internal", "auto-reply", "lead-de", "rfq")
MIXED = tuple(KINDS[number % len(KINDS)] for number in range(70))
SINCE = ("--since", (date.today() - timedelta(days=7)).isoformat())


class OldInbox(World):
    """A world with an inbox that was in use before we came; its tables are copied."""

    def __init__(self, folder: Path, database: Path) -> None:
        super().__init__(folder)
        shutil.copy(database, self.database)

    def __enter__(self) -> Self:
        for server in (self.imap, self.model, self.slack, self.sheets):
            server.__enter__()
        people = self.rows("select email from routing_salesperson")
        self.slack.users = {email: f"U{number:05d}" for number, (email,) in enumerate(people)}
        with ImapPeer(self.imap.account()) as peer:
            peer.uids()  # the first look makes the folder
        return self


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return site.tables(tmp_path_factory.mktemp("tables"))


@pytest.fixture
def world(tmp_path: Path, tables: Path) -> Iterator[World]:
    with OldInbox(tmp_path, tables) as made:
        yield made


def lived_in(world: World, *kinds: str) -> None:
    """Mails that lay there before we came, read, and the first look at them."""
    for number, kind in enumerate(kinds, 1):
        world.imap.drop(mails.mail(kind, number).raw, read=True, days=3)
    assert world.run("process_inbox").status == 0
    assert world.rows("select distinct status from triage_message") == [("backlog",)]


def backfill(world: World) -> None:
    done = world.run("backfill", *SINCE)
    assert done.status == 0, done.err


def on_record(world: World) -> dict[str, Any]:
    """All that the database keeps of the mail, without moments and numbers that a run gives."""
    queries = {
        "mails": "select uid, status, category, confidence, backfilled, sender_address from triage_message",
        "judgements": "select message_id, category, judge from triage_classification",
        "leads": "select subject, owner_name, stage, date(created_at) from crm_lead",
        "contacts": "select address, company from crm_contact",
        "log": "select subject, action, summary from crm_auditentry",
        "owed": "select count(*) from triage_mailboxdelivery",
        "alerts": "select count(*) from routing_slackalert",
        "given": "select count(*) from routing_assignment",
        "held": "select count(*) from routing_hold",
        "turns": "select count(*) from routing_ledgerline",
        "drafts": "select count(*) from triage_draft",
    }
    return {name: sorted(world.rows(query)) for name, query in queries.items()}


@pytest.fixture(scope="module")
def undisturbed(tables: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What is on record where nothing happened in the middle."""
    with OldInbox(tmp_path_factory.mktemp("undisturbed"), tables) as world:
        lived_in(world, *MIXED)
        backfill(world)
        assert len(world.model.asked) == len(set(asked_about(world)))
        return on_record(world)


@pytest.mark.parametrize(
    "when",
    [
        pytest.param("select 1 from triage_message where backfilled", id="taken up"),
        pytest.param("select 1 from triage_message where status = 'filtered'", id="read"),
        pytest.param("select 1 from triage_classification where judge = 'llm'", id="some are judged"),
        pytest.param("select 1 from crm_lead", id="some are acted on"),
    ],
)
def test_killed_in_the_middle_and_run_again_it_ends_as_if_nothing_had_been(
    world: World, undisturbed: dict[str, Any], when: str
) -> None:
    lived_in(world, *MIXED)
    answer = world.model.answer
    world.model.answer = lambda asked: replace(answer(asked), delay=0.05)  # so that there is a middle
    assert world.run_and_kill(lambda: world.rows(when), "backfill", *SINCE), "it was faster"
    asked = len(world.model.asked)
    world.model.answer = answer
    backfill(world)
    assert on_record(world) == undisturbed
    again = len(world.model.asked) - len(set(asked_about(world)))
    assert again <= min(asked, 8)  # whose answers were on their way: LLM_CONCURRENCY is 8


def asked_about(world: World) -> list[str]:
    return [str(asked.mail["subject"]) for asked in world.model.asked]


def test_what_the_killed_one_had_in_hand_is_no_new_mail_for_the_worker(world: World) -> None:
    lived_in(world, *["lead"] * 60)
    assert world.run_and_kill(lambda: world.rows("select 1 from triage_message where backfilled"), "backfill", *SINCE)
    assert world.run("process_inbox").status == 0
    found = on_record(world)
    assert len(found["leads"]) == 50
    assert [found[name] for name in ("owed", "alerts", "given", "turns", "drafts")] == [[(0,)]] * 5


def test_runs_of_the_worker_in_between_change_nothing(world: World, undisturbed: dict[str, Any]) -> None:
    lived_in(world, *MIXED)
    with started(world) as running:
        while running.poll() is None:
            assert world.run("process_inbox").status == 0
    if running.returncode:  # a run of the worker was just there when it began
        backfill(world)
    assert on_record(world) == undisturbed
    assert len(world.model.asked) == len(set(asked_about(world)))


def test_who_stops_it_is_told_how_to_go_on_and_can_at_once(world: World, undisturbed: dict[str, Any]) -> None:
    lived_in(world, *MIXED)
    answer = world.model.answer
    world.model.answer = lambda asked: replace(answer(asked), delay=0.2)
    with started(world) as running:
        while len(world.model.asked) < 3:
            assert running.poll() is None, "it was faster"
        running.send_signal(signal.SIGINT)
        says = running.communicate()[1].splitlines()[-1]
    assert (running.returncode, says) == (
        1,
        "CommandError: Stopped by you. 70 are left: run it again to go on.",
    )
    backfill(world)
    assert on_record(world) == undisturbed


def started(world: World) -> subprocess.Popen[str]:
    """A backfill on its way."""
    return subprocess.Popen(
        [sys.executable, "manage.py", "backfill", *SINCE],
        cwd=ROOT, env=world.environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def test_a_terminal_shows_a_bar_and_a_table(world: World) -> None:
    lived_in(world, *KINDS)
    shown = in_a_terminal(world, "backfill", *SINCE)
    first, last = shown.splitlines()[0], shown.splitlines()[-1]
    assert first.startswith(f"{len(KINDS)} mails since {SINCE[1]} to be judged by openai/stand-in for")
    assert re.search(rf"100%.*{len(KINDS)}/{len(KINDS)} .*mails/s, 0.00 USD, 0 failures", shown)
    assert re.search(r"^lead +3$", shown, re.MULTILINE)
    assert last == f"{len(KINDS)} of {len(KINDS)} mails, 0.00 USD."


def in_a_terminal(world: World, *command: str) -> str:
    """What somebody sees at a terminal."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(ours, (40, 120))
    with subprocess.Popen(
        [sys.executable, "manage.py", *command], cwd=ROOT, env=world.environment, stdout=theirs, stderr=theirs
    ):
        os.close(theirs)
        shown = b""
        while True:
            try:
                shown += os.read(ours, 4096)
            except OSError:  # the terminal is closed
                break
    os.close(ours)
    return shown.decode().replace("\r\n", "\n").strip()
