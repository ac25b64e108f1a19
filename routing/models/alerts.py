"""What people are told in Slack."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from inbox_router.delivery import Delivery
from routing.models.assignments import Assignment
from routing.models.people import Salesperson
from routing.slack import Buttons, SlackCourier


class SlackAlert(Delivery):
    """One Slack message, to a person or to a channel; or what one that stands there says from now on."""

    assignment = models.ForeignKey(Assignment, models.PROTECT, null=True, blank=True, related_name="alerts")
    salesperson = models.ForeignKey(Salesperson, models.PROTECT, null=True, blank=True, related_name="alerts")
    channel = models.CharField(max_length=100, blank=True, help_text=_("Instead of a person"))
    text = models.TextField(help_text=_("Slack's mrkdwn, escaped"))
    rewrites = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="rewritten_by",
        help_text=_("The alert that it stands in place of, without buttons but the link"),
    )

    courier = SlackCourier

    @property
    def buttons(self) -> Buttons | None:
        """What stands below it: whoever was given a lead can open it, and take it on or pass it on if we can hear."""
        given = self.assignment
        if given is None or given.salesperson_id != self.salesperson_id:
            return None
        if self.rewrites_id:
            return Buttons(lead_url(given.lead_id))
        heard = bool(settings.SLACK_SIGNING_SECRET or settings.SLACK_APP_TOKEN)
        return Buttons(lead_url(given.lead_id), given.pk if heard else 0)


def lead_url(lead: int) -> str:
    """Where people open a lead."""
    return f"{settings.SITE_URL}/admin/crm/lead/{lead}/change/"
