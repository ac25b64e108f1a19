"""What holds for all that leaves the program: it is about one mail, and tells no secret."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from aiosmtpd.controller import Controller

from tests import mails
from tests.servers.imap import PASSWORD, free_port
from tests.servers.relay import Relay
from tests.servers.slack import TOKEN
from tests.world import World

pytestmark = pytest.mark.dovecot
SECRETS = (PASSWORD, TOKEN, "sk-test", "PRIVATE KEY")
CUSTOMER = re.compile(r"customer(\d+)\.example")


@dataclass(frozen=True)
class Told:
    """A world after two runs, and all that the program said of itself; `smtp` is the way to the mail server."""

    world: World
    said: str
    smtp: Relay


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    smtp = Controller(object(), hostname="127.0.0.1", port=free_port())
    smtp.start()
    with Relay(smtp.port) as relay:
        url = f"smtp://127.0.0.1:{relay.port}"
        with World(tmp_path_factory.mktemp("world"), LOG_LEVEL="DEBUG", EMAIL_URL=url) as world:
            world.deliver(mails.mixed(20))
            runs = [world.run("process_inbox") for _ in range(2)]
            assert [run.status for run in runs] == [0, 0]
            yield Told(world, "".join(run.out + run.err for run in runs), relay)
    smtp.stop()


def test_each_question_to_the_model_is_about_one_mail(told: Told) -> None:
    asked = [set(CUSTOMER.findall(str(question.body))) for question in told.world.model.asked]
    assert len(asked) > 10
    assert {len(customers) for customers in asked} == {1}


def test_each_draft_alert_and_row_is_about_one_mail(told: Told) -> None:
    drafts = [raw.decode() for raw in told.world.mails("Drafts")]
    alerts = [post.text for post in told.world.slack.posts]
    rows = [" ".join(row) for row in told.world.sheet()]
    for text in (*drafts, *alerts, *rows):
        assert len(set(CUSTOMER.findall(text))) <= 1, text
    assert len(drafts) > 5
    assert len(alerts) > 5
    assert len(rows) > 20


def test_no_secret_and_no_text_of_a_mail_is_in_the_log(told: Told) -> None:
    assert "process" in told.said or "lead" in told.said, "it says something"
    for secret in (*SECRETS, "this is mail"):
        assert secret not in told.said


def test_no_text_of_a_mail_is_in_the_sheet(told: Told) -> None:
    assert not [row for row in told.world.sheet() if "this is mail" in " ".join(row)]


def test_nobody_is_written_to_before_a_person_approved_it(told: Told) -> None:
    assert told.smtp.asked == b""
    assert told.smtp.received == 0
