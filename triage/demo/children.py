"""The programs that a demo consists of: started together, watched, ended together."""

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from django.conf import settings

from triage.demo.running import DemoError

GRACE = 20  # seconds that a program gets to end by itself
START = 60  # seconds until the admin must answer
Environment = dict[str, str]


def manage(environment: Environment, *words: str, stdin: str = "") -> str:
    """Run a command of ours to its end and return what it printed; raises DemoError with its last line."""
    done = subprocess.run(  # noqa: S603 (our own program)
        [sys.executable, "manage.py", *words],
        cwd=settings.BASE_DIR,
        env=environment,
        input=stdin,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip() or "it said nothing").splitlines()[-1]
        raise DemoError(f"manage.py {words[0]} failed: {said}")
    return done.stdout


class Children:
    """Programs that run until the demo ends; what they print goes to one log file."""

    def __init__(self, environment: Environment, log: Path) -> None:
        self.environment = environment
        self.log = log
        self.running: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Self:
        self.output = self.log.open("ab")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End all: first politely, then, after a while, for good and with everything that they started."""
        for child in self.running.values():
            child.terminate()
        deadline = time.monotonic() + GRACE
        for child in self.running.values():
            with suppress(subprocess.TimeoutExpired):
                child.wait(max(0, deadline - time.monotonic()))
            with suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            child.wait()
        self.output.close()

    def start(self, name: str, *words: str) -> None:
        """Start `python WORDS`, in a group of its own: Ctrl+C reaches us alone and we end it."""
        self.running[name] = subprocess.Popen(  # noqa: S603 (our own program)
            [sys.executable, *words],
            cwd=settings.BASE_DIR,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=self.output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def check(self) -> None:
        """Raise DemoError if one of them has ended."""
        for name, child in self.running.items():
            if (status := child.poll()) is not None:
                raise DemoError(f"The {name} has ended by itself (exit status {status}); {self.log} says why.")

    def watch(self) -> None:
        """Stay until one of them ends (DemoError) or somebody interrupts."""
        while True:
            self.check()
            time.sleep(0.5)

    def wait_for(self, port: int) -> None:
        """Return when something listens on a port of this machine."""
        deadline = time.monotonic() + START
        while time.monotonic() < deadline:
            self.check()
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                return
            time.sleep(0.1)
        raise DemoError(f"The admin did not answer within {START} s; {self.log} says why.")
