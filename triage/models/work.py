"""People at work: what they decided and can still take back, who looks at what, and what was put aside."""

import uuid
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import models
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from triage.models.draft import Draft
from triage.models.judgement import Category
from triage.models.message import Message

LEASE = timedelta(minutes=5)  # renewed while the page is open


class Decision(models.Model):
    """What a person decided of a mail or of a reply.

    It takes effect after settings.UNDO_SECONDS, once; until then nothing has happened and it can be taken back.
    """

    class Answer(models.TextChoices):
        LEAD = Category.LEAD.value, _("Lead")
        ACCOUNTING = Category.ACCOUNTING.value, _("Accounting")
        NEWSLETTER = Category.NEWSLETTER.value, _("Newsletter")
        SPAM = Category.SPAM.value, _("Spam")
        NONE = Category.UNCERTAIN.value, _("None of these")
        APPROVE = "approve", _("Approved")
        REJECT = "reject", _("Rejected")

    class State(models.TextChoices):
        HELD = "held", _("can be taken back")
        DONE = "done", _("took effect")
        UNDONE = "undone", _("taken back")
        REFUSED = "refused", _("not done")

    message = models.ForeignKey(Message, models.CASCADE, related_name="decisions")
    draft = models.ForeignKey(Draft, models.CASCADE, null=True, blank=True, related_name="decisions")
    answer = models.CharField(max_length=10, choices=Answer)
    why = models.CharField(max_length=300, blank=True)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    always = models.BooleanField(default=False, help_text=_("Make it a rule for this sender as well"))
    version = models.PositiveIntegerField(help_text=_("Of the mail or the draft, as the person saw it"))
    request = models.UUIDField(
        default=uuid.uuid4, db_index=True, help_text=_("The same for all of one press of a button")
    )
    state = models.CharField(max_length=8, choices=State, default=State.HELD)
    made_at = models.DateTimeField(default=timezone.now)
    due_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True, blank=True)
    refusal = models.CharField(max_length=300, blank=True, help_text=_("Why it was not done"))

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["message"], condition=Q(state="held", draft=None), name="one_held_decision_per_message"
            ),
            models.UniqueConstraint(fields=["draft"], condition=Q(state="held"), name="one_held_decision_per_draft"),
        ]
        indexes = [models.Index(fields=["state", "due_at"], name="decision_due")]

    def __str__(self) -> str:
        return f"{self.get_answer_display()} ({self.get_state_display()})"

    @classmethod
    def held(cls) -> "QuerySet[Decision]":
        return cls._default_manager.filter(state=cls.State.HELD)

    @classmethod
    def due(cls, now: datetime) -> "QuerySet[Decision]":
        """Those that take effect now, in the order in which they were made."""
        return cls.held().filter(due_at__lte=now).order_by("due_at", "pk")

    @classmethod
    def held_of_message(cls) -> Exists:
        """That a decision of the mail of the outer row is held."""
        return Exists(cls.held().filter(message=OuterRef("pk"), draft=None))

    @classmethod
    def held_of_draft(cls) -> Exists:
        """That a decision of the draft of the outer row is held."""
        return Exists(cls.held().filter(draft=OuterRef("pk")))

    @property
    def can_be_undone(self) -> bool:
        return self.state == self.State.HELD

    def settle(self, state: State, refusal: str = "") -> bool:
        """Move a held decision on, once; whether nobody was faster."""
        held = Decision.held().filter(pk=self.pk)
        return bool(held.update(state=state, settled_at=timezone.now(), refusal=refusal[:300]))


class Queue(models.TextChoices):
    REVIEWS = "reviews", _("Review queue")
    DRAFTS = "drafts", _("Drafts to approve")


class Claim(models.Model):
    """Who looks at a row of a queue, so that nobody else is shown it; it ends by itself."""

    queue = models.CharField(max_length=8, choices=Queue)
    row = models.PositiveBigIntegerField()
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    page = models.UUIDField(default=uuid.uuid4, help_text=_("The page that shows it; an older one cannot give it back"))
    until = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["queue", "row"], name="one_claim_per_row")]

    def __str__(self) -> str:
        return f"{self.get_queue_display()} {self.row}: {self.person}"

    @classmethod
    def of_others(cls, queue: Queue, person: AbstractBaseUser) -> "QuerySet[Claim]":
        """What colleagues look at now."""
        live = cls._default_manager.filter(queue=queue, until__gt=timezone.now())
        return live.exclude(person=person.pk).select_related("person").order_by("pk")

    @classmethod
    def take(cls, queue: Queue, row: int, person: AbstractBaseUser, *, by_force: bool = False) -> "Claim | None":
        """Take a row for this person and a new page of theirs; None while a colleague has it.

        `by_force` takes it from them.
        """
        now, page = timezone.now(), uuid.uuid4()
        mine = {"person_id": person.pk, "page": page, "until": now + LEASE}
        there = cls._default_manager.filter(queue=queue, row=row)
        free = there if by_force else there.filter(Q(person=person.pk) | Q(until__lte=now))
        if not free.update(**mine):
            cls._default_manager.bulk_create([cls(queue=queue, row=row, **mine)], ignore_conflicts=True)
        return there.filter(page=page).first()

    @classmethod
    def renew(cls, queue: Queue, row: int, person: AbstractBaseUser) -> bool:
        """Keep a row for another while; False if a colleague has it now."""
        mine = cls._default_manager.filter(queue=queue, row=row, person=person.pk)
        return bool(mine.update(until=timezone.now() + LEASE)) or cls.take(queue, row, person) is not None

    @classmethod
    def give_back(cls, page: uuid.UUID, person: AbstractBaseUser) -> None:
        """Let others have the row of a page that was left; nothing if a newer page of this person shows it."""
        cls._default_manager.filter(page=page, person=person.pk).delete()


class Aside(models.Model):
    """A row of a queue that somebody put aside: for themselves until they ask for it, or for all until a day."""

    queue = models.CharField(max_length=8, choices=Queue)
    row = models.PositiveBigIntegerField()
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    until = models.DateField(null=True, blank=True, help_text=_("Empty: until this person asks for it"))
    why = models.CharField(max_length=300, blank=True)
    made_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["queue", "row", "person"], name="put_aside_once_by_each")]

    def __str__(self) -> str:
        about = {"queue": self.get_queue_display(), "row": self.row, "who": self.person}
        return gettext("%(queue)s %(row)s, put aside by %(who)s") % about

    @classmethod
    def hidden_from(cls, queue: Queue, person: AbstractBaseUser) -> "QuerySet[Aside]":
        """What this person is not to be shown now."""
        theirs, for_all = Q(person=person.pk, until=None), Q(until__gt=timezone.localdate())
        return cls._default_manager.filter(theirs | for_all, queue=queue)
