"""The check of what routing connects to: Slack."""

from collections.abc import Iterator

from django.conf import settings
from django.utils.translation import gettext as _

from inbox_router.doctor import Finding, Result, check
from routing.slack import SlackError, SlackWorkspace, from_settings
from routing.slack.inbound import can_connect


@check("slack")
def check_slack() -> Iterator[Finding]:
    """See whose token it is (auth.test), and post nothing."""
    alerts = from_settings()
    if not isinstance(alerts, SlackWorkspace):
        hint = _("Set SLACK_BOT_TOKEN to have people told in Slack.")
        yield Finding("slack", Result.SKIP, _("alerts go to the log only"), hint)
        return
    try:
        yield Finding("slack", Result.OK, _("connected as %(who)s") % {"who": alerts.who_we_are()})
    except SlackError as error:
        hint = (
            _("Mend %(setting)s.") % {"setting": "SLACK_BOT_TOKEN"} if error.permanent else _("Try again in a minute.")
        )
        yield Finding("slack", Result.FAIL, str(error), hint)
        return
    yield from _buttons()


def _buttons() -> Iterator[Finding]:
    """Whether the presses of buttons can reach us; a connection is asked for and not used."""
    if settings.SLACK_APP_TOKEN:
        try:
            can_connect()
            found = _("buttons: a connection is offered; manage.py listen_to_slack keeps it")
            yield Finding("slack", Result.OK, found)
        except SlackError as error:
            found, hint = (
                _("buttons: %(error)s") % {"error": error},
                _("Mend SLACK_APP_TOKEN (scope connections:write)."),
            )
            yield Finding("slack", Result.FAIL, found, hint)
    elif settings.SLACK_SIGNING_SECRET:
        there = f"{settings.SITE_URL}/slack/actions"
        found = _("buttons: Slack posts to %(address)s") % {"address": there}
        if settings.SITE_URL.startswith("https://"):
            hint = _("It must be the Request URL of the app's Interactivity page.")
            yield Finding("slack", Result.OK, found, hint)
        else:
            hint = _("Slack posts to https only: set SITE_URL, or SLACK_APP_TOKEN.")
            yield Finding("slack", Result.WARN, found, hint)
    else:
        hint = _("Set SLACK_SIGNING_SECRET or SLACK_APP_TOKEN to have leads accepted in Slack.")
        yield Finding("slack", Result.SKIP, _("alerts have no buttons but the link"), hint)
