"""Answers of the language model that need not be paid twice."""

from django.db import models
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _


class CachedAnswer(models.Model):
    """What the language model answered to one question, until it is too old."""

    prompt = models.CharField(max_length=64, unique=True, help_text=_("SHA-256 of all that the model was told"))
    answer = models.JSONField()
    made_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        until = date_format(localtime(self.expires_at))
        return gettext("%(category)s, until %(day)s") % {"category": self.answer.get("category", ""), "day": until}
