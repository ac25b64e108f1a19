"""Deeds to an outside world that lives in the test's memory and does what the test says."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Self

from django.db import models

from inbox_router.couriers import Outcome, Probe, Seen
from inbox_router.delivery import Delivery


@dataclass
class Outside:
    """What was done there, in order; what goes wrong next for a key; whether probes see nothing.

    `meanwhile` happens while the courier is on its way, `before` while it looks.
    """

    done: list[str] = field(default_factory=list)
    troubles: dict[str, list[Exception | str]] = field(default_factory=lambda: defaultdict(list))
    blind: bool = False
    probed: list[str] = field(default_factory=list)
    before: Callable[[], object] = lambda: None
    meanwhile: Callable[[], object] = lambda: None

    def look(self, key: str) -> Probe:
        self.probed.append(key)
        if self.blind:
            return Probe(Seen.UNKNOWN, "nobody lets us look")
        return Probe(Seen.FOUND, f"seen {key}") if key in self.done else Probe(Seen.ABSENT)

    def do(self, key: str) -> Outcome:
        """Do it unless the trouble is a `DeliveryError` that is certainly before the deed, or an outcome."""
        trouble = self.troubles[key].pop(0) if self.troubles[key] else None
        if isinstance(trouble, str):
            return trouble
        if trouble is None or getattr(trouble, "maybe_done", True):
            self.done.append(key)
        if trouble is not None:
            raise trouble
        return f"did {key}"


class OutsideCourier:
    world: ClassVar[Outside] = Outside()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None: ...

    def probe(self, batch: "Sequence[Deed]") -> Mapping[int, Probe]:
        self.world.before()
        return {row.pk: self.world.look(row.key) for row in batch if row.in_doubt}

    def perform(self, batch: "Sequence[Deed]") -> Mapping[int, Outcome]:
        self.world.meanwhile()
        return {row.pk: self.world.do(row.key) for row in batch}


class Deed(Delivery):
    """One deed at a time."""

    courier = OutsideCourier
    objects: ClassVar[models.Manager["Deed"]] = models.Manager()

    class Meta(Delivery.Meta):
        app_label = "outside"
