"""The common ground of the small HTTP servers that stand in for Slack and Google: calls, answers and faults.

with SlackServer() as server:
    server.fail("chat.postMessage", CLOSED)  # the next one is applied, then its answer is lost
"""

import json
import socket
import struct
import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class Call:
    """One request: what is called, its query and its body, of JSON or of a form alike."""

    name: str
    path: str
    query: dict[str, str]
    body: dict[str, Any]
    headers: dict[str, str]


@dataclass(frozen=True)
class Answer:
    body: dict[str, Any]
    status: int = 200


@dataclass(frozen=True)
class Fault:
    """What goes wrong with one call. `applied`: it takes effect before. `how`: close, reset, hang, half or answer."""

    how: str = "answer"
    status: int = 500
    headers: dict[str, str] = field(default_factory=dict)
    text: str = ""
    applied: bool = True


CLOSED = Fault("close")
RESET = Fault("reset")
HANGING = Fault("hang")
HALF = Fault("half")
GARBAGE = Fault(status=200, text="<html>a proxy's page</html>")
BROKEN = Fault(status=500, text="internal error")
BUSY = Fault(status=429, headers={"Retry-After": "77"}, text="{}", applied=False)


class HttpServer:
    """Listens on a free port of 127.0.0.1 for as long as it is entered; a subclass says who handles requests."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._closing = threading.Event()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._closing.set()
        self._http.shutdown()
        self._http.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        raise NotImplementedError


class LoopbackServer(HttpServer):
    """Keeps every call; a subclass says what they are named and what they do."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[Call] = []
        self._faults: dict[str, list[Fault]] = defaultdict(list)

    def fail(self, name: str, *faults: Fault) -> None:
        """Let the next calls of this name go wrong, one fault each."""
        self._faults[name] += faults

    def wait_for(self, name: str, seconds: float = 30) -> None:
        """Wait until something of this name was called and answered. Raises TimeoutError."""
        deadline = time.monotonic() + seconds
        while not self.count(name):
            if time.monotonic() > deadline:
                raise TimeoutError(name)
            time.sleep(0.02)
        with self._lock:
            return

    def count(self, name: str) -> int:
        return sum(call.name == name for call in self.calls)

    def name(self, method: str, path: str) -> str:
        """What a request is called, in calls and faults."""
        raise NotImplementedError

    def answer(self, call: Call) -> Answer:
        """Do what is asked for."""
        raise NotImplementedError

    def _take(self, call: Call) -> tuple[Answer, Fault | None]:
        with self._lock:
            self.calls.append(call)
            faults = self._faults[call.name]
            fault = faults.pop(0) if faults else None
            applied = self.answer(call) if fault is None or fault.applied else Answer({})
            return applied, fault

    def _handler(server) -> type[BaseHTTPRequestHandler]:  # noqa: N805 (self is the handler's)
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self.respond()

            def do_POST(self) -> None:
                self.respond()

            def respond(self) -> None:
                url = urlsplit(self.path)
                headers = {name.lower(): value for name, value in self.headers.items()}
                name = server.name(self.command, url.path)
                answer, fault = server._take(Call(name, url.path, flat(url.query), self.body(), headers))
                try:
                    self.give(answer, fault)
                except OSError:
                    self.close_connection = True  # the client has given up

            def body(self) -> dict[str, Any]:
                raw = self.rfile.read(int(self.headers["content-length"] or 0)).decode()
                if "json" in (self.headers["content-type"] or ""):
                    return dict(json.loads(raw or "{}"))
                return dict(flat(raw))

            def give(self, answer: Answer, fault: Fault | None) -> None:
                if fault and fault.how != "answer":
                    return self.lose(answer, fault.how)
                if fault:
                    return self.send(fault.status, fault.text.encode(), fault.headers)
                return self.send(answer.status, json.dumps(answer.body).encode(), {"Content-Type": "application/json"})

            def lose(self, answer: Answer, how: str) -> None:
                if how == "hang":
                    server._closing.wait(30)
                if how == "half":
                    body = json.dumps(answer.body).encode()
                    self.send(200, body[: len(body) // 2], {}, length=len(body))
                if how == "reset":
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.close_connection = True
                self.connection.close()

            def send(self, status: int, body: bytes, headers: dict[str, str], length: int | None = None) -> None:
                self.send_response(status)
                for name, value in (headers | {"Content-Length": str(length or len(body))}).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: object) -> None:
                """Stay quiet."""

        return Handler


def flat(query: str) -> dict[str, str]:
    """The last value of each name of a query or form."""
    return {name: values[-1] for name, values in parse_qs(query, keep_blank_values=True).items()}
