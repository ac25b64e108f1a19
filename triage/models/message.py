"""Every mail in a watched folder, and the headers of what was sent."""

import hashlib
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from triage.models.judgement import Category, SenderRule
from triage.models.mailbox import Mailbox, Run

if TYPE_CHECKING:
    from triage.models.judgement import Classification


class Message(models.Model):
    """One mail in a watched folder. Its status is its position in the pipeline, so a crash resumes there."""

    class Status(models.TextChoices):
        FOUND = "found", _("found: not read yet")
        FETCHED = "fetched", _("fetched")
        FILTERED = "filtered", _("waits for the classifier")
        CLASSIFIED = "classified", _("judged")
        REVIEW = "review", _("waits for a person")
        ACTED = "acted", _("acted on")
        LOGGED = "logged", _("acted on and logged")
        DONE = "done", _("done")
        SKIPPED = "skipped", _("skipped: internal")
        BACKLOG = "backlog", _("older than the start: not acted on")
        DUPLICATE = "duplicate", _("the same mail as another: not acted on")
        QUARANTINED = "quarantined", _("could not be read: needs a person")

    class Sample(models.TextChoices):
        WAITING = "waiting", _("audit sample")
        SEEN = "seen", _("audit sample, seen")

    FILED = (Status.ACTED, Status.LOGGED, Status.DONE)
    UNDERWAY = (Status.FOUND, Status.FETCHED, Status.FILTERED, Status.CLASSIFIED, Status.ACTED, Status.LOGGED)

    mailbox = models.ForeignKey(Mailbox, models.PROTECT, related_name="messages")
    folder = models.CharField(max_length=200)
    uidvalidity = models.BigIntegerField()
    uid = models.BigIntegerField()
    status = models.CharField(max_length=12, choices=Status, default=Status.FOUND, db_index=True)
    first_run = models.ForeignKey(Run, models.SET_NULL, null=True, blank=True, related_name="+")

    message_id = models.CharField(max_length=255, blank=True, db_index=True)
    thread_id = models.CharField(max_length=255, blank=True, db_index=True)
    in_reply_to = models.CharField(max_length=255, blank=True)
    references = models.TextField(blank=True, help_text=_("Message-IDs, oldest first, separated by spaces"))
    content_hash = models.CharField(max_length=64, blank=True, db_index=True)
    from_name = models.CharField(max_length=200, blank=True)
    from_address = models.CharField(max_length=254, blank=True)
    sender_name = models.CharField(max_length=200, blank=True, help_text=_("Who really wrote it"))
    sender_address = models.CharField(max_length=254, blank=True, db_index=True)
    sender_rule = models.ForeignKey(SenderRule, models.SET_NULL, null=True, blank=True, related_name="+")
    reply_to = models.CharField(max_length=254, blank=True, help_text=_("The one address that a reply may go to"))
    doubt = models.CharField(max_length=300, blank=True, help_text=_("Why it is not clear who wrote it"))
    sender_evidence = models.CharField(max_length=300, blank=True)
    to_addresses = models.TextField(blank=True)
    cc_addresses = models.TextField(blank=True)
    subject = models.CharField(max_length=500, blank=True)
    headers = models.JSONField(default=dict, blank=True)
    text = models.TextField(blank=True, help_text=_("The readable text, quotes included"))
    new_text = models.TextField(blank=True, help_text=_("Without quoted replies and signature"))
    html = models.TextField(blank=True, help_text=_("As it came; never shown but in a sandbox"))
    hidden = models.JSONField(default=list, blank=True, help_text=_("What invisible text was taken out"))
    bounced_ids = models.TextField(blank=True, help_text=_("Message-IDs of ours that this mail says did not arrive"))
    away_until = models.DateField(null=True, blank=True, help_text=_("When the absent sender is back"))
    attachments = models.JSONField(
        default=list, blank=True, help_text=_("Name, type and size of each; never the bytes")
    )
    size = models.PositiveIntegerField(default=0, help_text=_("Bytes on the server"))
    backfilled = models.BooleanField(
        _("old mail"), default=False, help_text=_("Taken up later: judged and kept on record, and nothing else follows")
    )
    seen = models.BooleanField(default=False, help_text=_("Somebody had read it before we did"))
    received_at = models.DateTimeField(null=True, blank=True, db_index=True)
    automatic = models.CharField(
        max_length=20, blank=True, help_text=_("Why it is automatic mail: never answered, never rotated")
    )
    same_as = models.ForeignKey("self", models.SET_NULL, null=True, blank=True, related_name="copies")
    raw = models.BinaryField(null=True, blank=True, help_text=_("Only of a mail that could not be read"))
    error = models.CharField(max_length=500, blank=True)

    category = models.CharField(max_length=10, choices=Category, blank=True, db_index=True)
    confidence = models.FloatField(null=True, blank=True)
    language = models.CharField(max_length=8, blank=True, db_index=True)
    technical = models.BooleanField(default=False)
    review_reason = models.CharField(max_length=300, blank=True)
    sample = models.CharField(max_length=8, choices=Sample, blank=True, db_index=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_run = models.ForeignKey(Run, models.SET_NULL, null=True, blank=True, related_name="+")
    version = models.PositiveIntegerField(
        default=0, help_text=_("Counts decisions; two people cannot decide the same one")
    )
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["mailbox", "folder", "uidvalidity", "uid"], name="one_row_per_message_on_the_server"
            )
        ]

    JUDGED = ("category", "confidence", "language", "technical")

    def __str__(self) -> str:
        return f"{self.subject or gettext('no subject')}, {self.sender_name or self.sender_address}"

    @property
    def is_sampled(self) -> bool:
        """Whether a person is to look at it although it is filed."""
        return self.sample == self.Sample.WAITING and self.status in self.FILED

    @property
    def taken_for(self) -> str:
        """Its category for people; empty for mail that nobody judged yet."""
        if not self.category:
            return ""
        category = Category(self.category)
        return str(category.settled if self.status in self.FILED else category.label)

    @property
    def name(self) -> str:
        """What it is called in keys: made from its place on the server, so it is the same after a restored backup."""
        place = f"{self.mailbox.name}\n{self.folder}\n{self.uidvalidity}\n{self.uid}"
        return hashlib.sha256(place.encode()).hexdigest()[:16]

    def followed_by(self, since: datetime) -> "Message | None":
        """A mail of a person that came into this thread since then."""
        if not self.thread_id:
            return None
        newer = Message.objects.filter(thread_id=self.thread_id, created_at__gt=since, automatic="", same_as=None)
        return newer.exclude(pk=self.pk).defer("raw", "headers").order_by("pk").last()

    def adopt(self, judgement: "Classification") -> None:
        """Carry the newest judgement of this message. What it does not say (a rule, a person) stays as it was."""
        self.category, self.confidence = judgement.category, judgement.confidence
        self.language = judgement.language or self.language
        self.technical = judgement.technical


class SentMail(models.Model):
    """The headers of one mail in the Sent folder: who of us is in which thread."""

    mailbox = models.ForeignKey(Mailbox, models.CASCADE, related_name="sent")
    uidvalidity = models.BigIntegerField()
    uid = models.BigIntegerField()
    message_id = models.CharField(max_length=255, blank=True, db_index=True)
    thread_id = models.CharField(max_length=255, blank=True, db_index=True)
    in_reply_to = models.CharField(max_length=255, blank=True, db_index=True)
    from_name = models.CharField(max_length=200, blank=True)
    from_address = models.CharField(max_length=254, blank=True)
    to_addresses = models.TextField(blank=True)
    cc_addresses = models.TextField(blank=True)
    subject = models.CharField(max_length=500, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["mailbox", "uidvalidity", "uid"], name="one_row_per_sent_mail")]
        verbose_name_plural = _("sent mail")

    def __str__(self) -> str:
        return f"{self.subject or gettext('no subject')}, {self.from_address}"
