"""The rotations that people stand in."""

from contextlib import suppress
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from routing.models.people import Salesperson
from routing.timing.hours import calendar, check_calendar, check_hours, check_timezone


class Pool(models.Model):
    """People among whom leads of one sort rotate. Pools are asked in order; the first that matches takes a lead."""

    class Kind(models.TextChoices):
        TECHNICAL = "technical", _("technical requests for quotation")
        LANGUAGE = "language", _("one language")
        OTHER = "other", _("what its conditions say")
        DEFAULT = "default", _("everything else")
        CC = "cc", _("people who are CC'd")

    class OwnerAway(models.TextChoices):
        COVER = "cover", _("their cover, else the rotation")
        HOLD = "hold", _("wait for them")

    POSITIONS = {Kind.OTHER: 10, Kind.TECHNICAL: 20, Kind.LANGUAGE: 30, Kind.DEFAULT: 90, Kind.CC: 99}

    name = models.CharField(max_length=100, unique=True)
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.DEFAULT)
    position = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text=_("The lowest is asked first. Empty: the usual place of its kind")
    )
    active = models.BooleanField(default=True)
    language = models.CharField(max_length=8, blank=True, help_text=_("Takes mail in this language only (ISO 639-1)"))
    sender_domains = models.JSONField(
        default=list, blank=True, help_text=_('Takes mail from these only: ["example.com"]')
    )
    countries = models.JSONField(
        default=list, blank=True, help_text=_('Takes mail from these only, by the end of the domain: ["de", "at"]')
    )
    words = models.JSONField(default=list, blank=True, help_text=_("Takes mail with one of these words only"))
    mailboxes = models.JSONField(default=list, blank=True, help_text=_("Takes mail that came in here only"))

    cc_pool = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="+", help_text=_("Its next person is CC'd")
    )
    fallback = models.ForeignKey(
        Salesperson,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="fallback_of",
        help_text=_("Gets them when nobody is there"),
    )
    fallback_after = models.PositiveIntegerField(
        default=0, help_text=_("Minutes that a lead waits for a member before the fallback person gets it")
    )
    owner_away = models.CharField(
        "owner away", max_length=8, choices=OwnerAway, default=OwnerAway.COVER, help_text=_("For a known customer")
    )
    response_minutes = models.PositiveIntegerField(
        default=0, help_text=_("Business minutes in which a lead must be answered. 0: not watched")
    )
    hours = models.CharField(
        max_length=200, blank=True, validators=[check_hours], help_text=_("Business hours, such as Mon-Fri 09:00-17:00")
    )
    timezone = models.CharField(max_length=50, blank=True, validators=[check_timezone])
    holidays = models.CharField(
        max_length=10, blank=True, validators=[check_calendar], help_text=_("Such as CZ or DE-BY")
    )
    catch_up = models.PositiveSmallIntegerField(
        default=0, help_text=_("Extra leads a day for somebody who returns from leave, until level. 0: nothing is owed")
    )
    version = models.PositiveIntegerField(default=0, editable=False, help_text=_("Counts changes, of members too"))
    history = HistoricalRecords(excluded_fields=["version"])

    class Meta:
        ordering = ["position", "pk"]
        permissions = [("edit_pool", "Can change pools, their members and the rotation")]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.position = self.place
        self.version += 1
        super().save(*args, **kwargs)

    @property
    def place(self) -> int:
        """When it is asked: at its position, or at the usual place of its kind."""
        return self.POSITIONS[self.Kind(self.kind)] if self.position is None else self.position

    def clean(self) -> None:
        if self.kind == self.Kind.LANGUAGE and not self.language:
            raise ValidationError({"language": _("A language pool needs its language, such as de.")})
        if self.cc_pool and self.cc_pool.kind != self.Kind.CC:
            told = _("%(pool)s is not a pool of people who are CC'd.") % {"pool": self.cc_pool}
            raise ValidationError({"cc_pool": told})
        if self.cc_pool_id and self.cc_pool_id == self.pk:
            raise ValidationError({"cc_pool": _("A pool cannot be CC'd by itself.")})
        if self.response_minutes and self.hours and not self._has_hours():
            raise ValidationError({"response_minutes": _("There are not so many business minutes in a year.")})

    def reaches_anybody(self, without: Salesperson | None = None) -> bool:
        """Whether its leads reach anybody, a member or the fallback person, even if this person left."""
        gone = without.pk if without else None
        if self.fallback and self.fallback.active and self.fallback_id != gone:
            return True
        return self.memberships.filter(active=True, salesperson__active=True).exclude(salesperson=gone).exists()

    def _has_hours(self) -> bool:
        with suppress(ValueError):
            calendar(self.hours, self.timezone, self.holidays).add(timezone.now(), self.response_minutes)
            return True
        return False


class Membership(models.Model):
    """A person's place in a pool, and their credit there."""

    LEDGER_FIELDS = ("credit", "last_turn_at", "away_since", "arrears")

    pool = models.ForeignKey(Pool, models.CASCADE, related_name="memberships")
    salesperson = models.ForeignKey(Salesperson, models.CASCADE, related_name="memberships")
    weight = models.PositiveSmallIntegerField(
        default=1, validators=[MinValueValidator(1)], help_text=_("2 gets twice as many leads as 1")
    )
    active = models.BooleanField(default=True)
    cap_day = models.PositiveSmallIntegerField(null=True, blank=True, help_text=_("Leads a day. Empty: no limit"))
    cap_week = models.PositiveSmallIntegerField(null=True, blank=True, help_text=_("Leads a week. Empty: no limit"))
    cap_open = models.PositiveSmallIntegerField(null=True, blank=True, help_text=_("Open leads. Empty: no limit"))
    paused_until = models.DateTimeField(null=True, blank=True, help_text=_("Gets nothing from this pool before"))
    note = models.CharField(max_length=200, blank=True)
    position = models.PositiveSmallIntegerField(default=0)
    credit = models.BigIntegerField(
        null=True, blank=True, editable=False, help_text=_("In units of a turn; none before the first one")
    )
    last_turn_at = models.DateTimeField(null=True, blank=True, editable=False)
    away_since = models.DateTimeField(null=True, blank=True, editable=False)
    arrears = models.BigIntegerField(
        default=0, editable=False, help_text=_("Still to be caught up, in units of a turn")
    )
    # A restored version brings weights and caps back, never an old credit: nothing resets the ledger.
    history = HistoricalRecords(excluded_fields=LEDGER_FIELDS)

    class Meta:
        ordering = ["position", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["pool", "salesperson"], name="one_membership_per_pool_and_person"),
            models.CheckConstraint(condition=models.Q(weight__gte=1), name="membership_weight_is_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.salesperson} in {self.pool}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        # A form that was loaded before a turn must not bring the old credit back: only the ledger writes these.
        if not self._state.adding and kwargs.get("update_fields") is None:
            names = [field.name for field in self._meta.concrete_fields if not field.primary_key]
            kwargs["update_fields"] = [name for name in names if name not in self.LEDGER_FIELDS]
        super().save(*args, **kwargs)
        self._count_change()

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        self._count_change()
        return super().delete(*args, **kwargs)

    def _count_change(self) -> None:
        Pool.objects.filter(pk=self.pool_id).update(version=models.F("version") + 1)
