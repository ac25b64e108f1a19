"""Dies at every point of the story, on both sides of it, and sees what becomes of it: `python -m tests.crash.sweep`.

For each point a world as it was before that step; a process that is killed there by SIGKILL; then the story goes on
and ends. What all servers and the database hold must be what they hold after the undisturbed story, and one more
run must write nothing anywhere.
"""

import argparse
import multiprocessing
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from tests.crash.stores import Difference, difference
from tests.crash.story import Step, Told, finish, tell
from tests.crash.world import World

SIDES = ("before", "after")
# What the server says it can: all of it, or nothing that makes moving one command.
SERVERS = {"usual": "", "without MOVE": "IMAP4rev1 UIDPLUS SPECIAL-USE"}


@dataclass
class Found:
    """What a sweep found. `died`: cases in which the process was killed where it should be."""

    points: Counter[str] = field(default_factory=Counter)
    died: int = 0
    shown: int = 0
    troubles: list[str] = field(default_factory=list)
    totals: Counter[str] = field(default_factory=Counter)

    def add(self, other: "Found") -> None:
        self.points |= other.points  # every part has seen all points, and tried some
        self.died += other.died
        self.shown += other.shown
        self.troubles += other.troubles
        self.totals += other.totals

    def trouble(self, where: str, what: Difference | str) -> None:
        for kind in ("lost", "doubled", "wrong") if isinstance(what, Difference) else ():
            items = getattr(what, kind)
            self.totals[kind] += len(items)
            self.troubles += [f"{where}: {kind} {' '.join(item)}" for item in items]
        if isinstance(what, str):
            self.totals["other"] += 1
            self.troubles.append(f"{where}: {what}")


def sweep(server: str, part: int, parts: int, only: str = "") -> Found:
    """One part of the cases of one server; a server beyond the first has its own points only."""
    found = Found()
    with tempfile.TemporaryDirectory(prefix="crash-") as folder, World(Path(folder), SERVERS[server]) as world:
        told = tell(world)
        points = [(step, number) for step in told.steps for number in range(len(step.points))]
        for step, number in points:
            found.points[f"{server}: {step.number} {number} {step.points[number]}"] = 1
            if "unnamed" in step.points[number]:
                found.trouble(f"{step.deed} {number}", f"nobody of ours caused {step.points[number]}")
        cases = [(step, number, side) for step, number in points for side in SIDES if only in step.points[number]]
        if server != "usual":
            cases = [case for case in cases if "changing" in case[0].points[case[1]]]
        for step, number, side in islice(cases, part, None, parts):
            die(world, told, step, number, side, found)
    return found


def die(world: World, told: Told, step: Step, number: int, side: str, found: Found) -> None:
    """One case."""
    where = f"step {step.number} ({step.deed}), {side} point {number}, {step.points[number]}"
    world.back_to(step.before)
    if not world.run(step.deed, at=number, side=side) or world.points[-1] != step.points[number]:
        found.trouble(where, f"went another way: {world.points[-1:]} {world.said[-300:]}")
        return
    found.died += 1
    if still := finish(world, told, step):
        found.trouble(where, f"never quiet: {still}")
    state = world.state()
    found.shown += bool(state.shown - told.golden.shown)
    found.trouble(where, difference(state, told.golden, same_owners=True))


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.crash.sweep", description=__doc__)
    parser.add_argument("--shard", default="1/1", help="only this part of the cases, such as 2/10")
    parser.add_argument("--jobs", type=int, default=2, help="so many at a time")
    parser.add_argument("--server", choices=SERVERS, help="only this kind of server")
    parser.add_argument("--only", default="", help="only points with this in their name")
    options = parser.parse_args()
    shard, shards = (int(number) for number in options.shard.split("/"))
    started, found = time.monotonic(), Found()
    with ProcessPoolExecutor(options.jobs, multiprocessing.get_context("spawn")) as pool:
        parts = [
            pool.submit(sweep, server, (shard - 1) * options.jobs + job, shards * options.jobs, options.only)
            for server in ([options.server] if options.server else SERVERS)
            for job in range(options.jobs)
        ]
        for part in parts:
            found.add(part.result())
    print(*found.troubles, sep="\n")
    lost, doubled, wrong, other = (found.totals[kind] for kind in ("lost", "doubled", "wrong", "other"))
    print(f"{len(found.points)} points; {found.died} deaths before or after one, in {time.monotonic() - started:.0f} s:")
    print(f"{lost} lost, {doubled} doubled, {wrong} otherwise different, {other} other troubles; {found.shown} shown to a person")
    return 1 if found.troubles else 0


if __name__ == "__main__":
    sys.exit(main())
