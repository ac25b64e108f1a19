"""The embedded IMAP server: pymap, in memory, on a thread of our own process.

The demo runs on it, and so do the tests on a machine without Dovecot. It speaks real IMAP to any mail client.
"""

import asyncio
import threading
from argparse import Namespace
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

from proxyprotocol.reader import ProxyProtocolReader
from pymap.backend.dict import DictBackend
from pymap.backend.dict.filter import FilterSet
from pymap.backend.dict.mailbox import LoadedMessage, MailboxData, MailboxSet
from pymap.imap import IMAPServer
from pymap.mime import MessageContent
from pymap.parsing.specials.flag import Flag, Wildcard
from pymap.parsing.specials.objectid import ObjectId
from pysasl.hashing import BuiltinHash

from inbox_router.environment import MailboxAccount

FOLDERS = ("Drafts", "Sent", "Trash", "Archive")


def numbered_part(self: LoadedMessage, section: Sequence[int] | None) -> MessageContent:
    """Find a part by its number; a message within a message has none of its own (RFC 3501, 6.4.5)."""
    part = self.content
    for number in section or ():
        if part.is_rfc822:
            part = part.body.nested[0]
        if part.body.has_nested:
            part = part.body.nested[number - 1]
        elif number != 1:
            raise IndexError(number)
    return part


# pymap's own one looks a level too deep within a forwarded message.
LoadedMessage._get_subpart = numbered_part  # type: ignore[method-assign, assignment]


class KeywordFolder(MailboxData):
    """A folder that keeps keywords: pymap's own one announces no `\\*`, so that STORE drops them."""

    @property
    def permanent_flags(self) -> frozenset[Flag]:
        return frozenset({*super().permanent_flags, Wildcard})


class KeywordFolders(MailboxSet):
    """The folders of one user, each of them a KeywordFolder."""

    def __init__(self) -> None:
        super().__init__()
        self._inbox = KeywordFolder(self._content_cache, self._thread_cache)

    async def add_mailbox(self, name: str) -> ObjectId:
        await super().add_mailbox(name)
        self._set[name] = folder = KeywordFolder(self._content_cache, self._thread_cache)
        return folder.mailbox_id


class EmbeddedImap:
    """An IMAP server for one user on 127.0.0.1; port 0 takes any free one. All its mail is gone when it ends."""

    def __init__(self, user: str, password: str, port: int = 0) -> None:
        self.user = user
        self.password = password
        self.port = port
        self._started = threading.Event()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="embedded-imap", daemon=True)

    @property
    def url(self) -> str:
        """What MAILBOX_URL has to be to watch this server."""
        return f"imap://{quote(self.user, safe='')}:{quote(self.password, safe='')}@127.0.0.1:{self.port}/INBOX"

    def account(self, name: str = "inbox") -> MailboxAccount:
        return MailboxAccount(name, "127.0.0.1", self.port, self.user, self.password, "INBOX", "plain")

    def __enter__(self) -> Self:
        """Start; returns when clients can connect. Raises OSError where the port is taken."""
        self._thread.start()
        self._started.wait()
        if self._failure:
            raise self._failure
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(timeout=5)

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:
            self._failure = error
        finally:
            self._started.set()

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        # The one password lives in this process's memory: hashing it half a million times guards nothing.
        backend, config = await DictBackend.init(self._arguments(), hash_context=BuiltinHash(rounds=1))
        config.apply_context()
        folders = KeywordFolders()
        for name in FOLDERS:
            await folders.add_mailbox(name)
        config.set_cache[self.user] = (folders, FilterSet())
        connected = ProxyProtocolReader(config.proxy_protocol).get_callback(IMAPServer(backend.login, config))
        server = await asyncio.start_server(connected, host="127.0.0.1", port=self.port)
        self.port = server.sockets[0].getsockname()[1]
        self._started.set()
        await self._stop.wait()
        server.close()

    def _arguments(self) -> Namespace:
        """What pymap's command line would give it."""
        options: dict[str, Any] = {
            "host": "127.0.0.1", "port": self.port, "debug": False, "tls": False, "cert": None, "key": None,
            "proxy_protocol": None, "inherited_sockets": None, "passlib_cfg": None,
            "demo_data": False, "demo_user": self.user, "demo_password": self.password,
        }  # fmt: skip
        return Namespace(**options)
