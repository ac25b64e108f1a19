"""What breaks under a running worker is noticed, and when it is whole the work goes on: nothing is lost or doubled."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.servers.http import HANGING
from tests.servers.openai import Answer
from tests.site import Site, tables
from tests.test_worker import Process, eventually
from tests.world import judged_by_subject

pytestmark = pytest.mark.dovecot


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
