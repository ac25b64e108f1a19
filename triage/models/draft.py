"""Proposed replies."""

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from triage.drafts import drafting
from triage.models.message import Message


class Draft(models.Model):
    """A proposed reply. It waits in the mailbox's Drafts folder and here until a person approves or rejects it."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waits for approval")
        APPROVED = "approved", _("approved, being sent")
        SENT = "sent", _("sent")
        REJECTED = "rejected", _("rejected")
        OUTSIDE = "outside", _("answered outside")
        REPLACED = "replaced", _("replaced: the lead has another owner")

    OPEN = (State.WAITING, State.APPROVED)

    message = models.ForeignKey(Message, models.PROTECT, related_name="drafts")
    state = models.CharField(max_length=8, choices=State, default=State.WAITING, db_index=True)
    mail_id = models.CharField(max_length=255, unique=True, help_text=_("Message-ID of the mail that lies in Drafts"))
    token = models.CharField(max_length=64, help_text=_("Marks the mail in Drafts as ours"))
    sent_mail_id = models.CharField(max_length=255, unique=True, null=True, blank=True)
    from_address = models.CharField(max_length=320)
    to_address = models.CharField(max_length=254)
    to_name = models.CharField(max_length=200, blank=True)
    cc = models.CharField(max_length=500, blank=True)
    subject = models.CharField(max_length=500)
    original_subject = models.CharField(max_length=500)
    body = models.TextField()
    original_body = models.TextField(help_text=_("As it was drafted"))
    language = models.CharField(max_length=8)
    owner_name = models.CharField(max_length=200, blank=True)
    version = models.PositiveIntegerField(default=1)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    sent_back_at = models.DateTimeField(
        null=True, blank=True, help_text=_("When it was approved but not sent: the customer had written again")
    )
    reject_reason = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["message"],
                condition=models.Q(state__in=["waiting", "approved"]),
                name="one_open_draft_per_message",
            )
        ]

    def __str__(self) -> str:
        return gettext("%(subject)s, to %(address)s") % {"subject": self.subject, "address": self.to_address}

    @property
    def is_waiting(self) -> bool:
        return self.state == self.State.WAITING

    @property
    def waits_again(self) -> bool:
        """Whether it was approved before and not sent, for the customer wrote meanwhile."""
        return self.is_waiting and self.sent_back_at is not None

    @property
    def is_sent(self) -> bool:
        return self.state == self.State.SENT

    @property
    def cc_addresses(self) -> list[str]:
        return [address for part in self.cc.split(",") if (address := part.strip())]

    def mime(self, *, sent: bool = False) -> bytes:
        """The mail as it lies in Drafts, or as it was approved and goes out; the same bytes each time."""
        return drafting.mime(
            drafting.ReplyMail(
                from_address=self.from_address,
                to_address=self.to_address,
                to_name=self.to_name,
                cc=tuple(self.cc_addresses),
                subject=self.subject if sent else self.original_subject,
                body=self.body if sent else self.original_body,
                message_id=(self.sent_mail_id or "") if sent else self.mail_id,
                in_reply_to=self.message.message_id,
                references=self.message.references,
                date=(self.decided_at or self.created_at) if sent else self.created_at,
                token="" if sent else self.token,
            )
        )
