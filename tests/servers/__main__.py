"""Run a command beside a private PostgreSQL and Redis: `python -m tests.servers COMMAND...`

The command finds them in TEST_POSTGRES_URL and TEST_REDIS_URL; both end with it, whatever happens to it.
"""

import os
import signal
import subprocess
import sys

from tests.servers.postgres import Postgres
from tests.servers.redis import Redis


def main(command: list[str]) -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # leave the blocks below in order
    with Postgres() as postgres, Redis() as redis:
        servers = {"TEST_POSTGRES_URL": postgres.url, "TEST_REDIS_URL": redis.url}
        return subprocess.run(command, env=os.environ | servers, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
