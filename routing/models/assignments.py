"""Who got which lead, and which leads wait."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.models import Lead
from routing.models.people import Salesperson
from routing.models.pools import Pool

SYSTEM = "Inbox Router"  # who did what no person did


class Rule(models.TextChoices):
    """What decided who gets a lead."""

    IN_THREAD = "in_thread", _("in the conversation already")
    EXISTING_OWNER = "existing_owner", _("knows the customer")
    ROTATION = "rotation", _("next in the rotation")
    FALLBACK = "fallback", _("fallback: nobody else was there")
    MANUAL = "manual", _("given by hand")
    OVERDUE = "overdue", _("taken over: no answer in time")


class Assignment(models.Model):
    """One lead given to one person. A lead has at most one that is active; earlier ones stay as history."""

    lead = models.ForeignKey(Lead, models.PROTECT, related_name="assignments")
    salesperson = models.ForeignKey(Salesperson, models.PROTECT, related_name="assignments")
    cc = models.ForeignKey(
        Salesperson, models.PROTECT, null=True, blank=True, related_name="copies", verbose_name=_("CC'd")
    )
    pool = models.ForeignKey(Pool, models.PROTECT, null=True, blank=True, related_name="assignments")
    rule = models.CharField(max_length=16, choices=Rule)
    reason = models.CharField(max_length=500, help_text=_("One sentence"))
    card = models.JSONField(default=dict, blank=True, help_text=_("What the decision rested on"))
    active = models.BooleanField(default=True, db_index=True)
    at = models.DateTimeField(default=timezone.now, db_index=True)
    by = models.CharField(max_length=150, default=SYSTEM)
    hops = models.PositiveSmallIntegerField(default=0, help_text=_("How often it was passed on for want of an answer"))
    accepted_at = models.DateTimeField(null=True, blank=True, help_text=_("When the salesperson took it on"))
    due_at = models.DateTimeField(null=True, blank=True, help_text=_("To be answered by then"))
    reminded_at = models.DateTimeField(null=True, blank=True)
    escalated_at = models.DateTimeField(null=True, blank=True, help_text=_("When the manager was told"))
    answered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["lead"], condition=models.Q(active=True), name="one_active_assignment_per_lead"
            )
        ]
        indexes = [
            models.Index(fields=["salesperson", "at"], name="assignment_by_person"),
            models.Index(fields=["due_at"], condition=models.Q(active=True, answered_at=None), name="assignment_due"),
        ]

    def __str__(self) -> str:
        return f"{self.lead} → {self.salesperson}"


class Hold(models.Model):
    """A lead that nobody could be given yet. Held leads go out in order of arrival, before new ones."""

    lead = models.OneToOneField(Lead, models.PROTECT, related_name="hold")
    pool = models.ForeignKey(Pool, models.PROTECT, null=True, blank=True, related_name="holds")
    since = models.DateTimeField(default=timezone.now)
    reason = models.CharField(max_length=500)
    owner = models.ForeignKey(
        Salesperson,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text=_("Whom it waits for, if for one"),
    )
    for_person = models.BooleanField("a person must decide", default=False)
    resolved_at = models.DateTimeField(null=True, blank=True, db_index=True)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.lead}: {self.reason}"

    @property
    def in_line(self) -> bool:
        """Whether it waits for anybody to be there, and not for one person or for a decision."""
        return not self.for_person and self.owner_id is None
