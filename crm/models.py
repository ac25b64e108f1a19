"""What we keep: the customers, their business, and the log of all that was decided and done."""

from collections.abc import Collection, Sequence
from datetime import UTC
from itertools import count, groupby
from typing import Any, Self

from django.db import models, transaction
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from crm.courier import SheetCourier
from crm.mirror import TAB_LINES, first_line, tab_of
from inbox_router.delivery import Delivery


class Contact(models.Model):
    """A person or company who wrote to us; one row per normalised address."""

    address = models.EmailField(max_length=254, unique=True, help_text=_("In lower case; unique"))
    name = models.CharField(max_length=200, blank=True)
    company = models.CharField(max_length=200, blank=True)
    domain = models.CharField(max_length=254, db_index=True)
    language = models.CharField(max_length=8, blank=True)
    away_until = models.DateField(
        null=True, blank=True, help_text=_("When they are back, by their own automatic reply")
    )
    last_in_at = models.DateTimeField(null=True, blank=True, help_text=_("When they wrote last"))
    last_out_at = models.DateTimeField(null=True, blank=True, help_text=_("When one of us wrote to them last"))
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(address=Lower("address")), name="contact_address_is_normalised")
        ]

    def __str__(self) -> str:
        return f"{self.name} <{self.address}>" if self.name else self.address

    @property
    def is_away(self) -> bool:
        """Whether they said that they are not back yet."""
        return self.away_until is not None and self.away_until > timezone.localdate()


class Lead(models.Model):
    """One piece of business from a contact.

    The owner is kept as text: salespeople belong to `routing`, which stands above, and a record must
    still say who owned it when that person has left.
    """

    class Stage(models.TextChoices):
        OPEN = "open", _("open")
        WON = "won", _("won")
        LOST = "lost", _("lost")
        JUNK = "junk", _("junk: was no lead")

    contact = models.ForeignKey(Contact, models.PROTECT, related_name="leads")
    source = models.CharField(max_length=200, help_text=_("Where it came in"))
    thread_id = models.CharField(max_length=255, unique=True, help_text=_("The mail thread it began in"))
    subject = models.CharField(max_length=500, blank=True)
    first_message = models.TextField(blank=True)
    language = models.CharField(max_length=8, blank=True)
    technical = models.BooleanField(default=False, help_text=_("A technical request for quotation"))
    owner_name = models.CharField(max_length=200, blank=True)
    owner_email = models.EmailField(max_length=254, blank=True, db_index=True)
    stage = models.CharField(max_length=8, choices=Stage, default=Stage.OPEN)
    reply_bounced_at = models.DateTimeField(
        null=True, blank=True, help_text=_("When a reply of ours came back; empty again once a later one was sent")
    )
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)

    def __str__(self) -> str:
        return f"{self.subject or gettext('no subject')} ({self.contact})"


class AppendOnly(models.QuerySet["AuditEntry"]):
    def update(self, **values: Any) -> int:
        raise TypeError("The audit log is append-only.")

    def delete(self) -> tuple[int, dict[str, int]]:
        raise TypeError("The audit log is append-only.")


class AuditEntry(models.Model):
    """One line of the append-only log. The database itself refuses to change or delete one."""

    class Actor(models.TextChoices):
        PERSON = "person", _("person")
        MODEL = "model", _("model")
        RULE = "rule", _("rule")
        SYSTEM = "system", _("system")

    key = models.CharField(
        max_length=200, unique=True, help_text=_("Made from what happened: it cannot be logged twice")
    )
    at = models.DateTimeField(default=timezone.now, db_index=True)
    actor_kind = models.CharField(max_length=8, choices=Actor, default=Actor.SYSTEM)
    actor = models.CharField(max_length=150, help_text=_("A text copy, so that it outlives the account"))
    action = models.CharField(max_length=40, db_index=True)
    subject = models.CharField(max_length=200, db_index=True, help_text=_("What it is about, such as message:12"))
    summary = models.CharField(max_length=500, help_text=_("What a person reads"))
    reason = models.CharField(max_length=500, blank=True)
    sender = models.CharField(max_length=254, blank=True)
    mail_subject = models.CharField(max_length=300, blank=True)

    objects = AppendOnly.as_manager()

    class Meta:
        verbose_name_plural = _("audit entries")
        ordering = ["-pk"]
        indexes = [models.Index(fields=["sender"], name="audit_by_sender", opclasses=["varchar_pattern_ops"])]
        permissions = [("export_auditentry", "Can download the audit log")]

    def __str__(self) -> str:
        return f"{self.action}: {self.summary}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk is not None:
            raise TypeError("The audit log is append-only.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise TypeError("The audit log is append-only.")


class SheetRow(Delivery):
    """One audit entry's row in the spreadsheet that mirrors the log."""

    entry = models.OneToOneField(AuditEntry, models.PROTECT, related_name="sheet_row")
    line = models.PositiveBigIntegerField(
        null=True,
        unique=True,
        editable=False,
        help_text=_("Its place below the header; given when it is first written"),
    )

    batch_size = 200
    courier = SheetCourier

    class Meta(Delivery.Meta):
        pass

    def together(self) -> dict[str, Any]:
        return {}

    def cells(self) -> tuple[str, ...]:
        """What the spreadsheet shows, in the order of its header."""
        entry = self.entry
        at = entry.at.astimezone(UTC).isoformat(sep=" ", timespec="seconds").removesuffix("+00:00")
        about = (entry.subject, entry.sender, entry.mail_subject)
        return (entry.key, at, entry.actor, entry.action, *about, entry.summary, entry.reason)

    @classmethod
    def last_line(cls) -> int:
        """The highest line given out; 0 before the first."""
        return cls.objects.aggregate(last=models.Max("line"))["last"] or 0

    @classmethod
    def give_lines(cls, rows: Sequence[Self], after: int) -> None:
        """Store the rows' lines; one that has none gets the next free one, behind `after` and all given out.

        Two processes that do this at the same instant cannot both commit: a line is unique.
        """
        with transaction.atomic():
            free = count(max(cls.last_line(), after) + 1)
            for row in rows:
                row.line = row.line or next(free)
            # Keys and lines mostly run in step, so that one statement does for a whole batch.
            for shift, run in groupby(rows, key=lambda row: (row.line or 0) - row.pk):
                cls.objects.filter(pk__in=[row.pk for row in run]).update(line=models.F("pk") + shift)

    @classmethod
    def read_lines(cls, rows: Sequence[Self]) -> None:
        """Take over the lines that were stored meanwhile."""
        lines = dict(cls.objects.filter(pk__in=[row.pk for row in rows]).values_list("pk", "line"))
        for row in rows:
            row.line = lines[row.pk]

    @classmethod
    def given(cls, first: int) -> set[int]:
        """The lines from this one on that were given out."""
        return {line for line in cls.objects.filter(line__gte=first).values_list("line", flat=True) if line}

    @classmethod
    def written(cls, first: int, last: int | None = None) -> dict[int, str]:
        """The keys by line of what was written from one line to another, or to the end."""
        rows = cls.objects.filter(state=cls.State.DONE, line__gte=first)
        rows = rows.filter(line__lte=last) if last else rows
        return dict(rows.values_list("line", "key"))

    @classmethod
    def owe_again(cls, lines: Collection[int]) -> int:
        """Owe what was written to these lines once more: it is not there; how many rows."""
        chosen, owed = sorted(lines), 0
        for start in range(0, len(chosen), 500):
            rows = cls.objects.filter(state=cls.State.DONE, line__in=chosen[start : start + 500])
            owed += rows.update(state=cls.State.OWED, due_at=timezone.now())
        return owed

    @classmethod
    def begin_anew(cls, tab: int) -> int:
        """Owe all that was written to a tab to the same places in a fresh one; how many rows."""
        with transaction.atomic():
            shift = (tab_of(cls.last_line()) + 1 - tab) * TAB_LINES
            rows = cls.objects.filter(line__gte=first_line(tab), line__lt=first_line(tab + 1))
            owed = rows.filter(state=cls.State.DONE).update(state=cls.State.OWED, due_at=timezone.now())
            rows.update(line=models.F("line") + shift)
        return owed
