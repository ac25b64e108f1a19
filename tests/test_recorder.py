"""The record that a mail server keeps of us catches what the program must never send."""

from collections.abc import Callable
from contextlib import suppress

import pytest

from tests.servers.imap import Dovecot, ImapPeer
from tests.servers.recorder import Session
from triage.mailbox import ImapMailbox, Role

MAIL = b"From: a@x.example\r\nSubject: x\r\nMessage-ID: <1@x.example>\r\n\r\n1234567890 A1 EXPUNGE\r\n"
WRITTEN = 'APPEND "INBOX" (\\Seen) {9}'


class Intruder(ImapPeer):
    """A client that does not say that it is a person's, as the program does not."""

    introduces_itself = False


DEEDS: dict[str, Callable[[ImapPeer], object]] = {
    "EXPUNGE": lambda peer: peer.client.expunge(),
    "CLOSE": lambda peer: peer.client.close(),
    "DELETE": lambda peer: peer.client.delete("Junk"),
    "RENAME": lambda peer: peer.client.rename("Junk", "Other"),
    "STORE": lambda peer: peer.client.store("1", "+FLAGS.SILENT", "(Review)"),
    r"UID STORE 1 \+FLAGS \(\\Seen\)": lambda peer: peer.flag(1, "\\Seen"),
    r"UID STORE 1 -FLAGS \(\\Flagged\)": lambda peer: peer.unflag(1, "\\Flagged"),
    r"UID STORE 1 \+FLAGS \(\\Deleted\)": lambda peer: peer.remove(1),
    r"UID FETCH 1 \(BODY\[\]\)": lambda peer: peer.client.uid("FETCH", "1", "(BODY[])"),
    r"UID FETCH 1 \(RFC822\)": lambda peer: peer.client.uid("FETCH", "1", "(RFC822)"),
    r'APPEND "?INBOX"?': lambda peer: peer.deliver(MAIL),
    r'APPEND "?Trash"?': lambda peer: peer.deliver(MAIL, "Trash"),
    "UID EXPUNGE 1": lambda peer: peer.client.uid("EXPUNGE", "1"),
}


@pytest.mark.dovecot
@pytest.mark.parametrize("words", DEEDS)
def test_what_the_program_must_not_send_fails_the_run(words: str) -> None:
    with pytest.raises(AssertionError, match=f"must not send: .*{words}"):
        do_as_the_program(DEEDS[words])


def do_as_the_program(deed: Callable[[ImapPeer], object]) -> None:
    with Dovecot() as server:
        with ImapPeer(server.account()) as person:
            person.deliver(MAIL)
        with Intruder(server.account()) as program:
            program.client.select("INBOX")
            deed(program)


@pytest.mark.dovecot
def test_a_person_may_do_all_that_and_the_program_what_it_is_for() -> None:
    with Dovecot() as server:
        with ImapPeer(server.account()) as person:
            for deed in DEEDS.values():
                with suppress(person.client.error):
                    person.client.select("INBOX")
                    deed(person)
            person.deliver(MAIL)
            uid = person.uids()[-1]
        with ImapMailbox.open(server.account()) as box:
            box.state()
            box.fetch([uid])
            box.label([uid], "Review")
            box.append(Role.DRAFTS, [MAIL], ["\\Draft"])
            box.move([uid], Role.TRASH)


@pytest.mark.parametrize(
    ("commands", "forbidden"),
    [
        (["UID COPY 1,4 Trash", r"UID STORE 1,4 +FLAGS.SILENT (\Deleted)", "UID EXPUNGE 1,4", "LOGOUT"], []),
        ([r"UID STORE 1 +FLAGS.SILENT (\Deleted)"], []),  # the line broke in between
        ([r"UID STORE 1 +FLAGS.SILENT (\Deleted)", "UID EXPUNGE 1:2"], [0, 1]),
        ([r"UID STORE 1 +FLAGS.SILENT (\Deleted)", "LOGOUT"], [0]),
        ([f"{WRITTEN}\nSubject: Test\nMessage-ID: <canary-1@x>\n\n"], []),
        ([f"{WRITTEN}\nSubject: Test\nMessage-ID: <1@x>\n\n"], [0]),
    ],
)
def test_a_mail_is_only_taken_away_by_its_own_number_and_at_once(commands: list[str], forbidden: list[int]) -> None:
    found = list(Session(tuple(commands)).forbidden())
    assert found == [commands[number].partition("\n")[0] for number in forbidden]


def test_where_the_line_loses_commands_only_the_original_of_a_copy_may_be_taken_away() -> None:
    copied, marked = "UID COPY 1 Archive", r"UID STORE 1 +FLAGS.SILENT (\Deleted)"
    assert list(Session((copied, marked, "LOGOUT")).forbidden(lossy=True)) == []
    assert list(Session((copied, "UID EXPUNGE 1")).forbidden(lossy=True)) == []
    assert list(Session((copied, marked, "UID EXPUNGE 2")).forbidden(lossy=True)) == [marked, "UID EXPUNGE 2"]
    assert list(Session((marked, "UID SEARCH ALL")).forbidden(lossy=True)) == [marked]
