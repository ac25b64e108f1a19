"""The mailbox gateway at servers that can do less, or have other folders."""

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from tests.servers.imap import ALL_RIGHTS, SPECIAL, Dovecot, ImapPeer
from tests.triage.letters import mail, multipart
from triage.mailbox import FetchedMail, ImapMailbox, MailboxError, Role
from triage.mailbox.folders import Listed, path_for, playing


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
