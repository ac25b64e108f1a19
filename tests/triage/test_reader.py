"""Reading in a child: a mail that hangs, swells or kills its reader costs only itself, and no child stays behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from tests import mails
from tests.hurting import HURTING
from tests.triage.obedient import COMMAND, fail, mail
from triage.parsing import ParsedMail, UnreadableMail, fetched_from_bytes, parse
from triage.parsing.reader import ROOT, Outcome, Reader, ReaderError

GOOD = fetched_from_bytes(mails.mail("lead", 3).raw)
# A program that has a child read what it is told, and then waits.
PARENT = """
import sys
from tests.triage.obedient import COMMAND, mail
from triage.parsing.reader import Reader
with Reader(command=COMMAND, seconds=600) as reader:
    reader.read([mail(sys.argv[1])])
    print("read", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def obedient() -> Iterator[Reader]:
    with Reader(command=COMMAND, seconds=1.5) as reader:
        yield reader


def said(outcomes: list[Outcome]) -> list[str]:
    """The text of each mail that was read, the reason of each that was not."""
    return [outcome.text if isinstance(outcome, ParsedMail) else str(outcome) for outcome in outcomes]


def process(reader: Reader) -> int:
    assert reader.child
    return reader.child.process.pid


def is_gone(pid: int) -> bool:
    with suppress(ProcessLookupError):
        os.kill(pid, 0)
        return False
    return True


def test_mails_are_read_as_in_our_own_process_and_in_their_order() -> None:
    fetched = [fetched_from_bytes(one.raw) for one in mails.mixed(70)]
    with Reader(["acme.example"]) as reader:
        first, rest = reader.read(fetched[:20]), reader.read(fetched[20:])
    assert first + rest == [parse(one, ["acme.example"]) for one in fetched]


def test_a_form_is_believed_of_the_domains_that_were_told() -> None:
    form = fetched_from_bytes((ROOT / "tests/emails/sender/unknown-form-service.eml").read_bytes())
    domain = parse(form).from_address.rpartition("@")[2]
    with Reader([], [domain]) as believing, Reader() as doubting:
        (told,), (doubted,) = believing.read([form]), doubting.read([form])
    assert isinstance(told, ParsedMail)
    assert isinstance(doubted, ParsedMail)
    assert (told.sender_address != doubted.sender_address, told.sender_doubt) == (True, "")
    assert doubted.sender_doubt


def test_a_mail_with_nothing_in_it_is_unreadable_for_the_reason_that_parsing_gives() -> None:
    with Reader() as reader:
        nothing, good = reader.read([fetched_from_bytes(b""), GOOD])
    assert isinstance(nothing, UnreadableMail)
    assert str(nothing) == "the mail has neither a header nor a text"
    assert good == parse(GOOD)


def test_no_child_is_started_before_there_is_mail() -> None:
    with Reader(command=["no-such-program"]) as reader:
        assert reader.read([]) == []


@pytest.mark.parametrize("case", HURTING)
def test_a_mail_that_hurts_is_read_within_the_limits_and_so_is_the_next(case: str, shared: Reader) -> None:
    bad, good = shared.read([fetched_from_bytes(HURTING[case]()), GOOD])
    assert isinstance(bad, ParsedMail) or str(bad) == "the mail has neither a header nor a text"
    assert good == parse(GOOD)


@pytest.fixture(scope="module")
def shared() -> Iterator[Reader]:
    """Our own child, with the limits that hold in use."""
    with Reader() as reader:
        yield reader


@pytest.mark.parametrize(
    ("order", "reason"),
    [
        ("hang", "reading it took longer than 1.5 s"),
        ("swell", "reading it took too much memory"),
        ("crash", "reading it ended the program that reads (SIGSEGV)"),
        ("fail", f"ValueError while reading it (obedient.py:{fail.__code__.co_firstlineno + 1})"),
    ],
)
def test_a_mail_that_hurts_its_reader_costs_only_itself(order: str, reason: str, obedient: Reader) -> None:
    orders = ("read", order, "read", "read", order)
    outcomes = obedient.read([mail(one, number) for number, one in enumerate(orders)])
    assert said(outcomes) == ["Mail 0 of Anna.", reason, "Mail 2 of Anna.", "Mail 3 of Anna.", reason]
    assert said(obedient.read([mail("read", 5)])) == ["Mail 5 of Anna."]


def test_a_child_that_is_killed_in_the_middle_loses_no_mail(obedient: Reader) -> None:
    with ThreadPoolExecutor() as pool:
        reading = pool.submit(obedient.read, [mail("nap", number) for number in range(20)])
        while obedient.child is None:
            time.sleep(0.01)
        killed = process(obedient)
        time.sleep(0.3)
        os.kill(killed, signal.SIGKILL)
        assert said(reading.result()) == [f"Mail {number} of Anna." for number in range(20)]
    assert process(obedient) != killed


def test_a_child_that_is_killed_between_two_chunks_is_replaced(obedient: Reader) -> None:
    obedient.read([mail("read")])
    os.kill(process(obedient), signal.SIGKILL)
    assert said(obedient.read([mail("read", 1), mail("read", 2)])) == ["Mail 1 of Anna.", "Mail 2 of Anna."]


def test_a_child_that_is_stopped_is_replaced_even_when_much_is_to_be_sent(obedient: Reader) -> None:
    obedient.read([mail("read")])
    os.kill(process(obedient), signal.SIGSTOP)
    large = fetched_from_bytes(b"Subject: read\n\n" + b"word " * 200_000)
    outcomes = obedient.read([large, mail("read", 1)])
    assert said(outcomes) == ["reading it took longer than 1.5 s", "Mail 1 of Anna."]


def test_no_child_stays_when_the_context_ends() -> None:
    with Reader() as reader:
        reader.read([GOOD])
        pid = process(reader)
    assert is_gone(pid)


class Told(Exception):
    """A run is told to end."""


def test_no_child_stays_of_a_read_that_was_broken_off_and_its_answers_are_not_mixed_up(obedient: Reader) -> None:
    def tell(number: int, frame: object) -> None:
        raise Told

    obedient.read([mail("read")])
    pid, before = process(obedient), signal.signal(signal.SIGALRM, tell)
    signal.setitimer(signal.ITIMER_REAL, 0.2)
    with pytest.raises(Told):
        obedient.read([mail("nap", number) for number in range(100)])
    signal.signal(signal.SIGALRM, before)
    assert is_gone(pid)
    assert said(obedient.read([mail("read", 700)])) == ["Mail 700 of Anna."]


@pytest.mark.parametrize(("order", "seen"), [("read", "read\n"), ("hang", "hanging\n")])
def test_the_child_ends_when_its_parent_is_killed(order: str, seen: str) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, order], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, text=True
    )
    assert parent.stdout
    assert parent.stdout.readline() == seen
    parent.kill()
    assert parent.communicate(timeout=60)[0] == ""  # which the child has open as well: the end comes when both are gone


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (["no-such-program"], "cannot be started: .*no-such-program"),
        ([sys.executable, "-m", "tests.no_such_module"], r"does not start \(exit status 1\)"),
        ([sys.executable, "-c", "print('something else')"], r"does not start \(exit status 0\)"),
    ],
)
def test_a_child_that_cannot_be_started_is_said_so_and_blamed_on_no_mail(command: list[str], reason: str) -> None:
    with Reader(command=command) as reader, pytest.raises(ReaderError, match=reason):
        reader.read([GOOD])


def test_a_child_that_fails_by_itself_is_said_so_and_blamed_on_no_mail(obedient: Reader) -> None:
    with pytest.raises(ReaderError, match=r"failed \(exit status 3\)"):
        obedient.read([mail("read"), mail("give up")])
