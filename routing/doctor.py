"""The check of what routing connects to: Slack."""

from collections.abc import Iterator

from inbox_router.doctor import Finding, Result, check
from routing.slack import SlackError, SlackWorkspace, from_settings


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
