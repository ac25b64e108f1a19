"""What the mailbox gateway reads of mails, over real IMAP, on the embedded server and on Dovecot."""

import pytest

from tests.servers.imap import ImapPeer
from tests.servers.relay import Relay
from tests.triage.letters import FORWARDED, HTML, PLAIN, Server, attachment, fetched, mail, multipart, texts, through
from triage.mailbox import Attachment, FetchedMail, ImapMailbox, MailboxError, Role
from triage.mailbox.structure import contents, split


class TestEveryServer:
    """What holds on both servers."""

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
