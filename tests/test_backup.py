"""An older backup of the database is restored beside today's mailbox, spreadsheet and Slack: nothing is done twice."""

import shutil
import sqlite3
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests import mails
from tests.servers.imap import ImapPeer
from tests.world import World, header

pytestmark = [pytest.mark.dovecot, pytest.mark.apart]
BEFORE, AFTER = mails.mixed(20)[:10], mails.mixed(20)[10:]
STAY = "label,draft,slack,sheet,crm"  # every mail stays in the inbox
MOVE = f"{STAY},archive,trash"
MOVED = ("lead", "lead-de", "rfq", "thread", "spam", "newsletter")


@dataclass(frozen=True)
class Restored:
    """A world with an older database, and what was outside before it was restored and after all was quiet again."""

    world: World
    before: dict[str, Any]
    after: dict[str, Any]


def run_until_quiet(world: World) -> dict[str, Any]:
    """What is outside when a further run changes nothing."""
    now = world.outside()
    for _ in range(6):
        done = world.run("process_inbox")
        assert (done.status, done.err) == (0, "")
        before, now = now, world.outside()
        if now == before:
            return now
        world.let_leases_run_out()
    raise AssertionError("it does not come to rest")


def back_up(world: World, target: Path) -> None:
    with sqlite3.connect(world.database) as source, sqlite3.connect(target) as copy:
        source.backup(copy)


def restore(world: World, backup: Path) -> None:
    for left in world.folder.glob("inbox_router.sqlite3*"):
        left.unlink()
    shutil.copy(backup, world.database)


def history(folder: Path, armed: str, age: str) -> Iterator[Restored]:
    """Ten mails, a backup, ten more; a person deletes one of these, then the backup is restored."""
    with World(folder, ARMED=armed, SLACK_MANAGER_CHANNEL="C1MANAGERS") as world:
        world.slack.channels = {"C1MANAGERS"}
        run_until_quiet(world)
        moments = {"a day old": folder / "day.sqlite3", "an hour old": folder / "hour.sqlite3"}
        back_up(world, moments["a day old"])
        world.deliver(BEFORE)
        run_until_quiet(world)
        back_up(world, moments["an hour old"])
        world.deliver(AFTER)
        run_until_quiet(world)
        with ImapPeer(world.imap.account()) as person:  # every later mail gets another primary key than it had
            first = next(uid for uid in person.uids() if header(person.raw(uid), "Message-ID") == gone().message_id)
            person.remove(first)
        before = world.outside()
        restore(world, moments[age])
        yield Restored(world, before, run_until_quiet(world))


def gone() -> mails.Mail:
    return next(mail for mail in AFTER if mail.kind == "accounting")


def ids(*kinds: str) -> list[str]:
    return sorted(mail.message_id for mail in [*BEFORE, *AFTER] if mail.kind in kinds)


AGES = ["an hour old", "a day old"]


@pytest.fixture(scope="module", params=AGES)
def stayed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Restored]:
    yield from history(tmp_path_factory.mktemp("stayed"), STAY, request.param)


@pytest.fixture(scope="module", params=AGES)
def moved(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Restored]:
    yield from history(tmp_path_factory.mktemp("moved"), MOVE, request.param)


class TestMailThatIsStillInTheInbox:
    def test_what_anybody_outside_sees_is_as_it_was(self, stayed: Restored) -> None:
        for place in ("folders", "slack", "sheet", "flags"):
            assert stayed.after[place] == stayed.before[place], place

    def test_its_records_are_made_again(self, stayed: Restored) -> None:
        leads = ids("lead", "lead-de", "rfq")
        assert stayed.world.count("routing_assignment where active") == len(leads)
        assert stayed.world.count("crm_lead") == len(leads) + len(ids("thread"))
        assert sorted(header(raw, "In-Reply-To") for raw in stayed.world.mails("Drafts")) == leads

    def test_each_record_knows_the_one_thing_outside_that_belongs_to_it(self, stayed: Restored) -> None:
        world = stayed.world
        drafts = sorted(mail_id for (mail_id,) in world.rows("select mail_id from triage_draft"))
        assert drafts == world.folders()["Drafts"]
        for table in ("triage_mailboxdelivery", "routing_slackalert", "crm_sheetrow"):
            assert world.count(f"{table} where state not in ('done', 'shadow')") == 0, table
        assert set(Counter(post.key for post in world.slack.posts).values()) == {1}

    def test_nothing_is_said_to_be_missing(self, stayed: Restored) -> None:
        checked = stayed.world.run("check_capture", "--json")
        assert (checked.status, checked.json["unexplained"]) == (0, 0)
        assert checked.json["mailboxes"][0]["moved_unseen"] == []


class TestMailThatWasMovedMeanwhile:
    def test_nothing_is_done_twice(self, moved: Restored) -> None:
        for place in ("folders", "slack", "sheet", "flags"):
            assert moved.after[place] == moved.before[place], place

    def test_it_is_counted_and_told_where_it_lies(self, moved: Restored) -> None:
        world = moved.world
        checked = world.run("check_capture", "--json").json["mailboxes"][0]
        rows = {mail_id for (mail_id,) in world.rows("select message_id from triage_message")}
        unknown = [message_id for message_id in ids(*MOVED) if message_id not in rows]
        assert len(checked["moved_unseen"]) == len(unknown) > 0
        assert "moved before we saw them" in world.run("check_capture").out

    def test_moved_back_into_the_inbox_it_is_taken_up_and_nothing_is_doubled(self, moved: Restored) -> None:
        world, lead = moved.world, next(mail for mail in AFTER if mail.kind == "lead")
        run_until_quiet(world)  # the managers were told above
        with ImapPeer(world.imap.account()) as person:
            uids = person.uids("Archive")
            uid = next(uid for uid in uids if header(person.raw(uid, "Archive"), "Message-ID") == lead.message_id)
            person.move(uid, "INBOX", "Archive")
        before = world.outside()
        after = run_until_quiet(world)
        assert world.count(f"crm_lead where thread_id = '{lead.message_id}'") == 1
        assert after["folders"] == before["folders"] | {
            "INBOX": [found for found in before["folders"]["INBOX"] if found != lead.message_id],
            "Archive": sorted([*before["folders"]["Archive"], lead.message_id]),
        }
        # The turns were restored, too: whoever has it now is told, even if it was somebody else's before.
        assert set(Counter((post.channel, post.key) for post in world.slack.posts).values()) == {1}
        assert set(Counter(row[0] for row in after["sheet"]).values()) == {1}
