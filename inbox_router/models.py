"""What belongs to the whole installation: the kill switch, and how each person wants the admin shown."""

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from inbox_router.shown import office


class Halt(models.Model):
    """One time that all outside effects were stopped. The one without an end is in force.

    This is the kill switch: while it is thrown, nothing is done outside the database.
    """

    since = models.DateTimeField(default=timezone.now)
    by = models.CharField(max_length=150)
    why = models.CharField(max_length=300, blank=True)
    until = models.DateTimeField(null=True, blank=True)
    ended_by = models.CharField(max_length=150, blank=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(models.Value(1), condition=models.Q(until=None), name="one_halt_in_force")
        ]

    def __str__(self) -> str:
        when = f"{office(self.since):%Y-%m-%d %H:%M %Z}"
        return gettext("stopped by %(who)s since %(when)s") % {"who": self.by, "when": when}

    @classmethod
    def in_force(cls) -> "models.QuerySet[Halt]":
        return Halt.objects.filter(until=None)

    @classmethod
    def begin(cls, by: str, why: str = "") -> None:
        """Stop every delivery from now on; what is owed stays owed. Thrown twice, it stays as it was."""
        cls._default_manager.bulk_create([cls(by=by, why=why[:300])], ignore_conflicts=True)

    @classmethod
    def end(cls, by: str) -> None:
        """Let the deliveries go on."""
        cls.in_force().update(until=timezone.now(), ended_by=by)


class Preferences(models.Model):
    """How one person wants the admin shown. What is empty is as the installation has it."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="preferences"
    )
    language = models.CharField(max_length=10, blank=True)
    time_zone = models.CharField(max_length=60, blank=True)
    one_key = models.BooleanField(default=True)  # shortcuts of one letter or digit

    class Meta:
        verbose_name_plural = _("preferences")

    def __str__(self) -> str:
        return gettext("preferences of %(user)s") % {"user": self.user}
