"""The watched mailboxes and the runs over them."""

import uuid
from dataclasses import dataclass
from datetime import timedelta
from types import TracebackType
from typing import Self

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from inbox_router import lives
from triage.mailbox import MailboxError

LONGEST_REST = timedelta(minutes=30)  # Exchange asks for some minutes; no server silences us for longer


class LeaseLost(Exception):
    """Another run has the mailbox now; whoever sees this writes nothing more."""


class Mailbox(models.Model):
    """One account and folder that is watched. How to sign in is a setting, never a row."""

    name = models.CharField(max_length=50, unique=True, help_text=_("As in MAILBOX_..._URL; 'inbox' for MAILBOX_URL"))
    address = models.CharField(max_length=254, blank=True, help_text=_("What customers write to"))
    folder = models.CharField(max_length=200, default="INBOX")
    active = models.BooleanField(default=True)
    uidvalidity = models.BigIntegerField(null=True, blank=True, editable=False)
    last_uid = models.BigIntegerField(default=0, editable=False, help_text=_("Every UID up to this one has a row"))
    started_at = models.DateTimeField(null=True, blank=True, editable=False)
    sent_uidvalidity = models.BigIntegerField(null=True, blank=True, editable=False)
    sent_last_uid = models.BigIntegerField(default=0, editable=False)
    last_polled_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_error = models.CharField(max_length=500, blank=True, editable=False)
    lease_holder = models.UUIDField(null=True, editable=False)
    lease_until = models.DateTimeField(null=True, editable=False)
    fence = models.BigIntegerField(
        default=0, editable=False, help_text=_("Counts the leases: a stale holder is known by it")
    )

    class Meta:
        verbose_name_plural = _("mailboxes")

    def __str__(self) -> str:
        return self.address or self.name

    def take_lease(self, length: timedelta = lives.LEASE) -> "Lease | None":
        """Take this mailbox for one run; None while another run has it. It lasts so long after each renewal.

        Each lease has a number of its own (the fence): a holder that was stopped and woke up late is
        recognised by its old number and can write nothing.
        """
        holder, now = lives.token(), timezone.now()
        free = models.Q(lease_holder=None) | models.Q(lease_until__lt=now)
        taken = Mailbox.objects.filter(free, pk=self.pk).update(
            lease_holder=holder, lease_until=now + length, fence=models.F("fence") + 1
        )
        return Lease(self.pk, holder, length) if taken else None

    @classmethod
    def cut_leases(cls, life: lives.Life) -> int:
        """Let the mailboxes that a dead process had be taken over at once; how many. A run only reads in them."""
        held = cls._default_manager.filter(lease_holder__range=life.tokens)
        return held.update(lease_holder=None) if held.exists() else 0


@dataclass(frozen=True)
class Lease:
    """The right to run one mailbox, until it runs out."""

    mailbox_id: int
    holder: uuid.UUID
    length: timedelta = lives.LEASE

    def renew(self) -> None:
        """Keep it for another while; called in every transaction that writes for the run.

        Raises LeaseLost. The row stays locked until the transaction ends, so nobody can take over in between.
        """
        ours = Mailbox.objects.filter(pk=self.mailbox_id, lease_holder=self.holder)
        if not ours.update(lease_until=timezone.now() + self.length):
            raise LeaseLost(f"mailbox {self.mailbox_id} was taken over by another run")

    def give_back(self, rest: float = 0) -> None:
        """Let the next run have it: after `rest` seconds, if the server asked to be left alone for so long."""
        ours = Mailbox.objects.filter(pk=self.mailbox_id, lease_holder=self.holder)
        if rest:  # a holder that nobody is
            until = timezone.now() + min(timedelta(seconds=rest), LONGEST_REST)
            ours.update(lease_holder=uuid.uuid4(), lease_until=until)
        else:
            ours.update(lease_holder=None)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.give_back(error.retry_after if isinstance(error, MailboxError) else 0)


class Run(models.Model):
    """One run of the pipeline over one mailbox."""

    mailbox = models.ForeignKey(Mailbox, models.CASCADE, related_name="runs")
    started_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True, blank=True)
    counts = models.JSONField(default=dict)

    def __str__(self) -> str:
        return gettext("run %(number)s of %(mailbox)s") % {"number": self.pk, "mailbox": self.mailbox}
