"""Every change of anybody's credit."""

from typing import Any

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from routing.models.assignments import SYSTEM, Assignment
from routing.models.people import Salesperson
from routing.models.pools import Pool


class AppendOnly(models.QuerySet["LedgerLine"]):
    def update(self, **values: Any) -> int:
        raise TypeError("The credit ledger is append-only.")

    def delete(self) -> tuple[int, dict[str, int]]:
        raise TypeError("The credit ledger is append-only.")


class LedgerLine(models.Model):
    """One change of one person's credit in one pool. The lines of a member add up to their credit."""

    class Kind(models.TextChoices):
        EARNED = "earned", _("earned: stood in a turn")
        TURN = "turn", _("turn: earned and paid")
        JOINED = "joined", _("joined at the others' average")
        RETURNED = "returned", _("returned at the others' average")
        SKIPPED = "skipped", _("passed over, as was asked")
        HANDED_OVER = "handed_over", _("gave a lead to somebody else")
        TAKEN_OVER = "taken_over", _("took a lead over")
        CREDITED = "credited", _("credited back")
        CATCH_UP = "catch_up", _("catching up")

    pool = models.ForeignKey(Pool, models.PROTECT, related_name="ledger")
    salesperson = models.ForeignKey(Salesperson, models.PROTECT, related_name="ledger")
    assignment = models.ForeignKey(Assignment, models.PROTECT, null=True, blank=True, related_name="ledger")
    kind = models.CharField(max_length=12, choices=Kind)
    earned = models.BigIntegerField(default=0, help_text=_("Share of a turn that was owed, in units of a turn"))
    change = models.BigIntegerField(help_text=_("In units of a turn"))
    credit = models.BigIntegerField(help_text=_("After the change"))
    reason = models.CharField(max_length=300)
    by = models.CharField(max_length=150, default=SYSTEM)
    at = models.DateTimeField(default=timezone.now, db_index=True)

    objects = AppendOnly.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["assignment", "pool"], condition=models.Q(kind="credited"), name="credited_back_once"
            )
        ]
        indexes = [models.Index(fields=["pool", "salesperson", "at"], name="ledger_by_member")]

    def __str__(self) -> str:
        return f"{self.salesperson}, {self.pool}: {self.get_kind_display()}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk is not None:
            raise TypeError("The credit ledger is append-only.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise TypeError("The credit ledger is append-only.")
