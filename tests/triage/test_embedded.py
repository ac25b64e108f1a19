"""The embedded IMAP server, as far as it is more than a server: how it starts, and how it is found."""

import pytest

from inbox_router.environment import mailbox_account
from tests.servers.imap import ImapPeer
from triage.mailbox.embedded import FOLDERS, EmbeddedImap


def test_its_url_is_what_the_setting_needs(embedded_imap: EmbeddedImap) -> None:
    assert mailbox_account("MAILBOX_URL", "inbox", embedded_imap.url) == embedded_imap.account()


def test_the_usual_folders_are_there_and_empty(embedded_imap: EmbeddedImap) -> None:
    with ImapPeer(embedded_imap.account()) as person:
        assert set(person.folders()) == {"INBOX", *FOLDERS}
        assert all(person.uids(folder) == [] for folder in FOLDERS)


def test_a_taken_port_is_told_at_once(embedded_imap: EmbeddedImap) -> None:
    with pytest.raises(OSError, match="address already in use"), EmbeddedImap("eva", "secret", embedded_imap.port):
        pass


def test_two_servers_keep_their_mail_apart(embedded_imap: EmbeddedImap) -> None:
    with EmbeddedImap("eva", "secret") as other, ImapPeer(other.account()) as person:
        person.deliver(b"Subject: hers\r\n\r\n")
        with ImapPeer(embedded_imap.account()) as stranger:
            assert stranger.uids() == []


def test_a_port_is_free_again_after_the_end() -> None:
    with EmbeddedImap("eva", "secret") as first:
        port = first.port
    with EmbeddedImap("eva", "secret", port) as second:
        assert second.port == port
