"""The check of what routing connects to: Slack."""

from collections.abc import Iterator

from django.conf import settings

from inbox_router.doctor import Finding, Result, check
from routing.slack import SlackError, SlackWorkspace, from_settings
from routing.slack.inbound import can_connect


@check("slack")
def check_slack() -> Iterator[Finding]:
    """See whose token it is (auth.test), and post nothing."""
    alerts = from_settings()
    if not isinstance(alerts, SlackWorkspace):
        hint = "Set SLACK_BOT_TOKEN to have people told in Slack."
        yield Finding("slack", Result.SKIP, "alerts go to the log only", hint)
        return
    try:
        yield Finding("slack", Result.OK, f"connected as {alerts.who_we_are()}")
    except SlackError as error:
        hint = "Mend SLACK_BOT_TOKEN." if error.permanent else "Try again in a minute."
        yield Finding("slack", Result.FAIL, str(error), hint)
        return
    yield from _buttons()


def _buttons() -> Iterator[Finding]:
    """Whether the presses of buttons can reach us; a connection is asked for and not used."""
    if settings.SLACK_APP_TOKEN:
        try:
            can_connect()
            yield Finding("slack", Result.OK, "buttons: a connection is offered; manage.py listen_to_slack keeps it")
        except SlackError as error:
            yield Finding("slack", Result.FAIL, f"buttons: {error}", "Mend SLACK_APP_TOKEN (scope connections:write).")
    elif settings.SLACK_SIGNING_SECRET:
        there = f"{settings.SITE_URL}/slack/actions"
        found = f"buttons: Slack posts to {there}"
        if settings.SITE_URL.startswith("https://"):
            yield Finding("slack", Result.OK, found, "It must be the Request URL of the app's Interactivity page.")
        else:
            yield Finding("slack", Result.WARN, found, "Slack posts to https only: set SITE_URL, or SLACK_APP_TOKEN.")
    else:
        hint = "Set SLACK_SIGNING_SECRET or SLACK_APP_TOKEN to have leads accepted in Slack."
        yield Finding("slack", Result.SKIP, "alerts have no buttons but the link", hint)
