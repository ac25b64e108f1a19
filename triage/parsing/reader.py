"""Reads mail in a child process: whatever a mail does to its reader, it costs only itself.

A regular expression or a C library at work cannot be stopped from within. So a child reads, in bounded memory, and is
killed when a mail takes too long. It knows nothing of Django; to start it takes a fifth of a second.

    with Reader(["acme.example"]) as reader:
        outcomes = reader.read(mails)
"""

import pickle
import resource
import signal
import socket
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from triage.mailbox.mails import FetchedMail
from triage.parsing import ParsedMail, UnreadableMail, parse

SECONDS = 2.0  # that reading one mail may take
MEMORY = 250_000_000  # bytes: 200 MB for what one mail costs, the rest for a chunk of them that waits its turn
START = 30.0  # seconds until a child must be ready, on a machine that is very busy
ORPHAN = 60  # seconds on one mail after which a child ends by itself: its parent, who should have killed it, is gone
OUT_OF_MEMORY = 77  # the exit status that says so
GRACE = 1.0  # seconds in which a child that hung up has ended
ROOT = Path(__file__).parents[2]
COMMAND = (sys.executable, "-m", "triage.parsing.reader")
DEATH = (EOFError, ConnectionError, pickle.UnpicklingError)  # what is heard of a child that has ended

Outcome = ParsedMail | UnreadableMail
Believed = tuple[Sequence[str], Sequence[str]]  # our own domains, and those of forms


class ReaderError(Exception):
    """No mail at all can be read; the text says why. It passes with what was the matter on this machine."""


class Reader:
    """Reads mails one after the other in a child process, which is started at the first and ends with the context.

    `seconds` is the time for one mail; `command` a program that calls `serve`.
    """

    def __init__(
        self,
        company_domains: Sequence[str] = (),
        form_domains: Sequence[str] = (),
        *,
        seconds: float = SECONDS,
        command: Sequence[str] = COMMAND,
    ) -> None:
        self.believed = (tuple(company_domains), tuple(form_domains))
        self.seconds = seconds
        self.command = command
        self.child: Child | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def read(self, mails: Sequence[FetchedMail], after_each: Callable[[], None] = lambda: None) -> list[Outcome]:
        """What each mail says, or why it cannot be read, in the order given.

        `after_each` is called after every mail, for whoever must give a sign of life meanwhile. Raises ReaderError if
        there is no child that works, and what `after_each` raises.
        """
        outcomes: list[Outcome] = []
        alone = False  # a child that ends may not have died of its mail: that one is given to another, alone
        while waiting := mails[len(outcomes) :]:
            try:
                for outcome in self._ask(waiting[:1] if alone else waiting):
                    outcomes.append(outcome)
                    after_each()
                alone = False
            except TimeoutError:
                self._end()
                outcomes.append(UnreadableMail(f"reading it took longer than {self.seconds:g} s"))
                after_each()
                alone = False
            except DEATH:
                reason = died(self._end(grace=GRACE))
                if alone:
                    outcomes.append(UnreadableMail(reason))
                alone = not alone
            except BaseException:
                self._end()  # what it still answers must not be taken for other mails' answers
                raise
        return outcomes

    def _ask(self, mails: Sequence[FetchedMail]) -> Iterator[Outcome]:
        self.child = self.child or Child(self.command)
        return self.child.ask(mails, self.believed, self.seconds)

    def _end(self, grace: float = 0) -> int:
        child, self.child = self.child, None
        return child.end(grace) if child else 0


class Child:
    """The process that reads, and the socket that leads there. Raises ReaderError if it does not start."""

    def __init__(self, command: Sequence[str]) -> None:
        self.socket, theirs = socket.socketpair()
        self.answers = self.socket.makefile("rb")
        with theirs:
            try:
                self.process = subprocess.Popen(command, stdin=theirs.fileno(), cwd=ROOT)  # noqa: S603 (our own program)
            except OSError as error:
                self._hang_up()
                raise ReaderError(f"the program that reads mail cannot be started: {error}") from None
        self._await_ready()

    def ask(self, mails: Sequence[FetchedMail], believed: Believed, seconds: float) -> Iterator[Outcome]:
        """Send all at once, so that none waits for a turn of ours, and tell of each when it is read.

        Raises TimeoutError if that takes longer than `seconds`, one of DEATH if the child ends.
        """
        self.socket.settimeout(seconds)
        self.socket.sendall(pickle.dumps((mails, believed)))
        for _ in mails:
            yield pickle.load(self.answers)  # noqa: S301 (from our own program)

    def end(self, grace: float = 0) -> int:
        """End it, whatever it is doing, if it does not within `grace` seconds; its exit status."""
        self._hang_up()
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(grace)
        self.process.kill()
        return self.process.wait()

    def _await_ready(self) -> None:
        self.socket.settimeout(START)
        try:
            pickle.load(self.answers)  # noqa: S301 (from our own program)
        except TimeoutError:
            self.end()
            raise ReaderError(f"the program that reads mail was not ready within {START:g} s") from None
        except DEATH:
            status = self.end(GRACE)
            raise ReaderError(f"the program that reads mail does not start (exit status {status})") from None

    def _hang_up(self) -> None:
        self.answers.close()
        self.socket.close()


def died(status: int) -> str:
    """Say how reading ended a child. Raises ReaderError when that was not reading but a fault of the child."""
    if status == OUT_OF_MEMORY:
        return "reading it took too much memory"
    if status < 0:
        return f"reading it ended the program that reads ({signal.Signals(-status).name})"
    raise ReaderError(f"the program that reads mail failed (exit status {status}): restart the worker after upgrades")


# --- in the child -----------------------------------------------------------------------------------------


def serve(read: Callable[[FetchedMail, Sequence[str], Sequence[str]], ParsedMail], orphan: int = ORPHAN) -> None:
    """Read with `read` what comes through standard input, a socket, and answer there, until the parent is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is for the parent, who then ends us
    bound_memory()
    parent = socket.socket(fileno=sys.stdin.fileno())
    questions = parent.makefile("rb")
    try:
        with suppress(*DEATH):
            parent.sendall(pickle.dumps("ready"))
            while True:
                mails, believed = pickle.load(questions)  # noqa: S301 (our own parent)
                for mail in mails:
                    signal.alarm(orphan)
                    answer = pickle.dumps(attempt(read, mail, *believed))
                    signal.alarm(0)
                    parent.sendall(answer)
    except MemoryError:
        sys.exit(OUT_OF_MEMORY)


def attempt(read: Callable[..., ParsedMail], *given: Any) -> Outcome:
    """What was read, or why not. An unforeseen error is told by its place: its text may quote the mail."""
    try:
        return read(*given)
    except UnreadableMail as error:
        return error
    except MemoryError:
        raise
    except Exception as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        return UnreadableMail(f"{type(error).__name__} while reading it ({Path(place.filename).name}:{place.lineno})")


def bound_memory() -> None:
    """Let this process grow by MEMORY at most, where the system can tell its size."""
    size = Path("/proc/self/statm")
    if size.exists():
        limit = int(size.read_text().split()[0]) * resource.getpagesize() + MEMORY
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


if __name__ == "__main__":
    serve(parse)
