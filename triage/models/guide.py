"""What people tell the language model of the categories: versions, and what each would change before it counts."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class CategoryGuide(models.Model):
    """One version of the categories' definitions and examples. The one that went live last is in force."""

    definitions = models.JSONField(help_text=_("By category"))
    examples = models.JSONField(default=dict, blank=True, help_text=_("By category: mail that a person released"))
    note = models.CharField(max_length=200, blank=True, help_text=_("What is new in it"))
    made_by = models.CharField(max_length=150, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    live_at = models.DateTimeField(null=True, blank=True, editable=False)
    live_by = models.CharField(max_length=150, blank=True, editable=False)
    live_why = models.CharField(max_length=300, blank=True, editable=False)

    class Meta:
        permissions = [("release_categoryguide", "Can let definitions of categories go live")]

    def __str__(self) -> str:
        return f"#{self.pk} {self.note}".strip()

    @classmethod
    def in_force(cls) -> "CategoryGuide | None":
        return cls.objects.exclude(live_at=None).order_by("live_at", "pk").last()


class DryRun(models.Model):
    """A version of the definitions, tried on recent mail. Nothing but this row is written."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waits for the worker")
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")

    guide = models.ForeignKey(CategoryGuide, models.CASCADE, related_name="runs")
    version = models.CharField(
        max_length=32, blank=True, help_text=_("Of the text that was tried; it may be edited since")
    )
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    mails = models.PositiveSmallIntegerField(help_text=_("How many of the newest are tried"))
    max_cost = models.DecimalField(max_digits=6, decimal_places=2, help_text=_("USD; no further mail is tried beyond"))
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    error = models.CharField(max_length=300, blank=True)
    cost = models.DecimalField(max_digits=12, decimal_places=6, default=0, help_text=_("USD"))
    results = models.JSONField(default=list, blank=True, help_text=_("The verdicts on each mail, then and now"))
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.guide}: {self.get_state_display()}"
