"""The worker's sign of life."""

from django.db import models
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _


class Heartbeat(models.Model):
    """When a task last went all the way through the scheduler's queue, and why its cluster was restarted. One row."""

    name = models.CharField(max_length=50, unique=True, default="worker", editable=False)
    beat_at = models.DateTimeField(null=True, editable=False)
    restarts = models.PositiveIntegerField(default=0, editable=False)
    restarted_at = models.DateTimeField(null=True, editable=False)
    trouble = models.CharField(max_length=200, blank=True, editable=False, help_text=_("Why it was restarted last"))

    def __str__(self) -> str:
        when = date_format(localtime(self.beat_at), "DATETIME_FORMAT") if self.beat_at else gettext("never")
        return gettext("%(name)s, last sign of life %(when)s") % {"name": self.name, "when": when}

    @classmethod
    def of_worker(cls) -> "Heartbeat":
        return Heartbeat.objects.get_or_create(name="worker")[0]

    @classmethod
    def beat(cls) -> None:
        """Note that the queue moves."""
        cls._default_manager.update_or_create(name="worker", defaults={"beat_at": timezone.now()})

    def note_restart(self, trouble: str) -> None:
        ours = type(self)._default_manager.filter(pk=self.pk)
        ours.update(restarts=models.F("restarts") + 1, restarted_at=timezone.now(), trouble=trouble[:200])
