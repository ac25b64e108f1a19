"""Results of comparing the server with our rows."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from triage.models.mailbox import Mailbox


class CaptureCheck(models.Model):
    """One comparison of a mailbox's UIDs with our rows; they prove that nothing is missing."""

    mailbox = models.ForeignKey(Mailbox, models.CASCADE, related_name="capture_checks")
    at = models.DateTimeField(default=timezone.now, db_index=True)
    messages = models.PositiveIntegerField()
    unexplained = models.PositiveIntegerField()
    facts = models.JSONField(default=dict, help_text=_("The numbers, and each UID that is not accounted for"))

    class Meta:
        ordering = ["-at"]

    def __str__(self) -> str:
        told = {"mailbox": self.mailbox, "messages": self.messages, "unexplained": self.unexplained}
        return gettext("%(mailbox)s: %(messages)s messages, %(unexplained)s unexplained") % told
