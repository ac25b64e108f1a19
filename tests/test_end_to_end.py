"""200 mails through the whole program, against real servers, by the commands that an operator uses."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests import mails
from tests.world import Finished, World, header

pytestmark = [pytest.mark.dovecot, pytest.mark.apart]
MAILS = mails.mixed(200)
BY_KIND = Counter(mail.kind for mail in MAILS)


def ids(*kinds: str) -> list[str]:
    return sorted(mail.message_id for mail in MAILS if mail.kind in kinds)


@dataclass(frozen=True)
class TwoRuns:
    world: World
    runs: tuple[Finished, Finished]
    between: dict[str, list[str]]  # the folders after the first run


@pytest.fixture(scope="module")
def two_runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TwoRuns]:
    with World(tmp_path_factory.mktemp("world")) as world:
        world.deliver(MAILS)
        first = world.run("process_inbox", "--json")
        between = world.folders()
        yield TwoRuns(world, (first, world.run("process_inbox", "--json")), between)


@pytest.fixture
def world(two_runs: TwoRuns) -> World:
    return two_runs.world


class TestTwoHundredMails:
    def test_both_runs_end_well(self, two_runs: TwoRuns) -> None:
        assert [(run.status, run.err) for run in two_runs.runs] == [(0, "")] * 2

    def test_every_mail_is_accounted_for(self, world: World) -> None:
        checked = world.run("check_capture", "--json")
        assert checked.status == 0
        assert (checked.json["messages"], checked.json["unexplained"]) == (200, 0)

    def test_each_lead_has_one_record_one_owner_and_one_draft_with_the_right_headers(self, world: World) -> None:
        expected = ids("lead", "lead-de", "rfq")
        drafts = {header(raw, "In-Reply-To"): raw for raw in world.mails("Drafts")}
        assert sorted(drafts) == expected
        assert len(world.mails("Drafts")) == len(expected)
        assert all(header(raw, "References").split()[-1] == answered for answered, raw in drafts.items())
        assert world.count("crm_lead") == len(expected) + BY_KIND["thread"]
        assert world.count("routing_assignment where active") == len(expected)

    def test_each_assignment_is_told_once_in_slack(self, world: World) -> None:
        keys = Counter(post.key for post in world.slack.posts)
        told = [post for post in world.slack.posts if post.key.startswith("slack:assigned:")]
        assert len(told) == world.count("routing_assignment")
        assert set(keys.values()) == {1}
        assert all("CC" in post.text for post in told)

    def test_who_is_in_a_conversation_is_told_that_the_customer_wrote(self, world: World) -> None:
        told = [post for post in world.slack.posts if post.key.startswith("slack:wrote:")]
        assert len(told) == BY_KIND["thread"]
        assert {post.channel for post in told} == {"D" + world.slack.users["ana.horakova@acme.example"]}

    def test_each_audit_entry_is_one_row_of_the_sheet(self, world: World) -> None:
        logged = sorted(key for (key,) in world.rows("select key from crm_auditentry"))
        assert sorted(row[0] for row in world.sheet()) == logged
        assert len(logged) > 200 * 3

    def test_spam_and_newsletters_are_in_trash_after_the_second_run_only(self, two_runs: TwoRuns) -> None:
        assert two_runs.between["Trash"] == []
        assert two_runs.world.folders()["Trash"] == ids("spam", "newsletter")

    def test_everything_else_is_archived_or_untouched(self, world: World) -> None:
        folders = world.folders()
        assert folders["Archive"] == ids("lead", "lead-de", "rfq", "thread")
        assert folders["INBOX"] == ids("accounting", "uncertain", "internal", "auto-reply")
        originals = {mail.message_id: mail.raw for mail in MAILS}
        for folder in ("Archive", "INBOX", "Trash"):
            for raw in world.mails(folder):
                assert raw.replace(b"\r\n", b"\n") == originals[header(raw, "Message-ID")].replace(b"\r\n", b"\n")

    def test_a_third_run_changes_nothing_anywhere(self, world: World) -> None:
        before, calls, entries = world.outside(), len(world.model.asked), world.count("crm_auditentry")
        assert world.run("process_inbox").status == 0
        assert world.outside() == before
        assert (len(world.model.asked), world.count("crm_auditentry")) == (calls, entries)

    def test_the_turns_were_shared_fairly(self, world: World) -> None:
        shares = world.rows(
            "select p.name, a.salesperson_id, count(*) from routing_assignment a"
            " join routing_pool p on p.id = a.pool_id where a.rule = 'rotation' group by 1, 2"
        )
        for pool in {name for name, _, _ in shares}:
            counts = [count for name, _, count in shares if name == pool]
            assert max(counts) - min(counts) <= 1, (pool, counts)


MOMENTS = {
    "while mail is judged": lambda world: len(world.model.asked) >= 20,
    "while leads are assigned": lambda world: world.count("routing_assignment") >= 5,
    "while drafts are saved": lambda world: len(world.mails("Drafts")) >= 1,
    "while Slack is told": lambda world: len(world.slack.posts) >= 5,
    "while the sheet is written": lambda world: len(world.sheet()) >= 1,
}


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_run_that_is_killed_is_finished_by_the_next_one(moment: str, tmp_path: Path) -> None:
    arriving = mails.mixed(40)
    with World(tmp_path) as world:
        world.deliver(arriving)
        assert world.run_and_kill(lambda: MOMENTS[moment](world), "process_inbox"), "it ended before it was killed"
        classified = world.count("triage_classification where judge = 'llm'")
        asked = len(world.model.asked)
        world.let_leases_run_out()
        for _ in range(3):
            assert world.run("process_inbox").status == 0
            world.let_leases_run_out()
        leads = [mail for mail in arriving if mail.kind in ("lead", "lead-de", "rfq")]
        folders = world.folders()
        assert sorted(header(raw, "In-Reply-To") for raw in world.mails("Drafts")) == sorted(
            m.message_id for m in leads
        )
        assert folders["Trash"] == sorted(m.message_id for m in arriving if m.kind in ("spam", "newsletter"))
        told = Counter(post.key for post in world.slack.posts)
        assert set(told.values()) == {1}
        assert world.count("routing_assignment") == len(leads)
        assert len(told) == len(leads) + sum(mail.kind == "thread" for mail in arriving)
        assert sorted(row[0] for row in world.sheet()) == sorted(
            k for (k,) in world.rows("select key from crm_auditentry")
        )
        again = len(world.model.asked) - asked
        judged = sum(mail.kind not in ("internal", "auto-reply") for mail in arriving)
        assert again == judged - classified
