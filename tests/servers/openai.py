"""A model server on loopback that speaks OpenAI's chat completions, says what a test wants, and can fail in many ways.

with ModelServer() as server:
    server.answer = lambda asked: Answer(verdict(category="spam"))
"""

import json
import socket
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.servers.http import HttpServer


@dataclass(frozen=True)
class Asked:
    """One request: its path, headers (names in lower case) and JSON body."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]

    @property
    def model(self) -> str:
        return str(self.body["model"])

    @property
    def chat(self) -> list[dict[str, str]]:
        return list(self.body["messages"])

    @property
    def mail(self) -> dict[str, Any]:
        """The fields of the mail that is to be judged."""
        content = next(one["content"] for one in self.chat if one["role"] == "user")
        data = content.partition("\n")[2].rpartition("\n")[0]
        return dict(json.loads(data))


@dataclass(frozen=True)
class Answer:
    """What is sent back. `body` replaces the whole HTTP body; `fault` is hang, drip, reset or half.

    Without tokens it says nothing of usage, as some servers do.
    """

    content: str | None = ""
    finish: str = "stop"
    refusal: str | None = None
    input_tokens: int = 100
    output_tokens: int = 20
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None
    delay: float = 0
    fault: str = ""


def verdict(**names: Any) -> str:
    """A valid answer by the contract, with the given names changed."""
    return json.dumps(
        {
            "category": "lead",
            "confidence": 0.93,
            "language": "en",
            "technical": False,
            "sender_first_name": None,
            "company": None,
            "reason": "The sender asks for a price.",
        }
        | names
    )


class ModelServer(HttpServer):
    """`answer` decides what is said to a request; `asked` keeps them all; `most_at_once` counts overlaps."""

    def __init__(self) -> None:
        super().__init__()
        self.url += "/v1"
        self.answer: Callable[[Asked], Answer] = lambda asked: Answer(verdict())
        self.asked: list[Asked] = []
        self.most_at_once = 0
        self._at_once = 0

    def says(self, *answers: Answer) -> None:
        """Give these answers one after the other; the last one for good."""
        left = list(answers)
        self.answer = lambda asked: left.pop(0) if len(left) > 1 else left[0]

    def _handler(server) -> type[BaseHTTPRequestHandler]:  # noqa: N805 (self is the handler's)
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                asked = Asked(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
                with server._lock:
                    server.asked.append(asked)
                    server._at_once += 1
                    server.most_at_once = max(server.most_at_once, server._at_once)
                    answer = server.answer(asked)
                try:
                    server._closing.wait(answer.delay)
                    self.give(answer, answer.body if answer.body is not None else completion(asked, answer))
                except OSError:
                    self.close_connection = True  # the client has given up
                finally:
                    with server._lock:
                        server._at_once -= 1

            def give(self, answer: Answer, body: bytes) -> None:
                if answer.fault == "hang":
                    server._closing.wait(30)
                if answer.fault in ("hang", "reset"):
                    return self.hang_up()
                self.send_response(answer.status)
                for name, value in ({"Content-Type": "application/json"} | answer.headers).items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if answer.fault == "drip":
                    return self.drip(body)
                if answer.fault == "half":
                    self.wfile.write(body[: len(body) // 2])
                    return self.hang_up()
                self.wfile.write(body)
                return None

            def drip(self, body: bytes) -> None:
                """A byte at a time, each well within any time-out that is counted per read."""
                for start in range(len(body)):
                    self.wfile.write(body[start : start + 1])
                    if server._closing.wait(0.05):
                        return

            def hang_up(self) -> None:
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.close_connection = True
                self.connection.close()

            def log_message(self, *args: object) -> None:
                """Stay quiet."""

        return Handler


def completion(asked: Asked, answer: Answer) -> bytes:
    """The body of a chat completion."""
    message = {"role": "assistant", "content": answer.content, "refusal": answer.refusal}
    told = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": asked.model,
        "choices": [{"index": 0, "message": message, "finish_reason": answer.finish}],
    }
    total = answer.input_tokens + answer.output_tokens
    usage = {"prompt_tokens": answer.input_tokens, "completion_tokens": answer.output_tokens, "total_tokens": total}
    return json.dumps(told | ({"usage": usage} if total else {})).encode()
