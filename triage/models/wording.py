"""Reply texts as people want them."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from routing.models import Pool


class ReplyTemplate(models.Model):
    """The reply text of one language, for all leads or for those of one pool; empty: the one that ships."""

    language = models.CharField(max_length=8, help_text=_("ISO 639-1, such as en or de"))
    pool = models.ForeignKey(
        Pool, models.CASCADE, null=True, blank=True, related_name="+", help_text=_("Empty: for all leads")
    )
    text = models.TextField(blank=True)
    history = HistoricalRecords()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["language", "pool"], name="one_reply_text_per_language_and_pool"),
            models.UniqueConstraint(fields=["language"], condition=Q(pool=None), name="one_reply_text_per_language"),
        ]

    def __str__(self) -> str:
        return f"{self.language}, {self.pool.name}" if self.pool else self.language
