"""Settings that are spelt rightly and wrong all the same: one line that says what to mend, and exit status 1."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.imap import ImapPeer
from tests.servers.openai import Answer, ModelServer
from tests.test_settings import manage
from triage.mailbox.embedded import EmbeddedImap

pytestmark = pytest.mark.apart

COMMANDS = ("process_inbox", "check_capture", "doctor", "worker", "watch_inbox")
SECRET = "hush-hush"
MAIL = b"From: anna@nordholz.example\r\nSubject: Desks\r\nMessage-ID: <1@x.example>\r\n\r\nHello?\r\n"


@pytest.fixture(scope="module")
def imap() -> Iterator[EmbeddedImap]:
    with EmbeddedImap("sales@acme.example", "right") as server:
        with ImapPeer(server.account()) as peer:
            peer.deliver(MAIL)
        yield server


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a database with all tables is."""
    folder = tmp_path_factory.mktemp("data")
    assert manage(folder, "migrate", "--verbosity=0").returncode == 0
    return folder


def last_line(result: subprocess.CompletedProcess[str]) -> str:
    """The one line in which a command says why it failed."""
    said = result.stdout + result.stderr
    assert result.returncode == 1, said
    assert "Traceback" not in said
    assert SECRET not in said
    return result.stderr.strip().splitlines()[-1] if result.stderr else ""


def run(folder: Path, command: str, **settings: str) -> subprocess.CompletedProcess[str]:
    return manage(folder, command, COMPANY_DOMAINS="acme.example", **settings)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_wrong_password(command: str, folder: Path, imap: EmbeddedImap) -> None:
    result = run(folder, command, MAILBOX_URL=f"imap://sales%40acme.example:{SECRET}@127.0.0.1:{imap.port}/INBOX")
    assert "mailbox" in last_line(result) or "sign-in refused" in last_line(result)
    assert "sign-in refused for sales@acme.example at 127.0.0.1: check user and password in MAILBOX_URL" in said(result)


@pytest.mark.parametrize("command", COMMANDS)
def test_an_unknown_host(command: str, folder: Path) -> None:
    result = run(folder, command, MAILBOX_URL=f"imaps://sales:{SECRET}@no-such-host.invalid/INBOX")
    assert last_line(result)
    assert "unknown host no-such-host.invalid: check MAILBOX_URL" in said(result)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_folder_that_is_not_there(command: str, folder: Path, imap: EmbeddedImap) -> None:
    result = run(folder, command, MAILBOX_URL=imap.url.replace("INBOX", "Leads"))
    assert last_line(result)
    assert "folder Leads does not exist on 127.0.0.1: check the end of MAILBOX_URL" in said(result)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_misspelt_boolean(command: str, folder: Path) -> None:
    result = run(folder, command, DEBUG="ture")
    assert result.stderr == "Settings: DEBUG='ture' is neither true nor false. Write DEBUG=true or DEBUG=false.\n"
    assert result.returncode == 1


@pytest.mark.parametrize("command", ["process_inbox", "doctor", "worker", "watch_inbox"])
def test_a_key_that_the_model_refuses(command: str, folder: Path, imap: EmbeddedImap) -> None:
    with ModelServer() as model:
        model.answer = lambda asked: Answer(status=401, body=b'{"error": {"message": "no"}}')
        result = run(
            folder, command, MAILBOX_URL=imap.url, LLM_MODEL="openai/m", LLM_API_BASE=model.url, LLM_API_KEY=SECRET
        )
    assert last_line(result)
    assert "LLM_API_KEY was refused by openai/m (401)" in said(result)


def test_mail_that_a_refused_key_left_unjudged_is_judged_when_the_key_is_right(
    tmp_path: Path, imap: EmbeddedImap
) -> None:
    assert manage(tmp_path, "migrate", "--verbosity=0").returncode == 0
    with ModelServer() as model:
        settings = {"MAILBOX_URL": imap.url, "LLM_MODEL": "openai/m", "LLM_API_BASE": model.url, "ARMED": "none"}
        right = model.answer
        model.answer = lambda asked: Answer(status=401, body=b"{}")
        assert run(tmp_path, "process_inbox", LLM_API_KEY="wrong", **settings).returncode == 1
        model.answer = right
        result = run(tmp_path, "process_inbox", LLM_API_KEY="right", **settings)
    assert result.returncode == 0, result.stderr
    assert "1 classified" in result.stdout


@pytest.mark.parametrize("command", ["worker", "watch_inbox", "doctor"])
def test_a_database_without_tables(command: str, tmp_path: Path, imap: EmbeddedImap) -> None:
    result = run(tmp_path, command, MAILBOX_URL=imap.url)
    assert last_line(result)
    assert "manage.py migrate" in said(result)


@pytest.mark.parametrize("command", ["worker", "watch_inbox", "doctor"])
def test_a_queue_that_cannot_be_reached(command: str, folder: Path, imap: EmbeddedImap) -> None:
    result = run(folder, command, MAILBOX_URL=imap.url, REDIS_URL=f"redis://:{SECRET}@127.0.0.1:1/0")
    assert last_line(result)
    assert "Redis (127.0.0.1:1) does not answer (ConnectionError)" in said(result)


def said(result: subprocess.CompletedProcess[str]) -> str:
    return result.stdout + result.stderr
