"""Slack, the only place that knows slack_sdk: telling people, and hearing which buttons they press."""

from routing.slack.buttons import Buttons, Press
from routing.slack.posting import Alerts, SlackCourier, SlackError, SlackWorkspace, from_settings

__all__ = ["Alerts", "Buttons", "Press", "SlackCourier", "SlackError", "SlackWorkspace", "from_settings"]
