"""The contract of the mailbox gateway: the same sentences over real IMAP, on the embedded server and on Dovecot."""

import re
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from inbox_router.environment import MailboxAccount
from tests.servers.imap import ALL_RIGHTS, SPECIAL, Dovecot, ImapPeer
from tests.servers.relay import Relay
from triage.embedded import EmbeddedImap
from triage.mailbox import Attachment, FetchedMail, ImapMailbox, MailboxError, Role
from triage.mailbox.folders import Listed, path_for, playing
from triage.mailbox.structure import contents, split

Server = Dovecot | EmbeddedImap
ALLOWED = {"CAPABILITY", "LOGIN", "LIST", "CREATE", "SELECT", "EXAMINE", "APPEND", "LOGOUT"}  # besides those by UID


def mail(number: int, *, message_id: str = "", body: str = "We need 200 brackets.", header: str = "") -> bytes:
    """A short text mail with CRLF."""
    lines = [
        f"From: Eva Example <eva{number}@customer.example>",
        "To: sales@acme.example",
        f"Subject: Inquiry {number}",
        f"Message-ID: {message_id or f'<m{number}@customer.example>'}",
        *([header] if header else []),
        "",
        body,
        "",
    ]
    return "\r\n".join(lines).encode()


def multipart(number: int, kind: str, *parts: str) -> bytes:
    boundary = "=_b"
    body = "".join(f"--{boundary}\r\n{part}\r\n" for part in parts) + f"--{boundary}--"
    header = f'MIME-Version: 1.0\r\nContent-Type: multipart/{kind}; boundary="{boundary}"'
    return mail(number, header=header, body=body)


PLAIN = "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nGr=C3=BC=C3=9Fe"
HTML = "Content-Type: text/html; charset=iso-8859-1\r\n\r\n<p>Hello</p>"
FORWARDED = (
    "Content-Type: message/rfc822\r\n\r\nFrom: Ida <ida@far.example>\r\nSubject: RFQ\r\n"
    'Content-Type: multipart/alternative; boundary="in"\r\n\r\n'
    "--in\r\nContent-Type: text/plain\r\n\r\nInner plain\r\n"
    "--in\r\nContent-Type: text/html\r\n\r\n<i>Inner</i>\r\n--in--\r\n"
)


def attachment(size: int, name: str = 'filename="drawing.pdf"') -> str:
    """A PDF of about that many bytes."""
    line = "QUJD" * 19  # 57 bytes
    kind = f"Content-Type: application/pdf\r\nContent-Disposition: attachment; {name}"
    return f"{kind}\r\nContent-Transfer-Encoding: base64\r\n\r\n" + "\r\n".join([line] * (size // 57))


@pytest.fixture
def person(imap_server: Server) -> Iterator[ImapPeer]:
    """Somebody at another mail client."""
    with ImapPeer(imap_server.account()) as peer:
        yield peer


@pytest.fixture
def box(imap_server: Server) -> Iterator[ImapMailbox]:
    with ImapMailbox.open(imap_server.account()) as mailbox:
        yield mailbox


def fetched(box: ImapMailbox, uid: int) -> FetchedMail:
    found = box.fetch([uid])[uid]
    assert isinstance(found, FetchedMail), found
    return found


def through(relay: Relay, server: Server) -> MailboxAccount:
    """The account of a server, behind a relay."""
    return replace(server.account(), port=relay.port)


def texts(found: FetchedMail) -> list[tuple[str, str]]:
    return [(part.content_type, part.content.decode().strip()) for part in found.parts]


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

    # --- fetching -----------------------------------------------------------------------------------------

    def test_a_plain_mail_is_fetched_with_header_size_flags_and_time(self, box: ImapMailbox, person: ImapPeer) -> None:
        uid = person.deliver(mail(1), flags="\\Flagged")
        found = fetched(box, uid)
        assert found.header.startswith(b"From: Eva Example <eva1@customer.example>\r\n")
        assert (found.uid, found.size, found.flags) == (uid, len(mail(1)), frozenset({"\\Flagged"}))
        assert texts(found) == [("text/plain", "We need 200 brackets.")]
        assert found.received_at is not None
        assert found.received_at.tzinfo is not None

    def test_both_versions_of_a_text_come_in_their_transfer_encoding(self, box: ImapMailbox, person: ImapPeer) -> None:
        uid = person.deliver(multipart(1, "alternative", PLAIN, HTML))
        plain, html = fetched(box, uid).parts
        assert (plain.content_type, plain.charset, plain.encoding) == ("text/plain", "utf-8", "quoted-printable")
        assert plain.content.strip() == b"Gr=C3=BC=C3=9Fe"
        assert (html.content_type, html.charset, html.encoding) == ("text/html", "iso-8859-1", "7bit")

    def test_the_bytes_of_an_attachment_are_never_fetched(self, imap_server: Server, person: ImapPeer) -> None:
        uid = person.deliver(multipart(1, "mixed", PLAIN, attachment(3_000_000)))
        with Relay(imap_server.port) as relay, ImapMailbox.open(through(relay, imap_server)) as box:
            found = fetched(box, uid)
        assert found.size > 4_000_000
        assert relay.received < 10_000
        (drawing,) = found.attachments
        assert (drawing.name, drawing.content_type) == ("drawing.pdf", "application/pdf")
        assert drawing.size == pytest.approx(3_000_000, rel=0.01)

    def test_a_batch_costs_the_same_few_round_trips_as_one_mail(self, imap_server: Server, person: ImapPeer) -> None:
        uids = [person.deliver(mail(n) if n % 2 else multipart(n, "mixed", PLAIN, attachment(99))) for n in range(20)]
        with Relay(imap_server.port) as one, ImapMailbox.open(through(one, imap_server)) as box:
            box.fetch(uids[:2])
        with Relay(imap_server.port) as many, ImapMailbox.open(through(many, imap_server)) as box:
            assert len(box.fetch(uids)) == 20
        assert len(many.commands()) == len(one.commands())

    def test_a_forwarded_mail_is_read_with_its_header_and_its_texts(self, box: ImapMailbox, person: ImapPeer) -> None:
        uid = person.deliver(multipart(1, "mixed", PLAIN, FORWARDED, attachment(570)))
        found = fetched(box, uid)
        assert [kind for kind, _ in texts(found)] == ["text/plain", "text/rfc822-headers", "text/plain", "text/html"]
        assert texts(found)[1][1].startswith("From: Ida <ida@far.example>")
        assert [text for _, text in texts(found)[2:]] == ["Inner plain", "<i>Inner</i>"]
        assert [part.name for part in found.attachments] == ["drawing.pdf"]

    def test_a_bounce_is_read_with_its_delivery_status(self, box: ImapMailbox, person: ImapPeer) -> None:
        status = "Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\nAction: failed"
        uid = person.deliver(multipart(1, "report", PLAIN, status))
        assert ("message/delivery-status", "Action: failed") in [
            (kind, text[-14:]) for kind, text in texts(fetched(box, uid))
        ]

    def test_a_very_long_text_is_cut_and_says_so(self, box: ImapMailbox, person: ImapPeer) -> None:
        uid = person.deliver(mail(1, body="All work and no play.\r\n" * 20_000))
        (part,) = fetched(box, uid).parts
        assert (len(part.content), part.truncated) == (200_000, True)

    def test_of_a_mail_with_very_many_texts_only_the_first_are_read(self, box: ImapMailbox, person: ImapPeer) -> None:
        long = "Content-Type: text/plain\r\n\r\n" + "All work and no play.\r\n" * 10_000
        uid = person.deliver(multipart(1, "mixed", PLAIN, *[long] * 6))
        many = person.deliver(multipart(2, "mixed", *[PLAIN] * 40))
        assert len(fetched(box, uid).parts) == 4
        assert len(fetched(box, many).parts) == 16

    def test_an_attachments_name_beyond_ascii_is_readable(self, box: ImapMailbox, person: ImapPeer) -> None:
        name = "filename*=utf-8''Zeichnung%20%C3%BC%E2%82%AC.pdf"
        uid = person.deliver(multipart(1, "mixed", PLAIN, attachment(570, name)))
        assert [part.name for part in fetched(box, uid).attachments] == ["Zeichnung ü€.pdf"]

    def test_a_text_that_is_attached_is_an_attachment(self, box: ImapMailbox, person: ImapPeer) -> None:
        listing = 'Content-Type: text/plain\r\nContent-Disposition: attachment; filename="list.txt"\r\n\r\nsecret'
        uid = person.deliver(multipart(1, "mixed", PLAIN, listing))
        found = fetched(box, uid)
        assert [part.name for part in found.attachments] == ["list.txt"]
        assert len(found.parts) == 1

    def test_a_mail_that_is_gone_is_left_out(self, box: ImapMailbox, person: ImapPeer) -> None:
        kept, gone = person.deliver(mail(1)), person.deliver(mail(2))
        person.remove(gone)
        assert list(box.fetch([kept, gone])) == [kept]
        assert box.fetch([]) == {}

    def test_an_answer_that_is_broken_costs_no_mail(self, imap_server: Server, person: ImapPeer) -> None:
        good, odd = person.deliver(mail(1)), person.deliver(mail(2, header="Content-Type: text/x-odd"))
        broken = (b'"x-odd"', b'("xodd"')  # an opening bracket in the odd one's BODYSTRUCTURE
        with Relay(imap_server.port, broken) as relay, ImapMailbox.open(through(relay, imap_server)) as box:
            found = box.fetch([good, odd])
        one, other = found[good], found[odd]
        assert isinstance(one, FetchedMail)
        assert isinstance(other, FetchedMail)
        assert texts(one) == [("text/plain", "We need 200 brackets.")]
        assert other.header.startswith(b"From: Eva")
        assert [part.content_type for part in other.attachments] == ["text/x-odd"]

    def test_a_mail_that_cannot_be_read_at_all_is_an_error_of_its_own(
        self, imap_server: Server, person: ImapPeer
    ) -> None:
        good, odd = person.deliver(mail(1)), person.deliver(mail(2), flags="oddflag")
        with (
            Relay(imap_server.port, (b"oddflag)", b"odd(lag)")) as relay,
            ImapMailbox.open(through(relay, imap_server)) as box,
        ):
            found = box.fetch([good, odd])
        assert isinstance(found[good], FetchedMail)
        error = found[odd]
        assert isinstance(error, MailboxError)
        assert error.permanent
        assert str(error).startswith(f"UID {odd} cannot be read")

    def test_a_mail_that_goes_while_we_look_is_left_out(self, box: ImapMailbox, person: ImapPeer) -> None:
        kept, gone = person.deliver(mail(1)), person.deliver(mail(2))
        box.state()
        assert box.uids_after(0) == [kept, gone]
        person.remove(gone)
        assert list(box.fetch([kept, gone])) == [kept]

    def test_reading_changes_no_flag(self, box: ImapMailbox, person: ImapPeer) -> None:
        uid = person.deliver(multipart(1, "mixed", PLAIN, FORWARDED, attachment(570)))
        box.fetch([uid])
        box.raw(uid)
        box.find(Role.INBOX, ["<m1@customer.example>"])
        assert person.flags(uid) == set()

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

    # --- changing -----------------------------------------------------------------------------------------

    def test_moving_tells_where_each_mail_is_now(self, box: ImapMailbox, person: ImapPeer) -> None:
        uids = [person.deliver(mail(n)) for n in range(3)]
        evidence = box.move([uids[2], uids[0]], Role.TRASH)
        places = dict(zip(person.uids("Trash"), person.mails("Trash"), strict=True))
        assert set(evidence) == {uids[0], uids[2]}
        for uid, number in ((uids[0], 0), (uids[2], 2)):
            assert evidence[uid].startswith("Trash UIDVALIDITY ")
            assert places[int(evidence[uid].rsplit(" ", 1)[1])] == mail(number)
        assert person.uids() == [uids[1]]

    def test_moving_a_mail_that_is_gone_gives_no_evidence(self, box: ImapMailbox, person: ImapPeer) -> None:
        kept, gone = person.deliver(mail(1)), person.deliver(mail(2))
        box.state()
        person.remove(gone)
        assert list(box.move([kept, gone], Role.ARCHIVE)) == [kept]
        assert box.move([gone], Role.ARCHIVE) == {}
        assert person.mails("Archive") == [mail(1)]

    def test_a_mail_keeps_its_flags_when_it_is_moved(self, box: ImapMailbox, person: ImapPeer) -> None:
        uid = person.deliver(mail(1), flags="\\Flagged")
        box.move([uid], Role.ARCHIVE)
        assert person.flags(person.uids("Archive")[0], "Archive") == {"\\Flagged"}

    def test_our_draft_can_be_taken_out_of_drafts(self, box: ImapMailbox, person: ImapPeer) -> None:
        uid = person.deliver(mail(1), "Drafts")
        assert list(box.move([uid], Role.TRASH, source=Role.DRAFTS)) == [uid]
        assert (person.mails("Drafts"), person.mails("Trash")) == ([], [mail(1)])

    def test_drafts_are_added_with_their_flag_and_bytes(self, box: ImapMailbox, person: ImapPeer) -> None:
        mails = [mail(1), mail(2, body="Grüße, 東京")]
        evidence = box.append(Role.DRAFTS, mails, ["\\Draft"])
        uids = person.uids("Drafts")
        assert person.mails("Drafts") == mails
        assert [int(str(line).rsplit(" ", 1)[1]) for line in evidence] == uids
        assert person.flags(uids[0], "Drafts") == person.flags(uids[1], "Drafts") == {"\\Draft"}

    def test_a_single_mail_is_added_with_evidence_too(self, box: ImapMailbox, person: ImapPeer) -> None:
        (line,) = box.append(Role.SENT, [mail(1)], ["\\Seen"])
        (uid,) = person.uids("Sent")
        assert str(line).endswith(f"UID {uid}")
        assert person.flags(uid, "Sent") == {"\\Seen"}

    def test_a_label_is_seen_by_the_other_client_and_leaves_the_mail_unread(
        self, box: ImapMailbox, person: ImapPeer
    ) -> None:
        uid, other = person.deliver(mail(1)), person.deliver(mail(2))
        assert box.label([uid], "Needs review") == {uid: "keyword Needs-review"}
        assert person.flags(uid) == {"Needs-review"}
        assert person.flags(other) == set()

    def test_a_label_of_a_mail_that_is_gone_gives_no_evidence(self, box: ImapMailbox, person: ImapPeer) -> None:
        kept, gone = person.deliver(mail(1)), person.deliver(mail(2))
        person.remove(gone)
        assert list(box.label([kept, gone], "Accounting")) == [kept]

    def test_a_label_stays_when_a_person_flags_the_mail_and_we_move_it(
        self, box: ImapMailbox, person: ImapPeer
    ) -> None:
        uid = person.deliver(mail(1))
        box.label([uid], "Accounting")
        person.flag(uid, "\\Flagged")
        assert box.flags([uid])[uid] == {"Accounting", "\\Flagged"}
        box.move([uid], Role.ARCHIVE)
        assert person.flags(person.uids("Archive")[0], "Archive") == {"Accounting", "\\Flagged"}

    def test_a_label_can_be_taken_off_again(self, box: ImapMailbox, person: ImapPeer) -> None:
        uid = person.deliver(mail(1))
        box.label([uid], "Accounting")
        assert box.unlabel([uid, uid + 7], "Accounting") == {uid: "without Accounting"}
        assert person.flags(uid) == set()

    def test_only_harmless_commands_are_ever_sent(self, imap_server: Server, person: ImapPeer) -> None:
        uids = [person.deliver(mail(n)) for n in range(3)]
        with Relay(imap_server.port) as relay, ImapMailbox.open(through(relay, imap_server)) as box:
            box.state()
            box.fetch(uids)
            box.label(uids, "Accounting")
            box.append(Role.DRAFTS, [mail(7)], ["\\Draft"])
            box.find(Role.DRAFTS, ["<m7@customer.example>"])
            box.sent_headers_after(None, 0, date.today())
            box.move(uids[:2], Role.ARCHIVE)
        said = [words for words in relay.commands() if words and re.fullmatch(r"[A-P]{4}\d+", words[0])]
        assert {words[1] for words in said} - {"UID"} <= ALLOWED
        assert {words[2] for words in said if words[1] == "UID"} <= {"FETCH", "SEARCH", "STORE", "MOVE"}
        assert all(b"BODY[" not in relay.asked and flag not in relay.asked for flag in (b"\\Seen", b"\\Deleted"))

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


@pytest.mark.dovecot
class TestPoorerServers:
    """Dovecot that says it can do less, or is set up otherwise."""

    def test_without_move_mail_is_copied_checked_and_expunged_by_its_uid_alone(self) -> None:
        with Dovecot(capability="IMAP4rev1 UIDPLUS") as server, ImapPeer(server.account()) as person:
            uids = [person.deliver(mail(n)) for n in range(3)]
            person.flag(uids[2], "\\Deleted")  # a person's own, which is not ours to expunge
            with ImapMailbox.open(server.account()) as box:
                evidence = box.move([uids[0], uids[0] + 99], Role.TRASH)
            assert list(evidence) == [uids[0]]
            assert person.uids() == uids[1:]
            assert person.mails("Trash") == [mail(0)]
            assert person.flags(person.uids("Trash")[0], "Trash") == set()

    def test_where_moving_would_be_a_risk_to_other_mail_nothing_is_moved(self) -> None:
        with Dovecot(capability="IMAP4rev1") as server, ImapPeer(server.account()) as person:
            uid = person.deliver(mail(1))
            with (
                ImapMailbox.open(server.account()) as box,
                pytest.raises(MailboxError, match="neither MOVE nor UIDPLUS") as caught,
            ):
                box.move([uid], Role.TRASH)
            assert caught.value.permanent
            assert person.uids() == [uid]
            assert person.flags(uid) == set()

    def test_where_the_server_tells_no_new_uids_the_emptied_place_is_the_evidence(self) -> None:
        with Dovecot(capability="IMAP4rev1 MOVE") as server, ImapPeer(server.account()) as person:
            uid = person.deliver(mail(1))
            with ImapMailbox.open(server.account()) as box:
                assert box.move([uid, uid + 1], Role.TRASH) == {uid: "Trash (the server does not tell UIDs)"}
            assert person.mails("Trash") == [mail(1)]

    def test_what_the_server_refuses_to_add_is_an_error_of_its_own(self) -> None:
        with (
            Dovecot(rights=ALL_RIGHTS.replace("i", "")) as server,
            ImapMailbox.open(server.account()) as box,
        ):
            errors = box.append(Role.DRAFTS, [mail(1), mail(2)], ["\\Draft"])
            assert box.state(Role.DRAFTS).messages == 0
        assert [isinstance(error, MailboxError) and error.permanent for error in errors] == [True, True]

    def test_without_special_use_folders_are_found_by_their_names_in_the_users_language(self) -> None:
        german = {"Entwürfe": "", "Gesendete Objekte": "", "Papierkorb": "", "Kunden": ""}
        with Dovecot(special=german) as server, ImapPeer(server.account()) as person:
            with ImapMailbox.open(server.account()) as box:
                roles = (Role.DRAFTS, Role.SENT, Role.TRASH, Role.ARCHIVE)
                assert [box.folder_path(role) for role in roles] == [*list(german)[:3], "Archive"]
            assert "Archive" in person.folders()

    def test_special_use_beats_a_folder_that_only_has_the_name(self) -> None:
        with (
            Dovecot(special={**SPECIAL, "Trash": "", "Tonne": "\\Trash"}) as server,
            ImapMailbox.open(server.account()) as box,
        ):
            assert box.folder_path(Role.TRASH) == "Tonne"

    def test_where_keywords_are_not_kept_a_copy_in_a_folder_is_the_label(self) -> None:
        with Dovecot(rights=ALL_RIGHTS.replace("w", "")) as server, ImapPeer(server.account()) as person:
            uids = [person.deliver(mail(n)) for n in range(2)]
            with ImapMailbox.open(server.account()) as box:
                first = box.label(uids, "Accounting")
                assert box.label(uids, "Accounting") == first
            assert first.keys() == set(uids)
            assert person.mails("Accounting") == [mail(0), mail(1)]
            assert person.uids() == uids

    def test_starttls_signs_in_only_where_the_certificate_is_trusted(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        certificate = self_signed(tmp_path)
        with Dovecot(certificate=certificate) as server:
            account = replace(server.account(), host="localhost", security="starttls")
            with pytest.raises(MailboxError, match=r"certificate of localhost:.* cannot be trusted") as caught:
                ImapMailbox.open(account)
            assert caught.value.permanent
            monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
            with ImapMailbox.open(account) as box:
                assert box.state().messages == 0

    def test_a_mail_of_three_hundred_nested_parts_costs_only_itself(self, dovecot: Dovecot) -> None:
        with ImapPeer(dovecot.account()) as person, ImapMailbox.open(dovecot.account()) as box:
            good, evil, fine = (person.deliver(raw) for raw in (mail(1), nested(300), mail(2)))
            found = box.fetch([good, evil, fine])
        assert set(found) == {good, evil, fine}
        assert isinstance(found[good], FetchedMail)
        assert isinstance(found[fine], FetchedMail)

    def test_a_mail_of_nine_thousand_parts_costs_only_itself(self, dovecot: Dovecot) -> None:
        part = f"Content-Type: application/pdf\r\nContent-Disposition: attachment; filename={'a' * 99}\r\n\r\nx"
        evil_mail = multipart(2, "mixed", *[part] * 9000)  # its structure is longer than a line may be
        with ImapPeer(dovecot.account()) as person, ImapMailbox.open(dovecot.account()) as box:
            uids = [person.deliver(raw) for raw in (mail(1), evil_mail, mail(3))]
            found = box.fetch(uids)
            assert list(box.flags(uids)) == uids
        good, evil, fine = (found[uid] for uid in uids)
        assert isinstance(good, FetchedMail)
        assert isinstance(evil, FetchedMail)
        assert isinstance(fine, FetchedMail)
        assert (len(evil.parts), len(evil.attachments)) == (0, 200)


def nested(depth: int) -> bytes:
    """A mail of multiparts within each other."""
    opening = [f'Content-Type: multipart/mixed; boundary="b{level}"\r\n\r\n--b{level}\r\n' for level in range(1, depth)]
    body = "--b0\r\n" + "".join(opening) + "Content-Type: text/plain\r\n\r\ntext\r\n"
    return mail(1, header='MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b0"', body=body)


def self_signed(folder: Path) -> tuple[Path, Path]:
    """A certificate for localhost and its key."""
    certificate, key = folder / "cert.pem", folder / "key.pem"
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost"
    options: list[str | Path] = ["-addext", "subjectAltName=DNS:localhost", "-out", certificate, "-keyout", key]
    subprocess.run([*command.split(), *options], check=True, capture_output=True)
    key.chmod(0o644)  # Dovecot does not run as root
    return certificate, key


class TestFolderNames:
    def test_gmail_archives_into_all_mail(self) -> None:
        folders = [
            Listed("INBOX", frozenset(), "/"),
            Listed("[Gmail]", frozenset({"\\noselect"}), "/"),
            Listed("[Gmail]/Alle Nachrichten", frozenset({"\\all"}), "/"),
            Listed("[Gmail]/Papierkorb", frozenset({"\\trash"}), "/"),
        ]
        assert playing(Role.ARCHIVE, folders) == "[Gmail]/Alle Nachrichten"
        assert playing(Role.TRASH, folders) == "[Gmail]/Papierkorb"
        assert playing(Role.DRAFTS, folders) is None

    def test_a_teams_own_folder_deep_in_the_tree_is_not_taken_for_the_archive(self) -> None:
        folders = [Listed("Kunden/Archiv", frozenset(), "/"), Listed("Archiv", frozenset(), "/")]
        assert playing(Role.ARCHIVE, folders) == "Archiv"
        assert playing(Role.ARCHIVE, folders[:1]) is None

    def test_folders_are_created_below_the_inbox_where_the_server_keeps_all_there(self) -> None:
        below = [Listed("INBOX", frozenset(), "."), Listed("INBOX.Sent", frozenset(), ".")]
        assert path_for("Archive", below) == "INBOX.Archive"
        assert path_for("Archive", [*below, Listed("Kunden", frozenset(), ".")]) == "Archive"
        assert path_for("Archive", below[:1]) == "Archive"


class TestStructure:
    def test_a_mail_whose_structure_is_unknown_is_split_from_its_bytes(self) -> None:
        parts, attachments = split(multipart(1, "mixed", PLAIN, HTML, attachment(570)))
        assert [(part.content_type, part.encoding) for part in parts] == [("text/plain", "8bit"), ("text/html", "8bit")]
        assert parts[0].content == "Grüße".encode()
        assert attachments == (Attachment("drawing.pdf", "application/pdf", 570),)

    def test_an_old_encoded_word_in_a_name_is_read(self) -> None:
        name = b"=?utf-8?q?Pr=C3=BCfung.pdf?="
        node = (b"application", b"pdf", (b"name", name), None, None, b"base64", 78, None, None, None, None)
        assert contents(node).attachments == (Attachment("Prüfung.pdf", "application/pdf", 57),)

    def test_a_broken_encoded_word_is_shown_as_it_is(self) -> None:
        node = (b"image", b"png", (b"name", b"=?nonsense?q?x?="), None, None, b"7bit", 5, None, None, None, None)
        assert contents(node).attachments[0].name == "=?nonsense?q?x?="
