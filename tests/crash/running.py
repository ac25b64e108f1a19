"""Running the cases of the sweep and of the matrix: in parts, several at a time, and what they found."""

import argparse
import multiprocessing
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from tests.crash.stores import Difference
from tests.crash.world import World


@dataclass(frozen=True)
class Surroundings:
    """What the mail server says it can (empty: all that it can), and whether there is a Google account."""

    capability: str = ""
    google: bool = True


SERVERS = {
    "usual": Surroundings(),
    "without MOVE": Surroundings("IMAP4rev1 UIDPLUS SPECIAL-USE"),
    "without Google": Surroundings(google=False),
}


def world_of(server: str, folder: Path) -> World:
    return World(folder, SERVERS[server].capability, google=SERVERS[server].google)


@dataclass
class Found:
    """What came out. `points` names all points, tried or not; `shown` counts cases in which a person must look."""

    points: set[str] = field(default_factory=set)
    cases: int = 0
    shown: int = 0
    totals: Counter[str] = field(default_factory=Counter)

    def add(self, other: "Found") -> None:
        self.points |= other.points
        self.cases += other.cases
        self.shown += other.shown
        self.totals += other.totals

    def trouble(self, where: str, what: str) -> None:
        self.totals["other"] += 1
        say(f"{where}: {what}")

    def compare(self, where: str, difference: Difference) -> None:
        for kind in ("lost", "doubled", "wrong"):
            for item in getattr(difference, kind):
                self.totals[kind] += 1
                say(f"{where}: {kind}: {' '.join(item)}")

    def __str__(self) -> str:
        words = {"lost": "lost", "doubled": "doubled", "wrong": "otherwise different", "other": "other troubles"}
        counts = ", ".join(f"{self.totals[kind]} {word}" for kind, word in words.items())
        return f"{counts}. {self.shown} ended with something that a person is asked to look at."


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


@dataclass(frozen=True)
class Part:
    """Which cases to try: of this server every `parts`-th, with `only` in their name."""

    server: str
    number: int
    parts: int
    only: str


def run(name: str, description: str, work: Callable[[Part], Found], servers: Iterable[str]) -> Found:
    """Try all cases, or those that the command line asks for; those of the usual servers in several processes."""
    parser = argparse.ArgumentParser(prog=f"python -m tests.crash.{name}", description=description)
    parser.add_argument("--shard", default="1/1", help="only this part of the cases, such as 2/10")
    parser.add_argument("--jobs", type=int, default=2, help="so many at a time")
    parser.add_argument("--server", choices=list(servers), help="only this kind of server")
    parser.add_argument("--only", default="", help="only cases with this in their name")
    options = parser.parse_args()
    shard, shards = (int(number) for number in options.shard.split("/"))
    started, found = time.monotonic(), Found()
    with ProcessPoolExecutor(options.jobs, multiprocessing.get_context("spawn")) as pool:
        parts = [
            Part(server, (shard - 1) * jobs + job, shards * jobs, options.only)
            for server in ([options.server] if options.server else servers)
            for jobs in (options.jobs if server == "usual" else 1,)
            for job in range(jobs)
        ]
        for result in pool.map(work, parts):
            found.add(result)
    say(f"{found.cases} cases in {time.monotonic() - started:.0f} s: {found}")
    return found
