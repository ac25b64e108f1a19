"""Watching an inbox by IDLE: what comes is taken up at once, whatever breaks is connected anew."""

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from inbox_router.environment import MailboxAccount
from tests.servers.imap import Dovecot, ImapPeer
from tests.servers.relay import Relay
from tests.test_settings import ROOT, manage
from tests.test_worker import MAIL, PATIENCE, eventually
from triage.mailbox import ImapMailbox, MailboxError
from triage.mailbox.embedded import EmbeddedImap

pytestmark = pytest.mark.apart


@dataclass
class Watcher:
    """`manage.py watch_inbox` on a database of its own."""

    folder: Path
    process: subprocess.Popen

    def messages(self) -> int:
        return int(self._ask("select count(*) from triage_message"))

    def leases(self) -> int:
        return int(self._ask("select count(*) from triage_mailbox where lease_holder is not null"))

    def has_listened(self, times: int) -> bool:
        return self.log().count("listening for new mail") >= times

    def log(self) -> str:
        return (self.folder / "log").read_text()

    def _ask(self, query: str) -> object:
        with closing(sqlite3.connect(self.folder / "inbox_router.sqlite3", timeout=20)) as database:
            return database.execute(query).fetchone()[0]


@contextmanager
def running(folder: Path, command: str, url: str) -> Iterator[Watcher]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    settings = {"ENV_FILE": "", "DATA_DIR": str(folder), "COMPANY_DOMAINS": "acme.example", "MAILBOX_URL": url}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, ROOT / "manage.py", command], env={**kept, **settings}, stdout=log, stderr=log
        )
    try:
        yield Watcher(folder, process)
    finally:
        process.kill()
        process.wait()


@contextmanager
def watching(folder: Path, url: str) -> Iterator[Watcher]:
    assert manage(folder, "migrate", "--verbosity=0").returncode == 0
    with running(folder, "watch_inbox", url) as watcher:
        eventually(lambda: watcher.has_listened(1))
        yield watcher


@pytest.mark.dovecot
def test_new_mail_is_taken_up_when_it_comes_and_not_a_minute_later(dovecot: Dovecot, tmp_path: Path) -> None:
    with watching(tmp_path, dovecot.url()) as watcher, ImapPeer(dovecot.account()) as peer:
        for number in (1, 2, 3):
            peer.deliver(MAIL % number)
            before = time.monotonic()
            eventually(lambda: watcher.messages() == number)  # noqa: B023 (called at once)
            assert time.monotonic() - before < 30  # each minute it would look anyway


@pytest.mark.dovecot
def test_a_line_that_breaks_is_connected_anew(dovecot: Dovecot, tmp_path: Path) -> None:
    with Relay(dovecot.port) as relay:
        url = dovecot.url().replace(str(dovecot.port), str(relay.port))
        with watching(tmp_path, url) as watcher, ImapPeer(dovecot.account()) as peer:
            relay.cut()
            eventually(lambda: watcher.has_listened(2))
            peer.deliver(MAIL % 1)
            eventually(lambda: watcher.messages() == 1)
            assert "Traceback" not in watcher.log()


@pytest.mark.dovecot
def test_it_ends_in_order_on_sigterm_and_leaves_the_mailbox_to_others(dovecot: Dovecot, tmp_path: Path) -> None:
    with watching(tmp_path, dovecot.url()) as watcher, ImapPeer(dovecot.account()) as peer:
        peer.deliver(MAIL % 1)
        eventually(lambda: watcher.messages() == 1)
        watcher.process.send_signal(signal.SIGTERM)
        assert watcher.process.wait(PATIENCE) == 128 + signal.SIGTERM
        assert watcher.leases() == 0
        assert "Traceback" not in watcher.log()


@pytest.mark.dovecot
def test_a_run_that_is_told_to_end_while_the_server_hangs_gives_the_mailbox_back(
    dovecot: Dovecot, tmp_path: Path
) -> None:
    assert manage(tmp_path, "migrate", "--verbosity=0").returncode == 0
    with Relay(dovecot.port, mute_at=b"EXAMINE") as relay:
        url = dovecot.url().replace(str(dovecot.port), str(relay.port))
        with running(tmp_path, "process_inbox", url) as run:
            eventually(lambda: b"EXAMINE" in relay.asked)
            assert run.leases() == 1
            run.process.send_signal(signal.SIGTERM)
            assert run.process.wait(30) == 128 + signal.SIGTERM
            assert run.leases() == 0


# --- the verb -----------------------------------------------------------------------------------------------


def soon(account: MailboxAccount, mail: bytes) -> threading.Timer:
    """Deliver a mail while somebody waits for it."""

    def deliver() -> None:
        with ImapPeer(account) as peer:
            peer.deliver(mail)

    timer = threading.Timer(0.3, deliver)
    timer.start()
    return timer


def test_a_mailbox_tells_of_new_mail(imap_server: Dovecot | EmbeddedImap) -> None:
    with ImapMailbox.open(imap_server.account()) as box:
        assert box.announces_mail
        timer = soon(imap_server.account(), MAIL % 1)
        assert box.wait_for_mail(60)
        timer.join()
        assert len(box.uids_after(0)) == 1  # the connection can be used on


def test_mail_that_came_just_before_is_news(imap_server: Dovecot | EmbeddedImap) -> None:
    with ImapMailbox.open(imap_server.account()) as box, ImapPeer(imap_server.account()) as peer:
        box.state()
        peer.deliver(MAIL % 1)
        assert box.wait_for_mail(60)


def test_what_is_no_mail_is_no_news(imap_server: Dovecot | EmbeddedImap) -> None:
    with ImapPeer(imap_server.account()) as peer, ImapMailbox.open(imap_server.account()) as box:
        uid = peer.deliver(MAIL % 1)
        box.state()
        threading.Timer(0.2, peer.flag, (uid, "\\Flagged")).start()
        assert not box.wait_for_mail(1.5)


def test_an_announcement_that_comes_in_two_packets_is_news_and_no_broken_line(
    imap_server: Dovecot | EmbeddedImap,
) -> None:
    account = imap_server.account()
    with Relay(account.port, torn=True) as relay, ImapMailbox.open(replace(account, port=relay.port)) as box:
        timer = soon(account, MAIL % 1)
        assert box.wait_for_mail(60)
        timer.join()


@pytest.mark.dovecot
def test_a_server_that_hangs_up_is_an_error_and_no_news(dovecot: Dovecot) -> None:
    with Relay(dovecot.port) as relay:
        account = replace(dovecot.account(), port=relay.port)
        with ImapMailbox.open(account) as box:
            threading.Timer(0.3, relay.cut).start()
            with pytest.raises(MailboxError):
                box.wait_for_mail(60)
