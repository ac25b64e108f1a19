"""What carries deliveries to the other side, and what it can say of each: seen there, done, not wanted, failed."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol, Self


class Seen(Enum):
    """What a probe saw of a delivery on the other side."""

    FOUND = "found"
    ABSENT = "absent"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Probe:
    seen: Seen
    evidence: str = ""


class DeliveryError(Exception):
    """Why a delivery was not done, or may not have been.

    `permanent`: repeating is pointless until a person mends something. `blocked`: the other side takes nothing from
    us at all (no connection, sign-in refused, no space): it is not about this delivery, which is tried again soon.
    `maybe_done`: the answer was lost, the deed may have taken effect. `retry_after`: seconds that the other side
    asked us to wait.
    """

    def __init__(
        self,
        message: str,
        *,
        permanent: bool = False,
        blocked: bool = False,
        maybe_done: bool = False,
        retry_after: float = 0,
    ) -> None:
        super().__init__(message)
        self.permanent = permanent
        self.blocked = blocked
        self.maybe_done = maybe_done
        self.retry_after = retry_after

    def for_others(self) -> Self:
        """The same for a delivery that was not even tried because of it."""
        why = f"not tried: {self}"
        return type(self)(why, permanent=self.permanent, blocked=self.blocked, retry_after=self.retry_after)


class NotWanted(str):
    """An outcome: the deed must no longer be done, and why (a person was faster)."""


# Of one delivery: its evidence, why it is not wanted any more, or why it failed.
Outcome = str | NotWanted | DeliveryError


class Courier(Protocol):
    """Carries deliveries of one kind; opened once for a whole working-off, so that it can keep connections."""

    def __enter__(self) -> Self: ...
    def __exit__(self, *exc: object) -> None: ...

    def probe(self, batch: Sequence[Any]) -> Mapping[int, Probe]:
        """Look on the other side for each delivery, by primary key. One that is left out is ABSENT."""
        ...

    def perform(self, batch: Sequence[Any]) -> Mapping[int, Outcome]:
        """Do each delivery; outcomes by primary key. May raise DeliveryError for all of them."""
        ...


class Patience:
    """What one working-off has of the other side: after an error that is not about one delivery, none."""

    def __init__(self) -> None:
        self._lost: DeliveryError | None = None

    @contextmanager
    def once(self) -> Iterator[None]:
        """Let the first such error through; from then on raise it at once, without troubling the other side again."""
        if self._lost:
            raise self._lost.for_others()
        try:
            yield
        except DeliveryError as error:
            self._lost = error if error.blocked or not error.permanent else None
            raise
