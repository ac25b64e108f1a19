"""The people who get leads, and when they are there."""

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from routing.timing.hours import check_calendar, check_hours, check_timezone

if TYPE_CHECKING:
    from routing.models.pools import Pool


class Salesperson(models.Model):
    """Somebody who can get leads."""

    name = models.CharField(max_length=200)
    email = models.EmailField(max_length=254, unique=True, help_text=_("In lower case; unique"))
    slack_id = models.CharField(
        "Slack ID", max_length=50, blank=True, help_text=_("Empty: found in Slack by the e-mail address")
    )
    languages = models.JSONField(default=list, blank=True, help_text=_('ISO 639-1 codes, such as ["en", "de"]'))
    active = models.BooleanField(default=True, help_text=_("Somebody who has left is made inactive, never deleted"))
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="salesperson"
    )
    signature = models.TextField(blank=True, help_text=_("Below the replies that are drafted for this person"))
    paused_until = models.DateTimeField(null=True, blank=True, help_text=_("Gets no leads before this moment"))
    hours = models.CharField(
        max_length=200,
        blank=True,
        validators=[check_hours],
        help_text=_("Such as Mon-Fri 09:00-17:00; Sat 10:00-12:00. Empty: at any time"),
    )
    timezone = models.CharField(
        max_length=50,
        blank=True,
        validators=[check_timezone],
        help_text=_("Such as Europe/Prague. Empty: the company's"),
    )
    holidays = models.CharField(
        max_length=10,
        blank=True,
        validators=[check_calendar],
        help_text=_("Whose public holidays: a country such as CZ, or a part of it such as DE-BY. Empty: none"),
    )
    cover = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="+", help_text=_("Gets known customers meanwhile")
    )
    history = HistoricalRecords()

    class Meta:
        verbose_name_plural = _("salespeople")
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(email=models.functions.Lower("email")), name="salesperson_email_is_normalised"
            )
        ]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.email = self.email.strip().lower()
        super().save(*args, **kwargs)

    def clean(self) -> None:
        if self.pk and not self.active and (emptied := self.would_empty()):
            names = ", ".join(pool.name for pool in emptied)
            told = _("%(pools)s would be left with nobody: add a member or a fallback first.") % {"pools": names}
            raise ValidationError({"active": told})

    def would_empty(self) -> list["Pool"]:
        """The active pools that have nobody without this person."""
        mine = [member.pool for member in self.memberships.filter(active=True).select_related("pool__fallback")]
        pools = {pool.pk: pool for pool in (*mine, *self.fallback_of.all()) if pool.active}
        return [pool for pool in pools.values() if not pool.reaches_anybody(without=self)]

    def speaks(self, language: str) -> bool:
        return language in self.languages


class Leave(models.Model):
    """Days on which a person is away, in that person's own time zone."""

    salesperson = models.ForeignKey(Salesperson, models.CASCADE, related_name="leaves")
    first_day = models.DateField()
    last_day = models.DateField(help_text=_("Away on this day too"))
    note = models.CharField(max_length=200, blank=True)
    history = HistoricalRecords()

    class Meta:
        ordering = ["first_day"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(last_day__gte=models.F("first_day")), name="leave_ends_after_start"
            )
        ]

    def __str__(self) -> str:
        days = {"first": date_format(self.first_day), "last": date_format(self.last_day)}
        return f"{self.salesperson}: " + gettext("%(first)s to %(last)s") % days

    @property
    def takes_time(self) -> bool:
        """Whether it has a day at all: one that a form emptied has none."""
        return self.first_day <= self.last_day

    def clean(self) -> None:
        if self.first_day and self.last_day and self.last_day < self.first_day:
            raise ValidationError({"last_day": _("The last day cannot be before the first day.")})


class FreemailDomain(models.Model):
    """A domain whose addresses say nothing about a company, such as gmail.com."""

    domain = models.CharField(max_length=254, unique=True)

    class Meta:
        ordering = ["domain"]

    def __str__(self) -> str:
        return self.domain

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.domain = self.domain.strip().lower().lstrip("@")
        super().save(*args, **kwargs)
