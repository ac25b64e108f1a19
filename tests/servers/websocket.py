"""The other end of Slack's Socket Mode on loopback: one websocket (RFC 6455), envelopes out, answers in."""

import base64
import hashlib
import json
import socket
import struct
import threading
from queue import Queue
from typing import Any, Self

MAGIC = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TEXT, CLOSE, PING, PONG = 1, 8, 9, 10


class SlackSocket:
    """Says hello to whoever connects. `answers` has what the app acknowledged, as it comes."""

    def __init__(self) -> None:
        self.answers: Queue[dict[str, Any]] = Queue()
        self._connected: Queue[socket.socket] = Queue()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"ws://127.0.0.1:{self._listening.getsockname()[1]}/link"

    def __enter__(self) -> Self:
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._listening.close()

    def send(self, envelope: dict[str, Any], timeout: float = 30) -> None:
        """Send an envelope to the app that is connected, once one is."""
        connection = self._connected.get(timeout=timeout)
        connection.sendall(frame(TEXT, json.dumps(envelope).encode()))
        self._connected.put(connection)

    def drop(self) -> None:
        """Break the connection; the app has to come again."""
        self._connected.get(timeout=30).shutdown(socket.SHUT_RDWR)

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        request = b""
        while not request.endswith(b"\r\n\r\n"):
            request += connection.recv(4096)
        headers = dict(line.split(": ", 1) for line in request.decode().split("\r\n")[1:] if ": " in line)
        key = next(value for name, value in headers.items() if name.lower() == "sec-websocket-key")
        accept = base64.b64encode(hashlib.sha1((key + MAGIC).encode()).digest()).decode()
        upgrade = ("HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade")
        connection.sendall("\r\n".join([*upgrade, f"Sec-WebSocket-Accept: {accept}", "", ""]).encode())
        connection.sendall(frame(TEXT, b'{"type": "hello", "num_connections": 1}'))
        self._connected.put(connection)
        with connection, connection.makefile("rb") as stream:
            while (told := read_frame(stream)) is not None:
                kind, data = told
                if kind == PING:
                    connection.sendall(frame(PONG, data))
                elif kind == TEXT:
                    self.answers.put(json.loads(data))


def frame(kind: int, data: bytes) -> bytes:
    """One frame of a server, which masks nothing."""
    length = bytes([len(data)]) if len(data) < 126 else struct.pack("!BH", 126, len(data))
    return bytes([0x80 | kind]) + length + data


def read_frame(stream: Any) -> tuple[int, bytes] | None:
    """The kind and data of a client's next frame; None at the end."""
    try:
        head = stream.read(2)
        if len(head) < 2 or head[0] & 15 == CLOSE:
            return None
        size = head[1] & 127
        if size >= 126:
            size = struct.unpack("!H", stream.read(2))[0] if size == 126 else struct.unpack("!Q", stream.read(8))[0]
        mask = stream.read(4)
        return head[0] & 15, bytes(byte ^ mask[place % 4] for place, byte in enumerate(stream.read(size)))
    except OSError:
        return None
