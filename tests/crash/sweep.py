"""Dies at every point of the story, on both sides of it, and sees what becomes of it: `python -m tests.crash.sweep`.

For each point a world as it was before that step; a process that is killed there by SIGKILL; then the story goes on
and ends. What all servers and the database hold must be what they hold after the undisturbed story, and one more
run must write nothing anywhere.
"""

import sys
import tempfile
from itertools import islice
from pathlib import Path

from tests.crash.running import Found, Part, run, say, world_of
from tests.crash.stores import difference
from tests.crash.story import Step, Told, finish, tell
from tests.crash.world import World

OWN = {"usual": "", "without MOVE": "changing", "without Google": "csvfile"}  # what a server's points are named


def sweep(part: Part) -> Found:
    """One part of the cases of one server; of a server beyond the first only where it goes another way."""
    found = Found()
    with tempfile.TemporaryDirectory(prefix="crash-") as folder, world_of(part.server, Path(folder)) as world:
        told = tell(world)
        points = [(step, number) for step in told.steps for number in range(len(step.points))]
        for step, number in points:
            if "unnamed" in step.points[number]:
                found.trouble(f"step {step.number}, point {number}", f"none of our functions: {step.points[number]}")
        own = [point for point in points if OWN[part.server] in name_of(*point)]
        found.points |= {f"{part.server}, step {step.number}, point {number}" for step, number in own}
        chosen = [point for point in own if part.only in name_of(*point)]
        cases = [(*point, side) for point in chosen for side in sides(name_of(*point))]
        for step, number, side in islice(cases, part.number, None, part.parts):
            die(world, told, step, number, side, found)
    return found


def sides(name: str) -> tuple[str, ...]:
    """A file may have been written in part; for a server half a request is none."""
    return ("before", "within", "after") if name.endswith("file write") else ("before", "after")


def name_of(step: Step, number: int) -> str:
    return step.points[number]


def die(world: World, told: Told, step: Step, number: int, side: str, found: Found) -> None:
    """One case."""
    where = f"step {step.number} ({step.deed}), {side} point {number}, {step.points[number]}"
    world.back_to(step.before)
    if not world.run(step.deed, at=number, side=side) or world.points[-1] != step.points[number]:
        found.trouble(where, f"went another way: {world.points[-1:]} {world.said[-300:]}")
        return
    found.cases += 1
    if still := finish(world, told, step):
        found.trouble(where, f"never quiet: {still}")
    state = world.state()
    found.shown += bool(state.shown - told.golden.shown)
    found.compare(where, difference(state, told.golden))


if __name__ == "__main__":
    found = run("sweep", str(__doc__), sweep, OWN)
    say(f"There are {len(found.points)} points in all, each with a side before and a side after.")
    sys.exit(bool(found.totals))
