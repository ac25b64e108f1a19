"""A hand on the line and on the database: it ends the program, or a connection, at the n-th thing that is asked.

    with knife.at(17, "kill"):
        run()  # dies at the 17th command, answer or statement, unless it is over before

The standard library's IMAP client, which is below ours, and Django's database wrapper tell what passes.
"""

import imaplib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from django.db import connection

ENDS = ("SAVEPOINT", "RELEASE", "ROLLBACK", "COMMIT", "BEGIN")  # what Django says while it cleans up


class Killed(BaseException):
    """The process is gone; nothing catches it."""


class Knife:
    """`heard` are the commands of the program; `hit` tells whether the last strike fell. While dead, nothing passes."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self.hit = False
        self._listening = False
        self._left, self._deed = 0, ""
        self._dead = False
        self._strike: Callable[[], None] = lambda: None
        self._send, self._answer = imaplib.IMAP4.send, imaplib.IMAP4._get_tagged_response  # type: ignore[attr-defined]

    def __enter__(self) -> "Knife":
        knife = self

        def send(client: imaplib.IMAP4, data: bytes) -> None:
            knife._passes(client)
            if knife._listening:
                knife.heard.append(data)
            knife._send(client, data)

        def answer(client: imaplib.IMAP4, *args: Any, **named: Any) -> Any:
            result = knife._answer(client, *args, **named)
            knife._passes(client)
            return result

        imaplib.IMAP4.send, imaplib.IMAP4._get_tagged_response = send, answer  # type: ignore[method-assign, attr-defined]
        return self

    def __exit__(self, *exc: object) -> None:
        imaplib.IMAP4.send, imaplib.IMAP4._get_tagged_response = self._send, self._answer  # type: ignore[method-assign, attr-defined]

    @contextmanager
    def at(self, count: int = 0, deed: str = "", strike: Callable[[], None] = lambda: None) -> Iterator[None]:
        """Listen, and strike at the `count`-th event, if there is one.

        `deed`: "kill" the program, "cut" the connection, or "meanwhile" call `strike` in between.
        """
        self._left, self._deed, self._strike = count, deed, strike
        self.hit, self._listening = False, True
        try:
            with suppress(Killed), connection.execute_wrapper(self._statement):
                yield
        finally:
            self._left, self._dead, self._listening = 0, False, False

    def _passes(self, client: imaplib.IMAP4) -> None:
        if self._dead:
            raise OSError("the process is gone")
        if self._falls():
            if self._deed == "cut":
                client.shutdown()
                raise ConnectionResetError("the line was cut")
            self._do()

    def _statement(self, execute: Callable, sql: str, params: Any, many: bool, context: Any) -> Any:
        if not sql.startswith(ENDS):
            if self._dead:
                raise Killed
            if self._deed != "cut" and self._falls():
                self._do()
        return execute(sql, params, many, context)

    def _falls(self) -> bool:
        self._left -= 1
        self.hit = self.hit or self._left == 0
        return self._left == 0

    def _do(self) -> None:
        if self._deed == "kill":
            self._dead = True
            raise Killed
        self._listening = False
        self._strike()
        self._listening = True
