"""A bad line in front of a server: it tells requests apart, keeps their names, and breaks the one that it is told to.

    with Line(dovecot.port, Imap()) as line:
        line.faults[3] = "closed"  # the fourth request takes effect, and its answer is lost

IMAP, SMTP and HTTP are understood as far as requests and their answers have to be told apart.
"""

import contextlib
import re
import socket
import struct
import threading
import time
from io import BufferedReader
from types import TracebackType
from typing import Protocol, Self

# What can go wrong with a request. Of the first six it has taken effect before.
APPLIED = ("closed", "reset", "hang", "error", "half", "garbage")
FAULTS = (*APPLIED, "busy", "refused")


class Speech(Protocol):
    """One protocol, for one connection. `error`, `busy` and `garbage` are answers to the request at hand."""

    greets: bool
    error: bytes
    busy: bytes
    garbage: bytes

    def request(self, client: BufferedReader) -> bytes:
        """The next whole request; empty at the end."""
        ...

    def answer(self, server: BufferedReader) -> bytes:
        """The whole answer to it; empty at the end."""
        ...

    def name(self) -> str:
        """What the request asks for; empty if it only goes on with an earlier one."""
        ...


class Imap:
    """A command, or the literal that it waited with, is a request."""

    greets = True
    garbage = b"<html>\x00 a proxy's page\r\n"

    def __init__(self) -> None:
        self.tag, self.awaits, self.named = b"*", 0, ""

    @property
    def error(self) -> bytes:
        return self.tag + b" NO [SERVERBUG] Internal error occurred.\r\n"

    @property
    def busy(self) -> bytes:
        return self.tag + b" NO [UNAVAILABLE] Too many requests, try again later.\r\n"

    def request(self, client: BufferedReader) -> bytes:
        goes_on = self.awaits
        data = client.read(self.awaits) + (line := client.readline())
        if not line:
            return b""
        while at_once := re.search(rb"\{(\d+)\+\}\r\n$", line):
            data += client.read(int(at_once[1])) + (line := client.readline())
        announced = re.search(rb"\{(\d+)\}\r\n$", line)
        self.awaits = int(announced[1]) if announced else 0
        if not goes_on:
            self.tag = data.partition(b" ")[0]
        self.named = f"{self.named.removesuffix(' literal')} literal" if goes_on else named(data)
        return data

    def answer(self, server: BufferedReader) -> bytes:
        data = b""
        while line := server.readline():
            data += line
            if literal := re.search(rb"\{(\d+)\}\r\n$", line):
                data += server.read(int(literal[1]))
            elif line.startswith((self.tag + b" ", b"+")):
                break
        return data

    def name(self) -> str:
        return self.named


def named(command: bytes) -> str:
    """An IMAP command without its numbers, addresses and words: "UID FETCH BODYSTRUCTURE", "SELECT INBOX"."""
    words = command.split(b"\r\n")[0].decode("utf-8", "replace").upper().replace("(", " ").split()[1:]
    verb = " ".join(words[:2] if words[0] == "UID" else words[:1])
    rest = words[2:] if words[0] == "UID" else words[1:]
    if verb == "UID FETCH":
        return f"{verb} {re.sub(r'[^A-Z].*', '', next((w for w in rest[1:] if 'BODY' in w), 'FLAGS'))}"
    if verb in ("SELECT", "EXAMINE", "APPEND", "CREATE"):
        return f"{verb} {rest[0].strip(chr(34))}"
    if verb == "UID STORE":
        return " ".join([verb, *rest[1:]]).rstrip(")")
    if verb == "UID SEARCH":
        return " ".join([verb, next(word for word in rest if word[0].isalpha())])
    return verb


class Smtp:
    """A command line, or a whole mail, is a request."""

    greets = True
    error, busy, garbage = b"451 4.3.0 internal error\r\n", b"421 4.7.0 too busy\r\n", b"<html>a proxy's page\r\n"

    def __init__(self) -> None:
        self.mail_follows, self.named = False, ""

    def request(self, client: BufferedReader) -> bytes:
        data = client.readline()
        if self.mail_follows:
            while not data.endswith(b"\r\n.\r\n") and (line := client.readline()):
                data += line
        self.named = "the mail" if self.mail_follows else data[:4].decode().upper().strip()
        return data

    def answer(self, server: BufferedReader) -> bytes:
        data = b""
        while line := server.readline():
            data += line
            if line[3:4] != b"-":
                break
        self.mail_follows = data.startswith(b"354")
        return data

    def name(self) -> str:
        return self.named


class Http:
    """A request with its body."""

    greets = False
    error = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 14\r\n\r\ninternal error"
    busy = b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 77\r\nContent-Length: 2\r\n\r\n{}"
    garbage = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 20\r\n\r\n<html>a page</html>\n"

    def __init__(self) -> None:
        self.named = ""

    def request(self, client: BufferedReader) -> bytes:
        data = self.answer(client)
        words = data.split(b"\r\n")[0].decode().split(" ")
        self.named = f"{words[0]} {re.sub('/values/.*', '/values', words[1].partition('?')[0])}" if data else ""
        return data

    def answer(self, server: BufferedReader) -> bytes:
        data = b""
        while (line := server.readline()) not in (b"\r\n", b""):
            data += line
        length = re.search(rb"^content-length: *(\d+)", data, re.IGNORECASE | re.MULTILINE)
        return data + line + (server.read(int(length[1])) if length else b"")

    def name(self) -> str:
        return self.named


class Line:
    """Passes requests on to 127.0.0.1:`target`.

    `asked`: their names, in order; `faults`: what is to go wrong, by number; `struck`: the names of those that did.
    """

    def __init__(self, target: int, speech: type[Speech]) -> None:
        self.target, self.speech = target, speech
        self.asked: list[str] = []
        self.faults: dict[int, str] = {}
        self.struck: list[str] = []
        self._lock = threading.Lock()
        self._down = False
        self._ended = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._stop_listening()

    def renew(self) -> None:
        """Begin to count anew, without faults; a line that was down is up again."""
        self.asked, self.faults, self.struck = [], {}, []
        if self._down:
            self._listener, self._down = socket.create_server(("127.0.0.1", self.port)), False
            threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def _stop_listening(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that waits in accept
        self._listener.close()

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        here = ("127.0.0.1", self.target)
        with contextlib.suppress(OSError, ValueError), client, socket.create_connection(here) as server:
            speech, asks, answers = self.speech(), client.makefile("rb"), server.makefile("rb")
            for end in (client, server):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if speech.greets:
                client.sendall(answers.readline())
            while request := speech.request(asks):
                fault = self._count(speech.name())
                if fault in ("busy", "refused") or (fault == "error" and getattr(speech, "awaits", 0)):
                    answer = b""  # it never reaches the server
                else:
                    server.sendall(request)
                    answer = speech.answer(answers)
                if fault:
                    answer = self._spoilt(fault, answer, speech, client)
                if not answer:
                    return
                client.sendall(answer)
                if fault == "half":
                    return

    def _count(self, name: str) -> str:
        with self._lock:
            fault = self.faults.get(len(self.asked), "")
            self.asked.append(name)
            if fault:
                self.struck.append(name)
        return fault

    def _spoilt(self, fault: str, answer: bytes, speech: Speech, client: socket.socket) -> bytes:
        """What the client gets instead of the answer; nothing if its connection ends."""
        if fault == "half":
            body = answer.find(b"\r\n\r\n") + 4 if isinstance(speech, Http) else 0
            return answer[: (body + len(answer)) // 2]
        if fault in ("error", "busy", "garbage"):
            return bytes(getattr(speech, fault))
        if fault == "hang":
            deadline = time.monotonic() + 30
            while time.monotonic() < deadline and not self._ended.wait(0.02) and not hung_up(client):
                pass
        if fault == "refused":
            self._down = True
            self._stop_listening()
        if fault in ("reset", "refused"):
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return b""


def hung_up(client: socket.socket) -> bool:
    """Whether the other end has closed the connection."""
    try:
        return client.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True
