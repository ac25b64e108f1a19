"""Mail, what was judged of it, and what is owed for it."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from inbox_router.delivery import Delivery


class Mailbox(models.Model):
    """One account and folder that is watched. How to sign in is a setting, never a row."""

    name = models.CharField(max_length=50, unique=True, help_text="As in MAILBOX_<NAME>_URL; 'inbox' for MAILBOX_URL")
    address = models.CharField(max_length=254, blank=True, help_text="What customers write to")
    folder = models.CharField(max_length=200, default="INBOX")
    active = models.BooleanField(default=True)
    uidvalidity = models.BigIntegerField(null=True, blank=True, editable=False)
    last_uid = models.BigIntegerField(default=0, editable=False, help_text="Every UID up to this one has a row")
    started_at = models.DateTimeField(null=True, blank=True, editable=False)
    sent_uidvalidity = models.BigIntegerField(null=True, blank=True, editable=False)
    sent_last_uid = models.BigIntegerField(default=0, editable=False)
    last_polled_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_error = models.CharField(max_length=500, blank=True, editable=False)
    lease_holder = models.UUIDField(null=True, editable=False)
    lease_until = models.DateTimeField(null=True, editable=False)
    fence = models.BigIntegerField(default=0, editable=False, help_text="Counts the leases: a stale holder is known by it")

    class Meta:
        verbose_name_plural = "mailboxes"

    def __str__(self) -> str:
        return self.address or self.name


class Run(models.Model):
    """One run of the pipeline over one mailbox."""

    mailbox = models.ForeignKey(Mailbox, models.CASCADE, related_name="runs")
    started_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True, blank=True)
    counts = models.JSONField(default=dict)

    def __str__(self) -> str:
        return f"run {self.pk} of {self.mailbox}"


class Category(models.TextChoices):
    SPAM = "spam", "Spam"
    NEWSLETTER = "newsletter", "Newsletter"
    LEAD = "lead", "Lead"
    ACCOUNTING = "accounting", "Accounting"
    UNCERTAIN = "uncertain", "Uncertain"


class SenderRule(models.Model):
    """A known sender."""

    class Scope(models.TextChoices):
        ADDRESS = "address", "this address"
        DOMAIN = "domain", "this domain"
        SUBDOMAINS = "subdomains", "this domain and its subdomains"

    class Kind(models.TextChoices):
        INTERNAL = "internal", "internal: skip"
        MARKETING = "marketing", "marketing: tell the classifier"
        ALWAYS = "always", "always this category, without the classifier"

    pattern = models.CharField(max_length=254, help_text="news@example.com or example.com")
    scope = models.CharField(max_length=10, choices=Scope, default=Scope.DOMAIN)
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.MARKETING)
    category = models.CharField(
        max_length=10, choices=Category, blank=True, help_text="For 'always': the category that its mail gets"
    )
    note = models.CharField(max_length=300, blank=True)
    active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["pattern", "scope", "kind"], name="one_rule_per_sender")]

    def __str__(self) -> str:
        return f"{self.pattern} ({self.get_kind_display()})"


class Message(models.Model):
    """One mail in a watched folder. Its status is its position in the pipeline, so a crash resumes there."""

    class Status(models.TextChoices):
        FOUND = "found", "found: not read yet"
        FETCHED = "fetched", "fetched"
        FILTERED = "filtered", "waits for the classifier"
        CLASSIFIED = "classified", "judged"
        REVIEW = "review", "waits for a person"
        ACTED = "acted", "acted on"
        DONE = "done", "done"
        SKIPPED = "skipped", "skipped: internal"
        BACKLOG = "backlog", "older than the start: not acted on"
        QUARANTINED = "quarantined", "could not be read: needs a person"

    mailbox = models.ForeignKey(Mailbox, models.PROTECT, related_name="messages")
    folder = models.CharField(max_length=200)
    uidvalidity = models.BigIntegerField()
    uid = models.BigIntegerField()
    status = models.CharField(max_length=12, choices=Status, default=Status.FOUND, db_index=True)
    first_run = models.ForeignKey(Run, models.SET_NULL, null=True, blank=True, related_name="+")

    message_id = models.CharField(max_length=255, blank=True, db_index=True)
    thread_id = models.CharField(max_length=255, blank=True, db_index=True)
    in_reply_to = models.CharField(max_length=255, blank=True)
    references = models.TextField(blank=True, help_text="Message-IDs, oldest first, separated by spaces")
    content_hash = models.CharField(max_length=64, blank=True, db_index=True)
    from_name = models.CharField(max_length=200, blank=True)
    from_address = models.CharField(max_length=254, blank=True)
    sender_name = models.CharField(max_length=200, blank=True, help_text="Who really wrote it")
    sender_address = models.CharField(max_length=254, blank=True, db_index=True)
    sender_evidence = models.CharField(max_length=300, blank=True)
    subject = models.CharField(max_length=500, blank=True)
    headers = models.JSONField(default=dict, blank=True)
    text = models.TextField(blank=True, help_text="The readable text, quotes included")
    new_text = models.TextField(blank=True, help_text="Without quoted replies and signature")
    attachments = models.JSONField(default=list, blank=True, help_text="Name, type and size of each; never the bytes")
    size = models.PositiveIntegerField(default=0, help_text="Bytes on the server")
    received_at = models.DateTimeField(null=True, blank=True, db_index=True)
    automatic = models.CharField(max_length=20, blank=True, help_text="Why it is automatic mail: never answered, never rotated")
    raw = models.BinaryField(null=True, blank=True, help_text="Only of a mail that could not be read")
    error = models.CharField(max_length=500, blank=True)

    category = models.CharField(max_length=10, choices=Category, blank=True, db_index=True)
    confidence = models.FloatField(null=True, blank=True)
    language = models.CharField(max_length=8, blank=True)
    technical = models.BooleanField(default=False)
    review_reason = models.CharField(max_length=300, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_run = models.ForeignKey(Run, models.SET_NULL, null=True, blank=True, related_name="+")
    version = models.PositiveIntegerField(default=0, help_text="Counts decisions; two people cannot decide the same one")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["mailbox", "folder", "uidvalidity", "uid"], name="one_row_per_message_on_the_server"
            )
        ]

    def __str__(self) -> str:
        return f"{self.subject or 'no subject'}, {self.sender_name or self.sender_address}"


class Classification(models.Model):
    """One judgement of a message, by a rule, a model or a person; the newest stands in the message."""

    class Judge(models.TextChoices):
        RULE = "rule", "rule"
        LOCAL = "local", "embedded classifier"
        LLM = "llm", "language model"
        PERSON = "person", "person"

    message = models.ForeignKey(Message, models.CASCADE, related_name="classifications")
    judge = models.CharField(max_length=8, choices=Judge)
    model = models.CharField(max_length=100, blank=True, help_text="Name and version of the model, or of the rule")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    category = models.CharField(max_length=10, choices=Category)
    confidence = models.FloatField()
    language = models.CharField(max_length=8, blank=True)
    technical = models.BooleanField(default=False)
    sender_first_name = models.CharField(max_length=100, blank=True)
    company = models.CharField(max_length=200, blank=True)
    reason = models.CharField(max_length=500, blank=True)
    error = models.CharField(max_length=300, blank=True, help_text="Why the model gave no usable answer")
    input_tokens = models.PositiveIntegerField(default=0)
    output_tokens = models.PositiveIntegerField(default=0)
    cost = models.DecimalField(max_digits=12, decimal_places=6, default=0, help_text="USD")
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.category} {self.confidence:.2f} by {self.judge}"


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
        constraints = [
            models.UniqueConstraint(fields=["mailbox", "uidvalidity", "uid"], name="one_row_per_sent_mail")
        ]
        verbose_name_plural = "sent mail"

    def __str__(self) -> str:
        return f"{self.subject or 'no subject'}, {self.from_address}"


class Draft(models.Model):
    """A proposed reply. It waits in the mailbox's Drafts folder and here until a person approves or rejects it."""

    class State(models.TextChoices):
        WAITING = "waiting", "waits for approval"
        APPROVED = "approved", "approved, being sent"
        SENT = "sent", "sent"
        REJECTED = "rejected", "rejected"
        OUTSIDE = "outside", "answered outside"

    message = models.OneToOneField(Message, models.PROTECT, related_name="draft")
    state = models.CharField(max_length=8, choices=State, default=State.WAITING, db_index=True)
    message_id = models.CharField(max_length=255, unique=True, help_text="Of the mail that lies in Drafts")
    sent_message_id = models.CharField(max_length=255, unique=True, null=True, blank=True)
    from_address = models.CharField(max_length=320)
    to_address = models.CharField(max_length=254)
    to_name = models.CharField(max_length=200, blank=True)
    cc = models.CharField(max_length=500, blank=True)
    subject = models.CharField(max_length=500)
    body = models.TextField()
    original_body = models.TextField(help_text="As it was drafted")
    language = models.CharField(max_length=8)
    owner_name = models.CharField(max_length=200, blank=True)
    version = models.PositiveIntegerField(default=1)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    reject_reason = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.subject}, to {self.to_address}"
