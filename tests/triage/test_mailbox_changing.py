"""What the mailbox gateway changes, over real IMAP, on the embedded server and on Dovecot."""

import re
from datetime import date

from tests.servers.imap import ImapPeer
from tests.servers.relay import Relay
from tests.triage.letters import Server, mail, through
from triage.mailbox import ImapMailbox, Role

ALLOWED = {"CAPABILITY", "LOGIN", "LIST", "CREATE", "SELECT", "EXAMINE", "APPEND", "LOGOUT"}  # besides those by UID


class TestEveryServer:
    """What holds on both servers."""

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
