"""A private Redis."""

import contextlib
import shutil
import socket
import subprocess
import time
from types import TracebackType
from typing import Self

from tests.servers.imap import free_port


def redis_binary() -> str | None:
    return shutil.which("redis-server")


class Redis:
    """Redis on a free port of 127.0.0.1 that stores nothing."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"

    def __enter__(self) -> Self:
        binary = redis_binary()
        assert binary, "Redis is not installed: apt-get install redis-server"
        command = [binary, "--bind", "127.0.0.1", "--port", str(self.port), "--save", "", "--appendonly", "no"]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd="/")
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return self
            time.sleep(0.02)
        raise RuntimeError("Redis did not start")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()
