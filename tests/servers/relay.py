"""A relay in front of a server, to count and to hear what passes, and to play a bad line."""

import contextlib
import socket
import threading
import time
from types import TracebackType
from typing import Self


class Relay:
    """Passes everything between 127.0.0.1:`port` and the server at `target`.

    `received`: bytes from the server; `asked`: what the clients said. `garble`: what is to be replaced by what in
    the server's answers. `mute_at`: what a client asks for in vain; from then on nothing reaches the server.
    `torn`: each answer comes in two packets, torn apart in a line.
    """

    def __init__(
        self, target: int, garble: tuple[bytes, bytes] | None = None, mute_at: bytes = b"", torn: bool = False
    ) -> None:
        self.target = target
        self.garble = garble
        self.mute_at = mute_at
        self.torn = torn
        self.received = 0
        self.asked = b""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._ends: list[socket.socket] = []

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    def end(self) -> None:
        """Break everything off and take no more connections."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that waits in accept
        self._listener.close()
        self.cut()

    def cut(self) -> None:
        """Break all connections off."""
        for end in self._ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def commands(self) -> list[list[str]]:
        """The words of each command line; the lines of mails that were sent are among them."""
        return [line.split() for line in self.asked.decode("utf-8", "replace").splitlines()]

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self.target))
                self._ends += [client, server]
                for pump, source, sink in ((self._ask, client, server), (self._answer, server, client)):
                    threading.Thread(target=pump, args=(source, sink), daemon=True).start()

    def _ask(self, client: socket.socket, server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := client.recv(65_536):
                self.asked += data
                if self.mute_at and self.mute_at in self.asked:
                    continue
                server.sendall(data)
            server.shutdown(socket.SHUT_WR)

    def _answer(self, server: socket.socket, client: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := server.recv(65_536):
                self.received += len(data)
                data = data.replace(*self.garble) if self.garble else data
                if self.torn:
                    client.sendall(data[:3])
                    data = data[3:]
                    time.sleep(0.2)
                client.sendall(data)
            client.shutdown(socket.SHUT_WR)
