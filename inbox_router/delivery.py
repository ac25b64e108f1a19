"""The one way out: deeds owed to the outside world, and the loop that does each of them once.

A decision commits the rows of what it owes (the intent). `work_off` then claims rows by a conditional
UPDATE, probes whether an earlier attempt already took effect, does the rest, and records the evidence:

    intent -> claim -> probe -> do and verify -> record

A process may die between any two of these. The row then still says TAKEN; when its lease has run out or was
cut short the next worker claims it, and the probe decides whether to do it or only to record it. Where a probe
cannot tell, the delivery becomes UNCONFIRMED: a person looks, nothing is repeated blindly.
"""

import logging
import math
import random
import time
import uuid
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar, Self

from django.apps import apps
from django.conf import settings
from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from inbox_router import lives
from inbox_router.couriers import Courier, DeliveryError, NotWanted, Outcome, Probe, Seen
from inbox_router.models import Halt
from inbox_router.rows import save_fields

log = logging.getLogger(__name__)

BLOCKED_ATTEMPTS = 2  # count for the back-off while the other side takes nothing at all: some 10 s


class Delivery(models.Model):
    """One deed outside the database, owed and then done. Subclasses add what it is about and a courier."""

    class State(models.TextChoices):
        OWED = "owed", _("owed")
        TAKEN = "taken", _("being done")
        DONE = "done", _("done")
        UNCONFIRMED = "unconfirmed", _("unconfirmed: it may have been done, please look")
        FAILED = "failed", _("failed")
        BLOCKED = "blocked", _("blocked: it is done as soon as we are let in again")
        CANCELLED = "cancelled", _("no longer wanted")
        SHADOW = "shadow", _("not done: its effect was not armed")

    SETTLED = (State.DONE, State.CANCELLED, State.SHADOW)
    WAITING = (State.OWED, State.BLOCKED)  # until they are due
    TROUBLED = (State.FAILED, State.BLOCKED, State.UNCONFIRMED)  # a person should look

    key = models.CharField(
        max_length=200, unique=True, help_text=_("Made from what it is about: it cannot be owed twice")
    )
    effect = models.CharField(max_length=10, help_text=_("The effect in ARMED that it belongs to"))
    stream = models.CharField(
        max_length=200, help_text=_("Deliveries of one stream are done in order of their position")
    )
    position = models.PositiveSmallIntegerField(default=0)
    state = models.CharField(max_length=12, choices=State, default=State.OWED)
    attempts = models.PositiveIntegerField(default=0)
    due_at = models.DateTimeField(default=timezone.now)
    in_doubt = models.BooleanField(default=False, help_text=_("An attempt was begun whose outcome is not known"))
    taken_by = models.UUIDField(null=True, editable=False)
    lease_until = models.DateTimeField(null=True, editable=False)
    evidence = models.CharField(max_length=300, blank=True)
    error = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    settled_at = models.DateTimeField(null=True, blank=True)

    batch_size: ClassVar[int] = 1
    struggles: ClassVar[int] = 6  # attempts, which is some minutes, after which a failing one is trouble
    aftermath: ClassVar[timedelta] = timedelta(seconds=15)  # in which the requests of a dead process take effect
    courier: ClassVar[type[Courier]]

    class Meta:
        abstract = True
        indexes = [
            models.Index(fields=["state", "due_at"], name="%(class)s_due"),
            models.Index(fields=["stream", "position"], name="%(class)s_stream"),
        ]

    def __str__(self) -> str:
        return f"{self.key} ({self.get_state_display()})"

    @classmethod
    def owe(cls, *, effect: str, **fields: Any) -> Self:
        """An unsaved delivery; one whose effect is not armed is only shown, now and when it is armed later."""
        state = cls.State.OWED if effect in settings.ARMED else cls.State.SHADOW
        return cls(effect=effect, state=state, **fields)

    def together(self) -> dict[str, Any]:
        """The lookup of the deliveries that may share a batch with this one."""
        return {"pk": self.pk}

    @classmethod
    def record_outcome(cls, settled: Sequence[Self]) -> None:
        """Called in the transaction that records deliveries as DONE, FAILED or UNCONFIRMED."""

    @classmethod
    def in_trouble(cls) -> "models.QuerySet[Self]":
        """Those that failed, fail again and again, are blocked or may not have been done: a person should look."""
        failing = models.Q(state=cls.State.OWED, attempts__gte=cls.struggles) & ~models.Q(error="")
        return cls._default_manager.filter(failing | models.Q(state__in=cls.TROUBLED))

    @classmethod
    def free(cls, now: datetime) -> models.Q:
        """That nobody has it in hand: owed for now, or taken by a worker whose lease has run out."""
        owed = models.Q(state__in=cls.WAITING, due_at__lte=now)
        return owed | models.Q(state=cls.State.TAKEN, lease_until__lt=now)

    @classmethod
    def due(cls, now: datetime) -> "models.QuerySet[Self]":
        """What can be done now: owed or abandoned, armed, not halted, and nothing before it in its stream is open."""
        rows: models.QuerySet[Self] = cls._default_manager.all()
        before = rows.filter(stream=models.OuterRef("stream"), position__lt=models.OuterRef("position"))
        return rows.filter(
            cls.free(now),
            ~models.Exists(before.exclude(state__in=cls.SETTLED)),
            ~models.Exists(Halt.in_force()),
            effect__in=settings.ARMED,
        )

    @classmethod
    def claim(cls, now: datetime) -> tuple[uuid.UUID, list[Self]]:
        """Take the next batch for this worker alone; an empty one when nothing is due."""
        token = lives.token()
        head = cls.due(now).order_by("due_at", "pk").first()
        if head is None:
            return token, []
        alike = cls.due(now).filter(**head.together()).order_by("due_at", "pk")
        batch = [head] if cls.batch_size == 1 else list(alike[: cls.batch_size])
        still_free = cls._default_manager.filter(cls.free(now), pk__in=[row.pk for row in batch])
        won = still_free.update(
            state=cls.State.TAKEN,
            taken_by=token,
            lease_until=now + lives.LEASE,
            attempts=models.F("attempts") + 1,
            in_doubt=True,  # from here on the deed may happen; the rows below still know what it was before
        )
        if won == len(batch):
            return token, batch
        ours = set(cls._default_manager.filter(taken_by=token).values_list("pk", flat=True))
        return token, [row for row in batch if row.pk in ours]

    @classmethod
    def cut_leases(cls, life: lives.Life) -> int:
        """Let what a dead process had taken be taken over soon; how many rows. What it sent last may still arrive."""
        until = timezone.now() + cls.aftermath
        taken = cls._default_manager.filter(taken_by__range=life.tokens, lease_until__gt=until)
        return taken.update(lease_until=until) if taken.exists() else 0

    def retry(self) -> None:
        """A person wants it tried again; of an unconfirmed one they have seen that it was not done."""
        type(self)._default_manager.filter(pk=self.pk, state__in=(*self.TROUBLED, self.State.SHADOW)).update(
            state=self.State.OWED,
            due_at=timezone.now(),
            error="",
            in_doubt=models.Case(models.When(state=self.State.UNCONFIRMED, then=False), default=models.F("in_doubt")),
        )

    def acknowledge(self, by: str) -> None:
        """A person looked: an unconfirmed one was done, of a failing one nothing more is to be done."""
        done = self.state == self.State.UNCONFIRMED
        with transaction.atomic():
            changed = type(self).in_trouble().filter(pk=self.pk, state=self.state)
            self.state = self.State.DONE if done else self.State.CANCELLED
            self.evidence, self.settled_at = f"settled by {by}"[:300], timezone.now()
            if changed.update(state=self.state, evidence=self.evidence, settled_at=self.settled_at, in_doubt=False):
                type(self).record_outcome([self])

    def settle_by(self, probe: Probe) -> bool:
        """Take what a probe saw for the outcome, if it is one."""
        if probe.seen is Seen.FOUND:
            self.settle(probe.evidence)
        elif probe.seen is Seen.UNKNOWN and self.in_doubt:
            self._free()
            self.state, self.evidence = self.State.UNCONFIRMED, probe.evidence[:300]
        else:
            return False
        return True

    def settle(self, outcome: Outcome) -> None:
        """Write the outcome of an attempt into this row's fields."""
        self._free()
        if isinstance(outcome, DeliveryError):
            self.error = str(outcome)[:500]
            self.in_doubt = self.in_doubt or outcome.maybe_done
            hopeless = self.State.BLOCKED if outcome.blocked else self.State.FAILED
            self.state = hopeless if outcome.permanent else self.State.OWED
            attempts = min(self.attempts, BLOCKED_ATTEMPTS) if outcome.blocked else self.attempts
            self.due_at = timezone.now() + backoff(attempts, outcome.retry_after)
            return
        self.state = self.State.CANCELLED if isinstance(outcome, NotWanted) else self.State.DONE
        self.evidence, self.error, self.in_doubt = str(outcome)[:300], "", False
        self.settled_at = timezone.now()

    def _free(self) -> None:
        self.taken_by = self.lease_until = None
        self.attempts += 1


def backoff(attempts: int, retry_after: float = 0) -> timedelta:
    """Full jitter around 5 s doubled per attempt, an hour at most, never shorter than was asked for."""
    seconds = min(5.0 * 2 ** min(attempts - 1, 12), 3600.0)
    return timedelta(seconds=max(retry_after, seconds * random.uniform(0.5, 1.5)))  # noqa: S311 (no secret)


def kinds() -> list[type[Delivery]]:
    """Every kind of delivery there is, the uppermost app's first: what they log is mirrored in the same run."""
    return [model for model in apps.get_models() if issubclass(model, Delivery)][::-1]


def work_off(kind: type[Delivery], until: float = math.inf) -> Counter[str]:
    """Do all due deliveries of one kind; counts of the states that they ended in.

    After `until` (of the monotonic clock) only one more batch is taken; the next working-off goes on.
    """
    tally: Counter[str] = Counter()
    with kind.courier() as courier:
        while True:
            now = timezone.now()
            token, batch = kind.claim(now)
            if not batch:
                return tally
            _attempt(courier, batch, token)
            _record(kind, token, batch)
            tally.update(row.state for row in batch)
            if time.monotonic() > until:
                return tally


def work_off_all(until: float = math.inf) -> Counter[str]:
    """Do all due deliveries of every kind. One kind's trouble does not keep the others waiting."""
    tally: Counter[str] = Counter()
    for kind in kinds():
        tally.update(work_off(kind, until))
    return tally


def _attempt(courier: Courier, batch: Sequence[Delivery], token: uuid.UUID) -> None:
    """Probe and perform a batch, settling each row in memory. What another worker took over is left to it."""
    pending, outcomes = list(batch), dict[int, Outcome]()
    failure = DeliveryError("the other side gave no answer for it", maybe_done=True)
    try:
        probes = courier.probe(batch)
        pending = [row for row in batch if not row.settle_by(probes.get(row.pk, Probe(Seen.ABSENT)))]
        pending = _renewed(pending, token) if pending else []
        if pending:
            outcomes = dict(courier.perform(pending))
    except DeliveryError as error:
        failure = error
    except Exception as error:
        log.exception("a %s failed unexpectedly", type(batch[0]).__name__)
        failure = DeliveryError(f"{type(error).__name__}: {error}", maybe_done=True)
    for row in pending:
        row.settle(outcomes.get(row.pk, failure))


def _renewed(batch: Sequence[Delivery], token: uuid.UUID) -> list[Delivery]:
    """Those that are still ours, for a whole lease from now: a worker may have been stopped while it probed."""
    if Halt.in_force().exists():
        raise DeliveryError("not begun: the kill switch was thrown")
    kind, pks = type(batch[0]), [row.pk for row in batch]
    held = kind._default_manager.filter(pk__in=pks, taken_by=token)
    if held.update(lease_until=timezone.now() + lives.LEASE) == len(batch):
        return list(batch)
    ours = set(held.values_list("pk", flat=True))
    return [row for row in batch if row.pk in ours]


def _record(kind: type[Delivery], token: uuid.UUID, batch: Sequence[Delivery]) -> None:
    """Store the outcomes, of the rows that are still ours only: a lease may have run out meanwhile."""
    fields = ["state", "attempts", "due_at", "in_doubt", "taken_by", "lease_until", "evidence", "error", "settled_at"]
    with transaction.atomic():
        rows = kind._default_manager.select_related(None).select_for_update()
        rows = rows.filter(pk__in=[row.pk for row in batch], taken_by=token)
        ours = set(rows.values_list("pk", flat=True))
        kept = [row for row in batch if row.pk in ours]
        save_fields(kept, fields)
        kind.record_outcome([row for row in kept if row.state not in kind.WAITING])
