"""Changes to a mailbox that were cut short, and what is there after they are made once more."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests import mails
from tests.servers.imap import Dovecot, ImapPeer
from tests.servers.line import Imap, Line
from triage.mailbox import ImapMailbox, Role

pytestmark = pytest.mark.dovecot
MAIL = mails.mail("lead", 1)
DRAFTS = [f"Message-ID: <draft-{name}@acme.example>\r\nSubject: Re\r\n\r\nHello\r\n".encode() for name in "ab"]


@pytest.fixture
def without_move() -> Iterator[Dovecot]:
    with Dovecot(capability="IMAP4rev1 UIDPLUS SPECIAL-USE") as server:
        yield server


def test_a_move_that_died_after_copying_leaves_one_copy(without_move: Dovecot) -> None:
    with ImapPeer(without_move.account()) as peer, ImapMailbox.open(without_move.account()) as box:
        uid = peer.deliver(MAIL.raw)
        copied = peer.deliver(peer.raw(uid), "Archive")
        assert box.move([uid], Role.ARCHIVE, doubtful=[uid])[uid].endswith(f"UID {copied}")
        assert peer.uids() == []
        assert peer.uids("Archive") == [copied]


def test_a_copy_of_other_bytes_is_not_taken_for_ours(without_move: Dovecot) -> None:
    with ImapPeer(without_move.account()) as peer, ImapMailbox.open(without_move.account()) as box:
        uid = peer.deliver(MAIL.raw)
        other = peer.deliver(MAIL.raw.replace(b"Good day", b"Bad day"), "Archive")
        box.move([uid], Role.ARCHIVE, doubtful=[uid])
        assert peer.uids() == []
        assert len(peer.uids("Archive")) == 2
        assert peer.uids("Archive")[0] == other


def test_drafts_that_a_server_added_and_denied_are_not_added_twice(dovecot: Dovecot) -> None:
    with Line(dovecot.port, Imap) as line, ImapPeer(dovecot.account()) as peer:
        with ImapMailbox.open(replace(dovecot.account(), port=line.port)) as box:
            box.folder_path(Role.DRAFTS)
            line.faults[len(line.asked)] = "error"
            places = box.append(Role.DRAFTS, DRAFTS, ["\\Draft"])
        assert line.struck == ["APPEND DRAFTS"]
        assert [str(place).partition(" UID ")[2] for place in places] == ["1", "2"]
        assert peer.uids("Drafts") == [1, 2]
