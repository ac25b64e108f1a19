"""Which text a reply is written from, how it would read, and a test of it to oneself."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parseaddr

from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.models import AuditEntry
from crm.services import Entry, record
from inbox_router.couriers import DeliveryError
from inbox_router.models import Halt
from routing.models import Assignment, Pool, Salesperson
from triage.drafts import drafting, smtp, wording
from triage.models import Category, Mailbox, Message, ReplyTemplate


class NotSent(Exception):
    """Why a test mail was not sent; one sentence says what to do."""


@dataclass(frozen=True)
class Occasion:
    """What a reply is written for. `first_name` is empty where nobody knows it."""

    first_name: str
    subject: str
    owner_name: str
    signature: str = ""


SAMPLE = Occasion("Anna", "Price for 40 pumps", "Ben Okafor")


def texts_for(pool: Pool | None) -> Mapping[str, str]:
    """The texts in force, by language: the pool's own, else everybody's, else those that ship."""
    rows = ReplyTemplate.objects.filter(Q(pool=None) | Q(pool=pool)).exclude(text="")
    rows = rows.order_by(F("pool").asc(nulls_first=True))
    return {**wording.shipped(), **{row.language: row.text for row in rows}}


def default_text(language: str, pool: Pool | None) -> str:
    """The text that is in force where a pool, or everybody, has none of their own."""
    return (texts_for(None) if pool else wording.shipped()).get(language, "")


def written(occasion: Occasion, language: str, texts: Mapping[str, str]) -> drafting.ReplyText:
    """The reply to somebody who wrote in this language."""
    return drafting.text(
        language,
        first_name=occasion.first_name or None,
        subject=occasion.subject,
        owner_name=occasion.owner_name,
        signature=occasion.signature,
        company_name=settings.COMPANY_NAME,
        company_language=settings.COMPANY_LANGUAGE,
        texts=texts,
    )


def occasion_of(message: Message, first_name: str, owner: Salesperson) -> Occasion:
    return Occasion(first_name, message.subject, owner.name, owner.signature)


def recent_leads() -> list[Message]:
    """Mails of the last leads, to try a text on."""
    rows = Message.objects.filter(category=Category.LEAD, drafts__isnull=False).distinct()
    return list(rows.only("pk", "subject", "sender_name", "sender_address", "thread_id").order_by("-pk")[:10])


def occasion_of_lead(pk: str) -> Occasion:
    """That of a recent lead's mail; the sample where there is none."""
    message = next((mail for mail in recent_leads() if str(mail.pk) == pk), None)
    given = message and Assignment.objects.filter(lead__thread_id=message.thread_id, active=True).first()
    if not (message and given):
        return SAMPLE
    judgement = message.classifications.order_by("pk").last()
    return occasion_of(message, judgement.sender_first_name if judgement else "", given.salesperson)


def send_test(reply: drafting.ReplyText, user: User) -> str:
    """Send a reply to the address of whoever asks, and to nobody else. Raises NotSent."""
    sender = test_sender()
    if not user.email:
        raise NotSent(_("Your account has no e-mail address. Somebody who manages users can add it."))
    token = secrets.token_hex(8)
    mail = drafting.ReplyMail(
        from_address=sender,
        to_address=user.email,
        subject="[" + _("Test") + "] " + reply.subject,
        body=reply.body,
        date=timezone.now(),
        message_id=f"<test-{token}@{parseaddr(sender)[1].rpartition('@')[2] or 'localhost'}>",
    )
    try:
        outcome = smtp.send(drafting.mime(mail), sender, user.email)
    except drafting.DraftError as error:
        raise NotSent(str(error)) from None
    if isinstance(outcome, DeliveryError):
        raise NotSent(str(outcome))
    person = AuditEntry.Actor.PERSON
    told = f"A reply text in {reply.language} was sent to oneself as a test"
    record([Entry(f"test:{token}", "test mail", f"user:{user.pk}", told, actor=str(user), actor_kind=person)])
    return _("Sent to %(address)s.") % {"address": user.email}


def test_sender() -> str:
    """Whom a test comes from. Raises NotSent where nothing may or can be sent."""
    if settings.EMAIL_URL.startswith("consolemail"):
        raise NotSent(_("No mail server is set. Set EMAIL_URL, such as smtps://user:password@host:465."))
    if "draft" not in settings.ARMED or Halt.in_force().exists():
        raise NotSent(_("Nothing is sent in shadow mode, nor while all effects are stopped."))
    mailbox = Mailbox.objects.filter(active=True).exclude(address="").order_by("pk").first()
    if not (sender := settings.MAIL_FROM or (mailbox.address if mailbox else "")):
        raise NotSent(_("No sender is known. Set MAIL_FROM, such as Acme Sales <sales@acme.example>."))
    return str(sender)
