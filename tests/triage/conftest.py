"""Fixtures for the tests of mail and judging."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from inbox_router.delivery import work_off_all
from inbox_router.environment import MailboxAccount
from tests.servers.imap import Dovecot, ImapPeer
from tests.servers.openai import ModelServer
from tests.triage.judge import SubjectJudge
from tests.triage.letters import Server
from tests.triage.llm import ANNA, KEY
from triage import services
from triage.classifiers import Classifier
from triage.classifiers.llm import LlmClassifier
from triage.classifiers.llm.api import Endpoint
from triage.classifiers.llm.trial import Limits
from triage.mailbox import ImapMailbox
from triage.parsing.reader import Reader
from triage.pipeline import run_mailbox

TEAM = Path(__file__).parents[2] / "templates" / "demo" / "team.toml"
USERS = 300


@pytest.fixture
def model_server() -> Iterator[ModelServer]:
    """A model server on loopback; see its `answer` and `asked`."""
    with ModelServer() as server:
        yield server


@pytest.fixture(scope="session")
def warm() -> None:
    """The first call in a process imports a lot; let no test's time limit pay for that."""
    with ModelServer() as server:
        judged = LlmClassifier((Endpoint("openai/stub", server.url, KEY),), Limits(30)).classify([ANNA])
    assert judged[0].error == ""


@pytest.fixture
def judge(warm: None, model_server: ModelServer) -> LlmClassifier:
    """One model, little patience."""
    return LlmClassifier((Endpoint("openai/stub", model_server.url, KEY),), Limits(call=1, pause=0.01))


@pytest.fixture(scope="session")
def post_office() -> Iterator[Dovecot]:
    """One Dovecot for many tests; see `account`."""
    with Dovecot(users=[f"user{number}@acme.example" for number in range(USERS)]) as server:
        yield server


@pytest.fixture(scope="session")
def users(post_office: Dovecot) -> Iterator[str]:
    return iter(post_office.users)


@pytest.fixture
def account(post_office: Dovecot, users: Iterator[str], settings: Any) -> MailboxAccount:
    """A fresh, empty mailbox, the only one that is watched."""
    found = post_office.account(user=next(users))
    settings.MAILBOXES = {"inbox": found}
    settings.TRASH_DELAY = 0
    return found


@pytest.fixture
def human(account: MailboxAccount) -> Iterator[ImapPeer]:
    """The person at that mailbox."""
    with ImapPeer(account) as peer:
        yield peer


@pytest.fixture
def run(db: None, account: MailboxAccount, reader: Reader) -> Callable[..., dict[str, int]]:
    """Run the pipeline once over it and work off what is due, as process_inbox does."""
    call_command("load_team", str(TEAM))
    services.seed_company_rules()

    def once(judge: Classifier | None = None, reader: Reader = reader) -> dict[str, int]:
        counts = run_mailbox(services.active_mailboxes()[0], judge or SubjectJudge(), reader)
        work_off_all()
        return dict(counts or {})

    return once


@pytest.fixture
def person(imap_server: Server) -> Iterator[ImapPeer]:
    """Somebody at another mail client."""
    with ImapPeer(imap_server.account()) as peer:
        yield peer


@pytest.fixture
def box(imap_server: Server) -> Iterator[ImapMailbox]:
    with ImapMailbox.open(imap_server.account()) as mailbox:
        yield mailbox
