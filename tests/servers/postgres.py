"""A private PostgreSQL, and fresh databases in it or in one that is there."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psycopg
from psycopg import sql

from tests.servers.imap import free_port

FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")  # a test's data need not survive


def postgres_binary(name: str = "postgres") -> str | None:
    """The newest one of Debian's folders, which are not in the PATH, or the PATH's."""
    folders = sorted(
        Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(re.sub(r"\D", "", path.parts[4]))
    )
    return str(folders[-1]) if folders else shutil.which(name)


class Postgres:
    """PostgreSQL on a free port of 127.0.0.1, without a password, as root (who hands it to nobody) or not."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"postgres://tests@127.0.0.1:{self.port}/postgres"
        self.home = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
        self._become: dict[str, Any] = {}
        if os.getuid() == 0:  # PostgreSQL refuses to run as root
            self._become = {"user": "nobody", "group": "nogroup", "extra_groups": []}
            shutil.chown(self.home, "nobody", "nogroup")

    def __enter__(self) -> Self:
        initdb = postgres_binary("initdb")
        assert initdb, "PostgreSQL is not installed: apt-get install postgresql"
        data = str(self.home / "data")
        create = [initdb, "-D", data, "-U", "tests", "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C"]
        subprocess.run(create, check=True, stdout=subprocess.DEVNULL, cwd="/", **self._become)
        self.start()
        return self

    def start(self) -> None:
        """Start it, or start it again after a stop."""
        postgres = postgres_binary()
        assert postgres
        data = str(self.home / "data")
        options = ["listen_addresses=127.0.0.1", f"port={self.port}", "unix_socket_directories=", *FAST]
        command = [postgres, "-D", data, *(word for option in options for word in ("-c", option))]
        with (self.home / "log").open("wb") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, cwd="/", **self._become)
        self._wait()

    def stop(self) -> None:
        """Break every connection off and end, as an administrator's quick restart does."""
        self._process.send_signal(signal.SIGINT)
        self._process.wait()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGQUIT)  # ends its children at once, and leaves no shared memory behind
            self._process.wait()
        shutil.rmtree(self.home, ignore_errors=True)

    def _wait(self) -> None:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and self._process.poll() is None:
            with contextlib.suppress(psycopg.OperationalError), psycopg.connect(self.url):
                return
            time.sleep(0.05)
        raise RuntimeError(f"PostgreSQL did not start: {(self.home / 'log').read_text(errors='replace')}")


@contextlib.contextmanager
def fresh_database(server: str) -> Iterator[str]:
    """The URL of an empty database on the server, dropped afterwards; tests that run at once do not meet."""
    name = f"tests_{uuid.uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            yield server.rpartition("/")[0] + f"/{name}"
        finally:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
