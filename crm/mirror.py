"""Writes audit entries to the spreadsheet."""

from collections.abc import Mapping, Sequence
from typing import Any, Self

from inbox_router.delivery import DeliveryError, Probe


class SheetCourier:
    """Carries rows to the spreadsheet."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        return None

    def probe(self, batch: Sequence[Any]) -> Mapping[int, Probe]:
        return {}

    def perform(self, batch: Sequence[Any]) -> Mapping[int, str | DeliveryError]:
        raise DeliveryError("the spreadsheet is not connected yet")
