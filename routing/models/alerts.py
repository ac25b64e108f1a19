"""What people are told in Slack."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from inbox_router.delivery import Delivery
from routing.models.assignments import Assignment
from routing.models.people import Salesperson
from routing.slack import SlackCourier


class SlackAlert(Delivery):
    """One Slack message, to a person or to a channel."""

    assignment = models.ForeignKey(Assignment, models.PROTECT, null=True, blank=True, related_name="alerts")
    salesperson = models.ForeignKey(Salesperson, models.PROTECT, null=True, blank=True, related_name="alerts")
    channel = models.CharField(max_length=100, blank=True, help_text=_("Instead of a person"))
    text = models.TextField(help_text=_("Slack's mrkdwn, escaped"))

    courier = SlackCourier
