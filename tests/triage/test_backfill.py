"""Old mail is taken up later: judged and kept on record, each mail once, and nothing else follows."""

import json
import os
import pty
import re
import shutil
import sqlite3
import subprocess
import sys
import termios
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from io import StringIO
from pathlib import Path
from typing import Any, Self

import pytest
from django.core.management import CommandError, call_command

from tests import mails, site
from tests.servers.imap import ImapPeer
from tests.servers.openai import Answer
from tests.world import ROOT, SALESPERSON, World, judged_by_subject

pytestmark = [pytest.mark.dovecot, pytest.mark.apart]
KINDS = ("lead", "spam", "newsletter", "accounting", "uncertain", "internal", "auto-reply", "lead-de", "rfq")
WEEK_AGO = (date.today() - timedelta(days=7)).isoformat()
PRICE = {"LLM_INPUT_PRICE": "100", "LLM_OUTPUT_PRICE": "100"}  # 0.012 USD a mail: 100 + 20 tokens


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


def lived_in(world: World, *kinds: str, days: float = 3) -> list[mails.Mail]:
    """Mails that lay there before we came, read, and the first look at them."""
    old = [mails.mail(kind, number) for number, kind in enumerate(kinds, 1)]
    for mail in old:
        world.imap.drop(mail.raw, read=True, days=days)
    assert world.run("process_inbox").status == 0
    assert world.rows("select distinct status from triage_message") == [("backlog",)]
    return old


def backfill(world: World, *more: str, since: str = WEEK_AGO, **settings: str) -> list[dict[str, Any]]:
    done = world.run("backfill", "--since", since, *more, **settings)
    assert done.status == 0, done.err
    return [json.loads(line) for line in done.out.splitlines()]


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


NOTHING = [(0,)]


def test_old_mail_gets_on_record_and_nothing_else_follows(world: World) -> None:
    lived_in(world, *KINDS)
    before = world.outside() | {"sheet": None}
    plan, *_, end = backfill(world)
    world.run("process_inbox")
    assert plan["mails"] == len(KINDS)
    assert "no replies are drafted, nobody is given a lead or told of it" in plan["says"]
    assert end["became"] == {
        "lead": 3, "spam": 1, "newsletter": 1, "accounting": 1, "internal": 1,
        "waits for a person": 1, "none of these": 1,
    }  # fmt: skip
    found = on_record(world)
    assert [found[name] for name in ("owed", "alerts", "given", "held", "turns", "drafts")] == [NOTHING] * 6
    assert len(found["leads"]) == 3
    assert world.outside() | {"sheet": None} == before
    logged = {row[3] for row in world.sheet()}
    assert {"classified", "processed", "old lead", "to review"} <= logged


def test_the_leads_are_as_old_as_their_mail(world: World) -> None:
    lived_in(world, "lead", days=5)
    backfill(world)
    ((created,),) = world.rows("select date(created_at) from crm_lead")
    assert created == (date.today() - timedelta(days=5)).isoformat()


def test_it_takes_the_oldest_first_up_to_the_limit_and_goes_on_where_it_stopped(world: World) -> None:
    lived_in(world, *["lead"] * 5)
    assert backfill(world, "--limit", "2")[-1]["mails"] == 2
    taken = world.rows("select uid from triage_message where backfilled")
    assert taken == [(1,), (2,)]
    assert backfill(world)[0]["mails"] == 3
    assert backfill(world)[0]["mails"] == 0
    assert (world.count("crm_lead"), len(world.model.asked)) == (5, 5)


def test_what_came_before_that_day_is_left_alone(world: World) -> None:
    world.imap.drop(mails.mail("lead", 1).raw, read=True, days=20)
    lived_in(world, "lead-de", days=3)
    assert backfill(world)[0]["mails"] == 1
    assert world.rows("select subject from crm_lead") == [("lead-de number 1: Anfrage für Ventile",)]


def test_a_dry_run_asks_no_model_and_writes_nothing(world: World) -> None:
    lived_in(world, *KINDS)
    before = on_record(world)
    plan, end = backfill(world, "--dry-run", **PRICE)
    assert (plan["mails"], plan["cost_usd"] > 0, end["says"]) == (
        len(KINDS),
        True,
        "Nothing was done: this was a dry run.",
    )
    assert (on_record(world), world.model.asked) == (before, [])


def test_it_stops_at_the_cost_and_says_how_to_go_on(world: World) -> None:
    lived_in(world, *["lead"] * 6)
    end = backfill(world, "--max-cost", "0.03", **PRICE)[-1]
    assert (end["mails"], end["cost_usd"]) == (3, 0.036)
    assert end["says"].endswith(
        "Stopped: the language model's budget of this backfill (0.03 USD) is spent. 3 are left: run it again to go on."
    )
    assert backfill(world, **PRICE)[-1]["mails"] == 3
    assert len(world.model.asked) == 6


def test_the_budget_of_the_day_stops_it_before_mail_goes_to_a_person_unjudged(world: World) -> None:
    lived_in(world, *["lead"] * 4)
    end = backfill(world, LLM_DAILY_BUDGET="0.02", **PRICE)[-1]
    assert end["mails"] == 2
    assert "budget of this day (0.02 USD) is spent" in end["says"]
    assert world.rows("select count(*) from triage_message where status = 'review'") == [(0,)]


def test_the_next_one_costs_what_the_last_ones_did(world: World) -> None:
    lived_in(world, *["lead"] * 4)
    backfill(world, "--limit", "2", **PRICE)
    assert backfill(world, "--dry-run", **PRICE)[0]["cost_usd"] == pytest.approx(0.024)


def test_a_limit_of_cost_without_a_price_is_refused(world: World) -> None:
    lived_in(world, "lead")
    done = world.run("backfill", "--since", WEEK_AGO, "--max-cost", "5")
    assert (done.status, "no price of openai/stand-in is known" in done.err) == (1, True)
    assert world.rows("select status from triage_message") == [("backlog",)]


MIXED = tuple(KINDS[number % len(KINDS)] for number in range(70))


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
    assert world.run_and_kill(lambda: world.rows(when), "backfill", "--since", WEEK_AGO), "it was faster"
    asked = len(world.model.asked)
    world.model.answer = answer
    backfill(world)
    assert on_record(world) == undisturbed
    again = len(world.model.asked) - len(set(asked_about(world)))
    assert again <= min(asked, 8)  # whose answers were on their way: LLM_CONCURRENCY is 8


def asked_about(world: World) -> list[str]:
    return [str(asked.mail["subject"]) for asked in world.model.asked]


def test_the_killed_ones_mail_is_no_new_mail_for_the_worker(world: World) -> None:
    lived_in(world, *["lead"] * 60)
    assert world.run_and_kill(
        lambda: world.rows("select 1 from triage_message where backfilled"), "backfill", "--since", WEEK_AGO
    )
    world.let_leases_run_out()
    assert world.run("process_inbox").status == 0
    found = on_record(world)
    assert len(found["leads"]) == 50
    assert [found[name] for name in ("owed", "alerts", "given", "turns", "drafts")] == [NOTHING] * 5


def test_an_old_lead_belongs_to_whoever_is_in_the_conversation(world: World) -> None:
    answered = mails.mail("thread", 3, in_reply_to="<sent.3@acme.example>")
    with ImapPeer(world.imap.account()) as peer:
        peer.deliver(mails.sent_by_salesperson(3, SALESPERSON), "Sent")
    world.imap.drop(answered.raw, read=True, days=3)
    lived_in(world)
    backfill(world)
    assert world.rows("select owner_name from crm_lead") == [("Ana Horakova",)]
    assert world.rows("select action from crm_auditentry where action = 'in conversation'") == [("in conversation",)]


def test_an_old_lead_of_a_known_customer_belongs_to_who_has_them(world: World) -> None:
    lived_in(world, "lead")
    world.deliver([mails.Mail("lead", 1, new_thread(1), "<x>")])
    world.run("process_inbox")
    ((owner,),) = world.rows("select owner_name from crm_lead")
    backfill(world)
    assert world.rows("select owner_name from crm_lead") == [(owner,), (owner,)]
    assert world.count("routing_assignment") == 1


def new_thread(number: int) -> bytes:
    """Another mail of the same customer."""
    return mails.mail("lead", number).raw.replace(b"Message-ID: <", b"Message-ID: <again").replace(b"about", b"more")


def test_when_the_customer_of_an_old_lead_writes_again_it_is_given_to_somebody(world: World) -> None:
    (old,) = lived_in(world, "lead")
    backfill(world)
    assert world.rows("select owner_name from crm_lead") == [("",)]
    reply = new_thread(1).replace(b"Message-ID:", f"In-Reply-To: {old.message_id}\nMessage-ID:".encode(), 1)
    world.deliver([mails.Mail("lead", 1, reply, "<x>")])
    world.run("process_inbox")
    ((owner,),) = world.rows("select owner_name from crm_lead")
    assert owner
    assert [world.count(table) for table in ("routing_assignment", "triage_draft", "crm_lead")] == [1, 1, 1]
    assert len(world.slack.posts) >= 1


def test_new_mail_that_comes_meanwhile_is_treated_as_ever(world: World) -> None:
    lived_in(world, "lead", "lead")
    world.deliver([mails.mail("lead", 30)])
    backfill(world)
    world.run("process_inbox")
    assert [world.count(table) for table in ("crm_lead", "routing_assignment", "triage_draft")] == [3, 1, 1]
    assert len(world.folders()["Archive"]) == 1


def test_a_model_that_fails_for_all_stops_it(world: World) -> None:
    lived_in(world, *["lead"] * 60)
    world.model.answer = lambda asked: Answer("no JSON at all")
    done = world.run("backfill", "--since", WEEK_AGO)
    assert done.status == 1
    assert "gave no usable answer for 50 mails in a row" in done.err
    assert "10 are left: run it again to go on" in done.err


def test_a_key_that_is_refused_stops_it_and_the_mail_waits_for_the_next_run(world: World) -> None:
    lived_in(world, "lead", "lead")
    world.model.answer = lambda asked: Answer(status=401)
    done = world.run("backfill", "--since", WEEK_AGO)
    assert (done.status, "LLM_API_KEY was refused" in done.err) == (1, True)
    world.model.answer = judged_by_subject
    backfill(world)
    assert world.count("crm_lead") == 2


def test_while_another_run_has_the_mailbox_it_says_so_in_a_line(world: World) -> None:
    lived_in(world, "lead")
    hold(world)
    done = world.run("backfill", "--since", WEEK_AGO)
    assert done.status == 1
    assert done.err.splitlines()[-1].startswith("CommandError: inbox: another run has it just now; wait a minute")
    assert world.rows("select status from triage_message") == [("backlog",)]


def hold(world: World) -> None:
    """Another run, of a process on another machine, has the mailbox."""
    with sqlite3.connect(world.database, timeout=20) as rows:
        rows.execute(f"update triage_mailbox set lease_holder = '{'ab' * 16}', lease_until = '2999-01-01 00:00:00'")


def test_a_terminal_shows_a_bar_and_a_table(world: World) -> None:
    lived_in(world, *KINDS)
    shown = in_a_terminal(world, "backfill", "--since", WEEK_AGO)
    first, last = shown.splitlines()[0], shown.splitlines()[-1]
    assert first.startswith(f"{len(KINDS)} mails since {WEEK_AGO} to be judged by openai/stand-in for")
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


TOMORROW = (date.today() + timedelta(days=2)).isoformat()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--since", "yesterday"], "--since yesterday is no date: write it like 2026-01-31."),
        (["--since", "2026-02-30"], "--since 2026-02-30 is no date"),
        (["--since", TOMORROW], f"--since {TOMORROW} is in the future"),
        (["--since", WEEK_AGO, "--limit", "-1"], "--limit -1 is no number of mails"),
        (["--since", WEEK_AGO, "--limit", "0"], "--limit 0 is no number of mails"),
        (["--since", WEEK_AGO, "--limit", "many"], "--limit many is no number of mails"),
        (["--since", WEEK_AGO, "--max-cost", "-1"], "--max-cost -1 is no sum in USD"),
        (["--since", WEEK_AGO, "--max-cost", "NaN"], "--max-cost NaN is no sum in USD"),
        (["--since", WEEK_AGO, "--max-cost", "much"], "--max-cost much is no sum in USD"),
        (["--since", WEEK_AGO, "--mailbox", "nowhere"], "There is no mailbox nowhere"),
        (["--since", WEEK_AGO], "No mailbox is set up"),
    ],
)
def test_a_wrong_argument_is_answered_by_one_line_that_says_what_to_do(
    arguments: list[str], says: str, settings: Any
) -> None:
    settings.MAILBOXES = {}
    with pytest.raises(CommandError, match=re.escape(says)) as refused:
        call_command("backfill", *[f"--{a[2:]}" if a.startswith("--") else a for a in arguments], stdout=StringIO())
    assert "\n" not in str(refused.value)


def test_a_mailbox_that_was_never_read_is_to_be_read_first(world: World) -> None:
    done = world.run("backfill", "--since", WEEK_AGO)
    assert (done.status, "run `manage.py process_inbox` first" in done.err) == (1, True)
