"""Telling people in Slack. Without a token the alerts are logged."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from inbox_router.delivery import DeliveryError, Probe

log = logging.getLogger(__name__)


class SlackCourier:
    """Logs each alert: the embedded default, which needs no account."""

    def __enter__(self) -> "SlackCourier":
        return self

    def __exit__(self, *exc: object) -> None:
        pass

    def probe(self, batch: Sequence[Any]) -> Mapping[int, Probe]:
        return {}

    def perform(self, batch: Sequence[Any]) -> Mapping[int, str | DeliveryError]:
        for alert in batch:
            log.info("Slack alert %s", alert.key)
        return {alert.pk: "logged" for alert in batch}
