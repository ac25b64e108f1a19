"""Draft approval: the mail beside the reply, what was checked, and one key to send it."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from django.db import transaction
from django.db.models import QuerySet
from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.models import Contact
from inbox_router.admin.deeds import person
from triage.admin.proof import Check, changes, checks
from triage.admin.queue import QueuePage
from triage.admin.waiting import draft_queue
from triage.models import Decision, Draft, Message, Queue, SentMail
from triage.services import Conflict, edit_draft, hold_approval

REASONS = {  # as they are recorded, and as they are shown
    "wrong facts": gettext_lazy("Wrong facts"),
    "wrong tone": gettext_lazy("Wrong tone"),
    "wrong person": gettext_lazy("Wrong person"),
    "already answered": gettext_lazy("Already answered"),
    "needs no answer": gettext_lazy("Needs no answer"),
}
SHOWN = 20_000  # characters of a mail
NEWER = 5  # mails that came meanwhile


AnyMail = TypeVar("AnyMail", Message, SentMail)


class ApprovalPage(QueuePage):
    """What waits to be sent."""

    title = gettext_lazy("Drafts to approve")
    queue = Queue.DRAFTS
    permission_required = "triage.change_draft"
    template_name = "admin/triage/approve.html"

    def rows(self) -> QuerySet[Draft]:
        return draft_queue().select_related("message__mailbox").defer("message__raw", "message__headers")

    def decisions(self) -> QuerySet[Decision]:
        return Decision.objects.exclude(draft=None)

    def shown(self, row: Draft) -> dict[str, Any]:
        return {
            "mail": row.message,
            "text": row.message.text[:SHOWN],
            "newer": [(mail, (mail.new_text or mail.text)[:SHOWN]) for mail in written_since(row)],
            "checks": checks_of([row])[row.pk],
            "changes": changes(row.original_body, row.body),
            "reasons": REASONS,
        }

    def decide(self, row: Draft, answers: dict[str, str]) -> str:
        decision, user = answers.get("decision"), person(self.request)
        if decision == "reject":
            reason = " ".join(filter(None, [answers.get("reason", ""), answers.get("why", "")]))
            if not reason:
                raise Conflict(_("Say why it is not sent; nothing was done."))
            hold_approval(row, Decision.Answer.REJECT, user, why=reason)
            return ""
        with transaction.atomic():
            saved = self.save(row, answers)
            if decision == "approve":
                self.look_for_news(row, answers.get("shown_at", ""))
                hold_approval(row, Decision.Answer.APPROVE, user)
                return ""
        return _("Saved; it still waits for approval.") if saved else _("Nothing was changed.")

    def look_for_news(self, row: Draft, shown_at: str) -> None:
        """Do not let a reply go out past a mail that the person has not seen. Raises Conflict."""
        try:
            since = parse_datetime(shown_at)
        except ValueError:
            since = None
        if since and (news := row.message.followed_by(since)):
            who = news.sender_name or news.sender_address
            raise Conflict(_("%(who)s wrote again: read that first. Nothing was sent.") % {"who": who})

    def save(self, row: Draft, answers: dict[str, str]) -> bool:
        """Keep what the person wrote into the reply, if they did."""
        subject = answers.get("subject", row.subject).strip()
        body = answers.get("body", row.body).replace("\r\n", "\n")
        if (subject, body) == (row.subject, row.body):
            return False
        if not (subject and body.strip()):
            raise Conflict(_("A reply needs a subject and a text; nothing was saved."))
        edit_draft(row, subject=subject[:500], body=body, version=row.version)
        return True


def written_since(draft: Draft) -> QuerySet[Message]:
    """What came into the thread after the mail that a draft answers, the oldest first."""
    mail = draft.message
    rows = Message.objects.filter(thread_id=mail.thread_id, automatic="", same_as=None).exclude(thread_id="")
    newer = rows.filter(received_at__gt=mail.received_at or mail.created_at).exclude(pk=mail.pk)
    return newer.only("sender_name", "sender_address", "received_at", "new_text", "text").order_by("received_at")[
        :NEWER
    ]


def checks_of(drafts: Sequence[Draft]) -> dict[int, list[Check]]:
    """What is to be known of each draft before it is sent; the same three statements, however many there are."""
    threads = {draft.message.thread_id for draft in drafts} - {""}
    people = {contact.address: contact for contact in Contact.objects.filter(address__in=map(address, drafts))}
    mails = Message.objects.filter(thread_id__in=threads, automatic="").only(
        "thread_id", "received_at", "sender_name", "sender_address"
    )
    received, sent = by_thread(mails), by_thread(SentMail.objects.filter(thread_id__in=threads))
    found = {}
    for draft in drafts:
        mail = draft.message
        since = mail.received_at or mail.created_at
        later = [each for each in received[mail.thread_id] if each.received_at and each.received_at > since]
        answers = [each for each in sent[mail.thread_id] if each.sent_at and each.sent_at > since]
        found[draft.pk] = [*checks(draft, later, answers), *absence(people.get(address(draft)))]
    return found


def address(draft: Draft) -> str:
    return draft.to_address.lower()


def absence(contact: Contact | None) -> Iterator[Check]:
    """Say that the customer is away, if their own mailbox said so."""
    if contact and contact.away_until and contact.is_away:
        day = date_format(contact.away_until, "DATE_FORMAT")
        yield Check(False, _("%(who)s is away until %(day)s") % {"who": contact.name or contact.address, "day": day})


def by_thread(mails: Iterable[AnyMail]) -> Mapping[str, list[AnyMail]]:
    threads: dict[str, list[AnyMail]] = defaultdict(list)
    for mail in mails:
        threads[mail.thread_id].append(mail)
    return threads
