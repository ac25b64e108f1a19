"""What is owed to a mailbox: labels, moves, drafts, approved replies."""

from collections.abc import Sequence
from typing import Any, Self

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.services import Entry, record
from inbox_router.couriers import Outcome
from inbox_router.delivery import Delivery
from inbox_router.shown import recorded
from triage.courier import MailboxCourier, WroteAgain
from triage.models.draft import Draft
from triage.models.mailbox import Mailbox
from triage.models.message import Message


class WithWhatItIsAbout(models.Manager["MailboxDelivery"]):
    def get_queryset(self) -> models.QuerySet["MailboxDelivery"]:
        rows = super().get_queryset().select_related("mailbox", "message", "draft")
        heavy = ("text", "new_text", "headers", "raw")
        return rows.defer(*(f"message__{name}" for name in heavy))


class MailboxDelivery(Delivery):
    """One deed in a mailbox, for one message. Those of a message are done in order, its move out of the inbox last."""

    class Deed(models.TextChoices):
        LABEL = "label", _("label")
        UNLABEL = "unlabel", _("take the label off")
        DRAFT = "draft", _("save the draft")
        SEND = "send", _("send the reply")
        COPY = "copy", _("send the copy")
        FILE = "file", _("file the reply in Sent")
        DISCARD = "discard", _("take the draft out of Drafts")
        RESTORE = "restore", _("bring back from Trash")
        ARCHIVE = "archive", _("archive")
        TRASH = "trash", _("move to Trash")

    ORDER = {deed: position for position, deed in enumerate(Deed)}
    EFFECTS = {Deed.LABEL: "label", Deed.UNLABEL: "label", Deed.ARCHIVE: "archive"}
    EFFECTS |= {Deed.RESTORE: "trash", Deed.TRASH: "trash"}

    # One mail each, and the kill switch is looked at before each: it stops what goes out, comes back or is taken away
    # within one message. Labels and drafts, which are only added, are put there by one command for up to a hundred.
    SINGLY = (Deed.SEND, Deed.COPY, Deed.RESTORE, Deed.DISCARD, Deed.ARCHIVE, Deed.TRASH)

    mailbox = models.ForeignKey(Mailbox, models.PROTECT, related_name="deliveries")
    message = models.ForeignKey(Message, models.PROTECT, related_name="deliveries")
    draft = models.ForeignKey(Draft, models.PROTECT, null=True, blank=True, related_name="deliveries")
    deed = models.CharField(max_length=8, choices=Deed)
    label = models.CharField(
        max_length=254, blank=True, help_text=_("The label, who gets the copy, or where the mail lies in Trash")
    )

    objects = WithWhatItIsAbout()
    batch_size = 100
    courier = MailboxCourier
    is_overtaken = False  # while its outcome is recorded: the customer wrote after the approval

    class Meta(Delivery.Meta):
        verbose_name_plural = _("mailbox deliveries")

    @classmethod
    def of(cls, message: Message, deed: Deed, *, draft: Draft | None = None, label: str = "") -> Self:
        """An unsaved delivery of this deed for a message, once per decision of it or of its draft."""
        of_draft = f"draft:{draft.token}:{deed}:{draft.version}" if draft else ""
        return cls.owe(
            effect=cls.EFFECTS.get(deed, "draft"),
            key=of_draft or f"message:{message.name}:{deed}:{message.version}",
            stream=f"message:{message.pk}",
            position=message.version * len(cls.ORDER) + cls.ORDER[deed],
            mailbox_id=message.mailbox_id,
            message=message,
            draft=draft,
            deed=deed,
            label=label,
        )

    @classmethod
    def new_uids(cls, messages: Sequence[int], uidvalidity: int) -> dict[int, int]:
        """Where mails are now, by message, that the server renumbered or that we brought back from Trash."""
        copies = Message.objects.filter(same_as__in=messages, uidvalidity=uidvalidity)
        renumbered = copies.exclude(same_as__uidvalidity=uidvalidity).order_by("uid")
        found = dict(renumbered.values_list("same_as_id", "uid"))
        restored = cls.objects.filter(message__in=messages, deed=cls.Deed.RESTORE, state=cls.State.DONE)
        place = f"UIDVALIDITY {uidvalidity} UID "
        here = restored.filter(evidence__contains=place).order_by("position")
        for message, evidence in here.values_list("message_id", "evidence"):
            found[message] = int(evidence.partition(place)[2])
        return found

    @classmethod
    def is_taken_up(cls, mailbox: Mailbox, uidvalidity: int) -> bool:
        """Whether every mail of the inbox has been read under this numbering: who is not there now was taken out."""
        numbered = Mailbox.objects.filter(pk=mailbox.pk, uidvalidity=uidvalidity)
        unread = Message.objects.filter(mailbox=mailbox, uidvalidity=uidvalidity, status=Message.Status.FOUND)
        return numbered.exists() and not unread.exists()

    def together(self) -> dict[str, Any]:
        if self.deed in self.SINGLY:
            return super().together()
        return {"mailbox": self.mailbox_id, "deed": self.deed, "label": self.label}

    def settle(self, outcome: Outcome) -> None:
        super().settle(outcome)
        self.is_overtaken = isinstance(outcome, WroteAgain)

    @classmethod
    def record_outcome(cls, settled: Sequence[Self]) -> None:
        record([row.entry() for row in settled])
        done = [row for row in settled if row.deed == cls.Deed.SEND and row.state == cls.State.DONE]
        sent = [row.draft for row in done if row.draft]
        if sent:
            Draft.objects.filter(pk__in=[draft.pk for draft in sent]).update(state=Draft.State.SENT)
            cls.objects.bulk_create([copy for row in done for copy in row.copies()])
        for row in settled:
            if row.draft_id and row.is_overtaken:
                cls.take_up_again(row.draft_id)

    @classmethod
    def take_up_again(cls, draft: int) -> None:
        """Let an approved draft wait for approval again: nothing was sent, and nothing that was to follow is done."""
        waiting = {"state": Draft.State.WAITING, "decided_by": None, "decided_at": None, "sent_mail_id": None}
        approved = Draft.objects.filter(pk=draft, state=Draft.State.APPROVED)
        if not approved.update(version=models.F("version") + 1, sent_back_at=timezone.now(), **waiting):
            return
        owed, state = cls.objects.filter(draft=draft), cls.State
        after = owed.filter(deed__in=(cls.Deed.FILE, cls.Deed.DISCARD), state__in=cls.WAITING)
        after.update(state=state.CANCELLED, evidence="called off: the draft waits for approval again")
        unsaved = owed.filter(deed=cls.Deed.DRAFT, state=state.CANCELLED)
        unsaved.update(state=state.OWED, due_at=timezone.now(), evidence="")

    def copies(self) -> list[Self]:
        """What is owed to colleagues once the customer's mail is on its way; each fails or waits by itself."""
        copied = self.draft.cc_addresses if self.draft else []
        return [self._copy(number, address) for number, address in enumerate(copied, 1)]

    def _copy(self, number: int, address: str) -> Self:
        row = self.of(self.message, self.Deed.COPY, draft=self.draft, label=address)
        row.key = row.stream = f"{row.key}:{number}"
        return row

    def entry(self) -> Entry:
        return Entry(
            key=f"{self.key}:{self.state}:{self.attempts}",
            action=f"{self.deed} {self.state}",
            subject=f"message:{self.message_id}",
            summary=f"{recorded(self.Deed(self.deed).label).capitalize()}: {recorded(self.State(self.state).label)}",
            reason=self.error or self.evidence,
            sender=self.message.sender_address,
            mail_subject=self.message.subject,
        )
