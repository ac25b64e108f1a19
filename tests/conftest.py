"""Fixtures that every test may use, and what happens where a server is missing."""

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.utils import translation

from tests import office
from tests.servers.imap import Dovecot, dovecot_binary, recorded
from tests.servers.postgres import Postgres, fresh_database, postgres_binary
from tests.servers.redis import Redis, redis_binary
from triage.mailbox.embedded import EmbeddedImap
from triage.parsing.reader import Reader

# marker: (how its server is found, the Debian package that brings it)
SERVERS: dict[str, tuple[Callable[[], str | None], str]] = {
    "dovecot": (dovecot_binary, "dovecot-imapd"),
    "postgres": (lambda: os.environ.get("TEST_POSTGRES_URL") or postgres_binary(), "postgresql"),
    "redis": (redis_binary, "redis-server"),
    "browser": (lambda: shutil.which("chromium"), "chromium"),
    "gettext": (lambda: shutil.which("msgcmp"), "gettext"),
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the tests that wait longest, so that they do not all come last, when other processes have ended."""
    items.sort(key=lambda item: item.get_closest_marker("apart") is None)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test whose server is not installed; with REQUIRE_SERVERS, as in CI, that is a failure."""
    for marker, (find, package) in SERVERS.items():
        if item.get_closest_marker(marker) and not find():
            absent = pytest.fail if os.environ.get("REQUIRE_SERVERS") else pytest.skip
            absent(f"{marker} is not installed: apt-get install {package}")


@pytest.fixture(scope="session", autouse=True)
def delete_output_dir() -> None:
    """Instead of Playwright's, which in any session, of whatever tests, empties test-results: the pictures stay."""


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    """A page leaves its reader's language behind in the thread that answered: not for the next test."""
    yield
    translation.activate(settings.LANGUAGE_CODE)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """What the program asked mail servers for, from where the tests ran to where their end is told."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["imap"] = dict(recorded)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    recorded.update(getattr(node, "workeroutput", {}).get("imap", {}))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if recorded:
        terminalreporter.write_line(f"Asked of Dovecot: {dict(sorted(recorded.items()))}")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a PostgreSQL server: TEST_POSTGRES_URL, or one of our own."""
    if url := os.environ.get("TEST_POSTGRES_URL"):
        yield url
    else:
        with Postgres() as server:
            yield server.url


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """The URL of an empty PostgreSQL database, fit for DATABASE_URL; for tests marked `postgres`."""
    with fresh_database(postgres_server) as url:
        yield url


@pytest.fixture
def redis_url() -> Iterator[str]:
    """The URL of an empty Redis, fit for REDIS_URL; for tests marked `redis`."""
    with Redis() as server:
        yield server.url


@pytest.fixture(scope="session")
def reader() -> Iterator[Reader]:
    """One child that reads the mails of all tests: to start it takes a fifth of a second."""
    with Reader(["acme.example"]) as found:
        yield found


@pytest.fixture
def dovecot() -> Iterator[Dovecot]:
    """A private Dovecot with an empty mailbox; for tests marked `dovecot`."""
    with Dovecot() as server:
        yield server


@pytest.fixture
def embedded_imap() -> Iterator[EmbeddedImap]:
    """The IMAP server that ships with the product, with an empty mailbox."""
    with EmbeddedImap("sales@acme.example", "pässword/with@signs") as server:
        yield server


@pytest.fixture(params=["embedded_imap", pytest.param("dovecot", marks=pytest.mark.dovecot)])
def imap_server(request: pytest.FixtureRequest) -> Dovecot | EmbeddedImap:
    """Each of the two in turn."""
    server: Dovecot | EmbeddedImap = request.getfixturevalue(request.param)
    return server


@pytest.fixture
def boss(client: Client) -> Client:
    """The browser of somebody who may do everything, without a browser."""
    client.force_login(office.boss())
    return client
