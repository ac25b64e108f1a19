"""The six mails whose story is told again and again, and the steps of the story."""

from dataclasses import dataclass

from tests import mails
from tests.crash.stores import State
from tests.crash.world import Moment, World

KINDS = ("lead", "lead-de", "rfq", "spam", "accounting", "uncertain")
MAILS = [mails.mail(kind, number) for number, kind in enumerate(KINDS)]
# What a person decides is carried out by the run after it; spam goes to Trash by the one after that.
STEPS = ("process", "review", "process", "approve", "process", "process", "process")
RUNS_AT_MOST = 5


@dataclass(frozen=True)
class Step:
    """One step of the undisturbed story: how the world was before, and at which points and requests it went by."""

    number: int
    deed: str
    before: Moment
    points: list[str]
    asked: dict[str, list[str]]


@dataclass(frozen=True)
class Told:
    """The undisturbed story and how it ends."""

    steps: list[Step]
    golden: State


def tell(world: World) -> Told:
    """Live through the story once without disturbance."""
    world.deliver(MAILS)
    steps = []
    for number, deed in enumerate(STEPS):
        before = world.keep(str(number))
        world.run(deed)
        assert "Traceback" not in world.said, world.said
        steps.append(Step(number, deed, before, world.points, {name: line.asked for name, line in world.lines.items()}))
    assert not world.writes(), world.writes()
    return Told(steps, world.state())


def finish(world: World, told: Told, step: Step) -> list[str]:
    """Go on from a disturbed step to the end and until nothing happens any more; what the last run still wrote."""
    for deed in (step.deed, *STEPS[step.number + 1 :]):
        world.time_passes()
        world.run(deed)
    if world.state().shown - told.golden.shown:
        world.run("look", arrived=world.arrived())
    for _ in range(RUNS_AT_MOST):
        world.time_passes()
        world.run("process")
        if not world.writes():
            return []
    return world.writes()
