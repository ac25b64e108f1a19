"""Breaks every kind of request in every way, and sees what becomes of it: `python -m tests.crash.matrix`.

A kind of request is a command of IMAP or SMTP with its folder, or a call over HTTP. At its first place in the story it
takes effect and its answer is lost, late, halved, wrong or a refusal, or it never gets there. What only a lost answer
makes the program ask is broken as well. Then the story goes on to its end: what is there must be what is there after
the undisturbed story, or less of one mail, whose delivery openly failed or is unconfirmed. Nothing may be there twice.
"""

import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from tests.crash.running import Found, Part, run, say, world_of
from tests.crash.stores import difference
from tests.crash.story import Step, Told, finish, tell
from tests.crash.world import WRITES, World
from tests.servers.line import APPLIED, FAULTS

# What is only asked there: all else was broken with the usual servers.
OWN = {"usual": "", "without MOVE": ("UID COPY", "UID EXPUNGE", "UID STORE +FLAGS.SILENT \\DELETED")}


@dataclass(frozen=True)
class Request:
    """One request of a step, and what is to go wrong with it."""

    service: str
    number: int
    name: str
    fault: str

    def __str__(self) -> str:
        return f"{self.service} {self.name}, {'applied then ' if self.fault in APPLIED else ''}{self.fault}"


@dataclass(frozen=True)
class Case:
    """What goes wrong in a step, and then perhaps in the run that takes the step up again."""

    step: Step
    requests: tuple[Request, ...]

    def __str__(self) -> str:
        return f"step {self.step.number} ({self.step.deed}), {' and '.join(map(str, self.requests))}"


def kinds(asked: dict[str, list[str]]) -> Iterator[tuple[str, str, int]]:
    """(service, name, number) of the first request of each kind."""
    for service, names in asked.items():
        for name in dict.fromkeys(names):
            yield service, name, names.index(name)


def cases(world: World, told: Told, part: Part) -> Iterator[Case]:
    """All cases of a server."""
    seen: set[tuple[str, str]] = set()
    for step in told.steps:
        for service, name, number in kinds(step.asked):
            if (service, name) not in seen and name.startswith(OWN[part.server]):
                yield from (Case(step, (Request(service, number, name, fault),)) for fault in FAULTS)
            seen.add((service, name))
    if part.server != "usual":
        return
    writes = [(s, *kind) for s in told.steps for kind in kinds(s.asked) if kind[1].startswith(WRITES[kind[0]])]
    for step, service, name, number in writes:
        lost = Request(service, number, name, "closed")
        for again in asked_in_doubt(world, Case(step, (lost,))):
            if again[:2] not in seen:
                yield from (Case(step, (lost, Request(again[0], again[2], again[1], fault))) for fault in FAULTS)
            seen.add(again[:2])


def asked_in_doubt(world: World, case: Case) -> list[tuple[str, str, int]]:
    """What the next run asks after a lost answer."""
    go_wrong(world, case)
    world.time_passes()
    world.run(case.step.deed)
    return list(kinds({name: line.asked for name, line in world.lines.items()}))


def matrix(part: Part) -> Found:
    """One part of the cases of one server."""
    found = Found()
    with tempfile.TemporaryDirectory(prefix="fault-") as folder, world_of(part.server, Path(folder)) as world:
        told = tell(world)
        chosen = [case for case in cases(world, told, part) if part.only in str(case)]
        for case in islice(chosen, part.number, None, part.parts):
            strike(world, told, case, found)
    return found


def go_wrong(world: World, case: Case) -> list[str]:
    """Go back to before the step and let its requests go wrong, one a run; what did not happen as meant."""
    world.back_to(case.step.before)
    troubles = []
    for request in case.requests:
        for line in world.lines.values():
            line.renew()
        line = world.lines[request.service]
        line.faults[request.number] = request.fault
        world.run_on_these_lines(case.step.deed, impatient=request.fault == "hang")
        if line.struck != [request.name]:
            troubles.append(f"never happened: {line.asked}")
        if "Traceback" in world.said and "CommandError" not in world.said:
            troubles.append(f"not understood: {world.said.strip()[-600:]}")
        world.time_passes()
    return troubles


def strike(world: World, told: Told, case: Case, found: Found) -> None:
    """One case."""
    found.cases += 1
    found.points |= {f"{request.service} {request.name}" for request in case.requests}
    for trouble in go_wrong(world, case):
        found.trouble(str(case), trouble)
    if still := finish(world, told, case.step):
        found.trouble(str(case), f"never quiet: {still}")
    state = world.state()
    found.shown += bool(state.shown - told.golden.shown)
    to_a_person = any(request.service == "model" for request in case.requests)
    found.compare(str(case), difference(state, told.golden, same_judgements=not to_a_person))


if __name__ == "__main__":
    found = run("matrix", str(__doc__), matrix, OWN)
    say(f"{len(found.points)} kinds of requests were broken.")
    sys.exit(bool(found.totals))
