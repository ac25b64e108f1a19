"""Breaks every kind of request in every way, and sees what becomes of it: `python -m tests.crash.matrix`.

A kind of request is a command of IMAP or SMTP or a call over HTTP, of one step of the story. Its first occurrence
takes effect and its answer is lost, late, halved, wrong or a refusal, or it never gets there. Then the story goes on to
its end: what is there must be what is there after the undisturbed story, or less of one mail, where its
delivery openly failed or is unconfirmed. Nothing may be there twice.
"""

import sys
import tempfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from tests.crash.running import SERVERS, Found, Part, run, say
from tests.crash.stores import difference
from tests.crash.story import Step, Told, finish, tell
from tests.crash.world import World
from tests.servers.line import APPLIED, FAULTS

Case = tuple[Step, str, int, str, str]  # step, service, number of the request, its name, what goes wrong


def cases(told: Told, part: Part) -> Iterator[Case]:
    """Each kind of request at its first place in the story; of a server beyond the first only those of its own."""
    seen: set[tuple[str, str]] = set()
    for step in told.steps:
        for service, asked in step.asked.items():
            for name in dict.fromkeys(asked):
                ours = part.server == "usual" or name in ("UID COPY", "UID STORE +FLAGS.SILENT", "UID EXPUNGE")
                if (service, name) not in seen and ours and part.only in f"{service} {name}":
                    yield from ((step, service, asked.index(name), name, fault) for fault in FAULTS)
                seen.add((service, name))


def matrix(part: Part) -> Found:
    """One part of the cases of one server."""
    found = Found()
    with tempfile.TemporaryDirectory(prefix="fault-") as folder, World(Path(folder), SERVERS[part.server]) as world:
        told = tell(world)
        for case in islice(cases(told, part), part.number, None, part.parts):
            strike(world, told, case, found)
    return found


def strike(world: World, told: Told, case: Case, found: Found) -> None:
    """One case."""
    step, service, number, name, fault = case
    where = f"step {step.number} ({step.deed}), {service} {name}, {'applied then ' if fault in APPLIED else ''}{fault}"
    found.points.add(f"{service} {name}")
    world.back_to(step.before)
    for line in world.lines.values():
        line.renew()
    world.lines[service].faults[number] = fault
    world.run_on_these_lines(step.deed, impatient=fault == "hang")
    if world.lines[service].struck != [name]:
        found.trouble(where, f"never happened: {world.lines[service].asked}")
        return
    found.cases += 1
    if "Traceback" in world.said and "CommandError" not in world.said:
        found.trouble(where, f"not understood: {world.said.strip().splitlines()[-1]}")
    if still := finish(world, told, step):
        found.trouble(where, f"never quiet: {still}")
    state = world.state()
    found.shown += bool(state.shown - told.golden.shown)
    found.compare(where, difference(state, told.golden, same_owners=service != "model"))


if __name__ == "__main__":
    found = run("matrix", str(__doc__), matrix)
    say(f"There are {len(found.points)} kinds of requests among them.")
    sys.exit(bool(found.totals))
