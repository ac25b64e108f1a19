"""The points at which a process can die: each write to another server or a file, each commit, named and counted.

Hooked in below the libraries, at sockets, files and Django's connection, so that none is missed and nothing of the
product has to know. The name is the innermost function of ours that caused it and what was asked; one that
none of our functions caused is called "unnamed".
"""

import io
import os
import re
import select
import signal
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper

OURS = ("inbox_router.", "triage.", "routing.", "crm.")
BY_PEOPLE = ("review", "approve")  # of tests.crash.child
PATIENCE = 1.0  # seconds that an answer may take before the process dies without it


class Points:
    """Writes the name of each point to `log` as it comes; dies at number `at`: before, after, or within it."""

    def __init__(self, log: Path, services: dict[int, str], at: int = -1, side: str = "") -> None:
        self.log = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self.services, self.at, self.side = services, at, side
        self.number = -1

    def passed(
        self,
        what: str,
        act: Callable[[], Any],
        settle: Callable[[], object] = lambda: None,
        half: Callable[[], object] = lambda: None,
    ) -> Any:
        """Do what is at this point; `settle` waits until it has taken effect on the other side, `half` does half."""
        self.number += 1
        here = self.number == self.at
        os.write(self.log, f"{caller()} {what}\n".encode())
        if here and self.side != "after":
            half() if self.side == "within" else None
            os.kill(os.getpid(), signal.SIGKILL)
        result = act()
        if here:
            settle()
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    def install(self) -> None:
        """Hook in, for the rest of this process's life."""
        for name in ("send", "sendall"):
            setattr(socket.socket, name, self._counted(getattr(socket.socket, name)))
        commit = BaseDatabaseWrapper._commit  # type: ignore[attr-defined]
        BaseDatabaseWrapper._commit = lambda wrapper: self.passed("commit", lambda: commit(wrapper))  # type: ignore[attr-defined]
        connection.execute_wrappers.append(self._written)
        points, opened = self, io.open

        class File(io.FileIO):
            def write(self, data: Any) -> Any:
                data = bytes(data)
                half = lambda: io.FileIO.write(self, data[: len(data) // 2])  # noqa: E731
                return points.passed("file write", lambda: io.FileIO.write(self, data), half=half)

            def truncate(self, size: int | None = None) -> int:
                cut: int = points.passed("file cut", lambda: io.FileIO.truncate(self, size))
                return cut

        def counted(file: Any, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
            """A file that is opened for changes in place, as the CSV mirror's is."""
            return io.BufferedRandom(File(file, mode)) if mode == "a+b" else opened(file, mode, *args, **kwargs)

        io.open = counted  # type: ignore[assignment]

    def _counted(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def sent(sock: socket.socket, data: Any, *flags: int) -> Any:
            if sock.family != socket.AF_INET:
                return original(sock, data, *flags)
            service = self.services.get(sock.getpeername()[1], "unnamed")
            settle = lambda: until_answered(sock, bytes(data))  # noqa: E731
            return self.passed(f"{service} {summary(bytes(data))}", lambda: original(sock, data, *flags), settle)

        return sent

    def _written(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        """A statement outside a transaction is a commit of its own."""
        if connection.in_atomic_block or not sql.startswith(("INSERT", "UPDATE", "DELETE")):
            return execute(sql, params, many, context)
        return self.passed(f"commit of {' '.join(sql.split()[:2])}", lambda: execute(sql, params, many, context))


def caller() -> str:
    """The innermost function of ours on the stack, or the person's act that stands for the admin's."""
    frame = sys._getframe(1)
    while frame:
        name, function = frame.f_globals.get("__name__", ""), frame.f_code.co_qualname
        if name.startswith(OURS):
            return f"{name}:{function}"
        if function in BY_PEOPLE:
            return f"a person's {function}"
        frame = frame.f_back  # type: ignore[assignment]
    return "unnamed"


def summary(data: bytes) -> str:
    """The beginning of what is sent, without what differs from run to run."""
    line = data[:200].split(b"\r\n")[0].decode("utf-8", "replace")
    if tagged := re.match(r"[A-Z]{4}\d+ ((?:UID )?[A-Z]+)", line):
        return tagged[1]
    if request := re.match(r"(GET|POST|PUT) ([^ ?]+)", line):
        return f"{request[1]} {request[2]}"
    if smtp := re.match(r"(?i)(ehlo|mail|rcpt|data|quit|rset)\b", line):
        return smtp[1].upper()
    return "what follows"


def until_answered(sock: socket.socket, data: bytes) -> None:
    """Wait until the whole answer is there, unread; not at all where the request is still to be completed."""
    http, tag = re.match(rb"(GET|POST|PUT) ", data), re.match(rb"[A-Z]{4}\d+ ", data)
    if (http and http[1] != b"GET" and data.endswith(b"\r\n\r\n")) or (tag and not data.endswith(b"\r\n")):
        return
    whole = re.compile(rb"^(" + tag[0] + rb"|\+)", re.MULTILINE) if tag else re.compile(b"")
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and select.select([sock], [], [], deadline - time.monotonic())[0]:
        if not (there := sock.recv(1_000_000, socket.MSG_PEEK)) or whole.search(there):
            return
        time.sleep(0.002)
