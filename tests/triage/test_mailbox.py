"""The contract of the mailbox gateway: the same sentences over real IMAP, on the embedded server and on Dovecot."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from inbox_router.environment import MailboxAccount
from tests.servers.imap import ImapPeer
from tests.servers.relay import Relay
from tests.triage.letters import Server, mail, through
from triage.mailbox import ImapMailbox, MailboxError, Role
from triage.mailbox.embedded import EmbeddedImap


class TestEveryServer:
    """What holds on both servers."""

    # --- looking ------------------------------------------------------------------------------------------

    def test_the_state_counts_the_mails_and_foretells_the_next_uid(self, box: ImapMailbox, person: ImapPeer) -> None:
        before = box.state()
        uid = person.deliver(mail(1))
        after = box.state()
        assert (before.messages, after.messages, after.uidnext) == (0, 1, uid + 1)
        assert after.uidvalidity == before.uidvalidity > 0

    def test_new_uids_are_those_above_the_cursor_and_never_the_last_one_again(
        self, box: ImapMailbox, person: ImapPeer
    ) -> None:
        first, second = person.deliver(mail(1)), person.deliver(mail(2))
        box.state()
        assert box.uids_after(0) == [first, second]
        assert box.uids_after(first) == [second]
        assert box.uids_after(second) == []

    def test_a_mail_that_comes_in_on_an_open_connection_is_seen(self, box: ImapMailbox, person: ImapPeer) -> None:
        box.state()
        assert box.uids_after(0) == []
        uid = person.deliver(mail(1))
        box.state()
        assert box.uids_after(0) == [uid]

    def test_at_first_connect_only_unread_mail_of_the_last_days_counts(
        self, box: ImapMailbox, person: ImapPeer
    ) -> None:
        unread = person.deliver(mail(1))
        person.deliver(mail(2), flags="\\Seen")
        assert box.unread_since(date.today() - timedelta(days=2)) == {unread}
        assert box.unread_since(date.today() + timedelta(days=2)) == set()

    def test_of_the_uids_only_those_since_a_day_can_be_asked_for(self, box: ImapMailbox, person: ImapPeer) -> None:
        first, second = person.deliver(mail(1)), person.deliver(mail(2), flags="\\Seen")
        box.state()
        assert box.uids_after(0, since=date.today() - timedelta(days=2)) == [first, second]
        assert box.uids_after(first, since=date.today() - timedelta(days=2)) == [second]
        assert box.uids_after(0, since=date.today() + timedelta(days=2)) == []

    def test_flags_are_told_only_of_mails_that_are_still_there(self, box: ImapMailbox, person: ImapPeer) -> None:
        kept, gone = person.deliver(mail(1), flags="\\Flagged"), person.deliver(mail(2))
        assert box.flags([kept, gone]) == {kept: frozenset({"\\Flagged"}), gone: frozenset()}
        person.remove(gone)
        assert box.flags([kept, gone]) == {kept: frozenset({"\\Flagged"})}

    def test_raw_bytes_are_those_on_the_server_up_to_a_limit(self, box: ImapMailbox, person: ImapPeer) -> None:
        uid = person.deliver(mail(1))
        assert box.raw(uid) == mail(1)
        assert box.raw(uid, limit=10) == mail(1)[:10]
        assert box.raw(uid + 1) == b""

    # --- finding ------------------------------------------------------------------------------------------

    def test_mail_is_found_by_its_exact_message_id_only(self, box: ImapMailbox, person: ImapPeer) -> None:
        person.deliver(mail(1, message_id="<abc.1@acme.example>"), "Drafts")
        twin = person.deliver(mail(2, message_id="<abc.12@acme.example>"), "Drafts")
        again = person.deliver(mail(3, message_id="<abc.12@acme.example>"), "Drafts")
        found = box.find(Role.DRAFTS, ["<abc.12@acme.example>", "<bc.1@acme.example>", "<none@acme.example>"])
        assert found["<abc.12@acme.example>"] == [twin, again]
        assert found["<bc.1@acme.example>"] == found["<none@acme.example>"] == []

    def test_a_hundred_message_ids_are_found_at_once(self, box: ImapMailbox, person: ImapPeer) -> None:
        uids = [person.deliver(mail(n), "Drafts") for n in range(8)]
        found = box.find(Role.DRAFTS, [f"<m{n}@customer.example>" for n in range(120)])
        assert [uid for uids in found.values() for uid in uids] == uids
        assert len(found) == 120

    def test_nothing_is_claimed_of_a_message_id_that_cannot_be_searched_for(self, box: ImapMailbox) -> None:
        assert box.find(Role.DRAFTS, ['<a"b@x>', "<a b@x>", "no brackets", "<ü@x>", "<a@x>\r\nNOOP"]) == {}

    def test_new_sent_mail_is_told_by_its_thread_headers(self, box: ImapMailbox, person: ImapPeer) -> None:
        first = person.deliver(mail(1, header="In-Reply-To: <q@customer.example>\r\nX-Secret: 1"), "Sent")
        state, headers = box.sent_headers_after(None, 0, date.today() - timedelta(days=1))
        assert list(headers) == [first]
        assert b"In-Reply-To: <q@customer.example>" in headers[first]
        assert b"X-Secret" not in headers[first]
        second = person.deliver(mail(2), "Sent")
        assert list(box.sent_headers_after(state.uidvalidity, first, date.today())[1]) == [second]
        assert list(box.sent_headers_after(state.uidvalidity + 1, first, date.today())[1]) == [first, second]

    # --- folders ------------------------------------------------------------------------------------------

    def test_a_missing_archive_is_created(self, box: ImapMailbox, person: ImapPeer) -> None:
        assert box.folder_path(Role.ARCHIVE) == "Archive"
        assert list(person.folders()).count("Archive") == 1

    def test_a_watched_folder_that_does_not_exist_is_named(self, imap_server: Server) -> None:
        with (
            ImapMailbox.open(replace(imap_server.account(), folder="Verkauf")) as box,
            pytest.raises(MailboxError, match=r"folder Verkauf does not exist on 127.*MAILBOX_URL") as caught,
        ):
            box.state()
        assert caught.value.permanent

    # --- trouble ------------------------------------------------------------------------------------------

    def test_a_wrong_password_is_one_clear_line(self, imap_server: Server) -> None:
        with pytest.raises(MailboxError, match=r"sign-in refused for sales@acme.example at 127.*MAILBOX_URL") as caught:
            ImapMailbox.open(replace(imap_server.account(), password="wrong"))
        assert caught.value.permanent
        assert "wrong" not in str(caught.value)

    def test_a_second_mailbox_names_its_own_setting(self, imap_server: Server) -> None:
        with pytest.raises(MailboxError, match="MAILBOX_INFO_URL"):
            ImapMailbox.open(replace(imap_server.account("info"), password="wrong"))

    def test_reading_goes_on_after_the_line_was_cut(self, imap_server: Server, person: ImapPeer) -> None:
        uids = [person.deliver(mail(n)) for n in range(3)]
        with Relay(imap_server.port) as relay, ImapMailbox.open(through(relay, imap_server)) as box:
            box.state()
            relay.cut()
            assert list(box.fetch(uids)) == uids

    def test_a_server_that_is_gone_is_worth_another_try(self, imap_server: Server, person: ImapPeer) -> None:
        uid = person.deliver(mail(1))
        with Relay(imap_server.port) as relay, ImapMailbox.open(through(relay, imap_server)) as box:
            box.state()
            relay.end()
            with pytest.raises(MailboxError, match="cannot reach") as caught:
                box.fetch([uid])
        assert not caught.value.permanent


class TestReachingAServer:
    def test_an_unknown_host_is_named(self) -> None:
        account = MailboxAccount("inbox", "mail.invalid", 993, "u", "p", "INBOX", "tls")
        with pytest.raises(MailboxError, match=r"unknown host mail\.invalid: check MAILBOX_URL"):
            ImapMailbox.open(account)

    def test_a_password_never_goes_unencrypted_to_another_machine(self) -> None:
        account = MailboxAccount("inbox", "mail.example", 143, "u", "p", "INBOX", "plain")
        with pytest.raises(MailboxError, match="unencrypted: use imaps://") as caught:
            ImapMailbox.open(account)
        assert caught.value.permanent

    def test_a_closed_port_is_worth_another_try(self, embedded_imap: EmbeddedImap) -> None:
        with pytest.raises(MailboxError, match=r"cannot reach 127\.0\.0\.1:1 \(Connection refused\)") as caught:
            ImapMailbox.open(replace(embedded_imap.account(), port=1))
        assert not caught.value.permanent

    def test_a_server_without_starttls_is_refused(self, embedded_imap: EmbeddedImap) -> None:
        with pytest.raises(MailboxError, match="offers no encryption"):
            ImapMailbox.open(replace(embedded_imap.account(), security="starttls"))
