"""A proxy that makes a full IMAP server poorer: it hides what the server can do, refuses, and drops connections.

with MaskingProxy(dovecot.port, lacks=("MOVE",), keeps_keywords=False) as proxy:
    account = replace(dovecot.account(), port=proxy.port)
"""

import contextlib
import re
import socket
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

from tests.servers.line import Imap

CODES = re.compile(rb"\[(?:APPENDUID|COPYUID) [^\]]*\] ")
PERMANENT = re.compile(rb"\[PERMANENTFLAGS \([^)]*\)\]")
SPECIAL = re.compile(rb" ?\\(?:Drafts|Sent|Trash|Archive|Junk|All)(?=[ )])")
DROP = b"drop"  # an objection: the connection ends, and nobody knows whether it was done

# What is said to a request instead of doing it, by its name, such as "UID MOVE"; empty: nothing, it is passed on.
Objection = Callable[[str], bytes]


class MaskingProxy:
    """Between clients and the server on 127.0.0.1:`target`. `asked` are the names of all requests.

    `lacks`: capabilities that it hides, and whose commands it does not know. `objects`: asked before each request.
    `loses`: asked after each; the connection ends where it says DROP, and the answer is lost.
    """

    def __init__(
        self,
        target: int,
        *,
        lacks: tuple[str, ...] = (),
        keeps_keywords: bool = True,
        read_only: bool = False,
        objects: Objection = lambda name: b"",
        loses: Objection = lambda name: b"",
    ) -> None:
        self.target, self.lacks, self.keeps_keywords, self.read_only = target, lacks, keeps_keywords, read_only
        self.objects, self.loses = objects, loses
        self.asked: list[str] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that waits in accept
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        here = ("127.0.0.1", self.target)
        with contextlib.suppress(OSError, ValueError), client, socket.create_connection(here) as server:
            speech, asks, answers = Imap(), client.makefile("rb"), server.makefile("rb")
            for end in (client, server):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            client.sendall(self._masked(answers.readline()))
            while request := speech.request(asks):
                self.asked.append(speech.name())
                goes_on = speech.name().endswith(" literal")  # of a command that was let pass
                objection = b"" if goes_on else self._unknown(speech.name(), request) or self.objects(speech.name())
                if objection == DROP:
                    return
                if objection:
                    speech.awaits = 0  # the literal that was announced does not come
                    client.sendall(speech.tag + b" " + objection + b"\r\n")
                    continue
                server.sendall(self._translated(request))
                answer = speech.answer(answers)
                if self.loses(speech.name()) == DROP:
                    return
                client.sendall(self._masked(answer))

    def _unknown(self, name: str, request: bytes) -> bytes:
        """What a server says that does not know a command, or takes no changes."""
        verb = name.removeprefix("UID ").split()[0]
        if (verb == "MOVE" and "MOVE" in self.lacks) or (verb == "EXPUNGE" and "UIDPLUS" in self.lacks):
            return b"BAD Unknown command"
        if self.read_only and verb in ("STORE", "MOVE", "EXPUNGE"):
            return b"NO [READ-ONLY] The mailbox is read-only"
        if verb == "STORE" and not self.keeps_keywords and b"\\" not in request:
            return b"NO Keywords are not supported"
        return b""

    def _translated(self, request: bytes) -> bytes:
        """What the server behind is asked."""
        return request

    def _masked(self, answer: bytes) -> bytes:
        for capability in self.lacks:
            answer = re.sub(rb" %b(?=[ \]\r])" % re.escape(capability.encode()), b"", answer)
        if "UIDPLUS" in self.lacks:
            answer = CODES.sub(b"", answer)
        if "SPECIAL-USE" in self.lacks and answer.startswith(b"* LIST"):
            answer = SPECIAL.sub(b"", answer)
        if not self.keeps_keywords:
            answer = PERMANENT.sub(rb"[PERMANENTFLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft)]", answer)
        if self.read_only:
            answer = PERMANENT.sub(b"[PERMANENTFLAGS ()]", answer).replace(b"[READ-WRITE]", b"[READ-ONLY]")
        return answer
