"""What happened with a customer, and the answer to "did we respond?"."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q, TextChoices
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from crm.models import Lead
from routing.models import Assignment, SlackAlert
from triage.models import Category, Classification, Draft, Message, SentMail

STORY = 100  # mails of one customer
LIGHT = ("sender_name", "sender_address", "subject", "received_at", "category", "confidence", "thread_id", "status")


class Kind(TextChoices):
    """What an event is."""

    IN = "in", gettext_lazy("In")
    OUT = "out", gettext_lazy("Out")
    DECIDED = "decided", gettext_lazy("Decided")
    LEAD = "lead", gettext_lazy("Lead")
    DRAFT = "draft", gettext_lazy("Draft")
    SLACK = "slack", gettext_lazy("Slack")


@dataclass(frozen=True)
class Event:
    """One thing that happened with a customer; `thread` is the address of its whole conversation."""

    at: datetime
    kind: Kind
    says: str
    more: str = ""
    url: str = ""
    thread: str = ""


@dataclass(frozen=True)
class Story:
    """The rows of what happened, the newest first."""

    mails: list[Message]
    sent: list[SentMail]
    leads: list[Lead]
    drafts: list[Draft]

    @classmethod
    def of(cls, addresses: Sequence[str]) -> "Story":
        """All that was written from, and to, these addresses."""
        mails = Message.objects.filter(sender_address__in=addresses).only(*LIGHT).order_by("-received_at")[:STORY]
        found = list(mails)
        written = Q(thread_id__in={mail.thread_id for mail in found if mail.thread_id})
        for address in addresses[:10]:
            written |= Q(to_addresses__icontains=address)
        sent = SentMail.objects.filter(written).order_by("-sent_at")[:STORY]
        leads = Lead.objects.filter(contact__address__in=addresses).select_related("contact").order_by("-pk")
        drafts = Draft.objects.filter(message__in=[mail.pk for mail in found]).select_related("decided_by")
        return cls(found, list(sent), list(leads), list(drafts.order_by("-pk")))

    def events(self) -> list[Event]:
        """All of it, the newest first."""
        found = [*of_mails(self.mails), *of_sent(self.sent), *of_leads(self.leads), *of_drafts(self.drafts)]
        return sorted(found, key=lambda event: event.at, reverse=True)

    def answer(self) -> str:
        """Did we respond? One sentence."""
        real = [mail for mail in self.mails if mail.category not in Category.trashed()]
        asked = [mail.received_at for mail in real if mail.received_at]
        if not asked:
            return _("They only sent spam or newsletters.") if self.mails else _("They never wrote to this inbox.")
        replies = [mail for mail in self.sent if mail.sent_at and mail.sent_at >= min(asked)]
        told = {"first": _day(min(asked)), "last": _day(max(asked)), "state": self.state()}
        if not replies:
            said = ngettext(
                "No. %(number)s mail since %(first)s; %(state)s.",
                "No. %(number)s mails since %(first)s; %(state)s.",
                len(asked),
            )
            return said % (told | {"number": len(asked)})
        last, first = replies[0].sent_at or min(asked), replies[-1].sent_at or min(asked)
        who = replies[0].from_name or replies[0].from_address
        told |= {"who": who, "day": _day(last), "took": timesince(min(asked), first, depth=1)}
        if max(asked) > last:
            said = _(
                "Not to the last mail, of %(last)s: %(state)s. %(who)s wrote on %(day)s (first reply after %(took)s)."
            )
        else:
            said = _("Yes. %(who)s wrote on %(day)s (first reply after %(took)s). Waiting for the customer since.")
        return said % told

    def state(self) -> str:
        """Who has it, and whether a reply waits."""
        owner = next((lead.owner_name for lead in self.leads if lead.owner_name), _("nobody"))
        if any(draft.state == Draft.State.WAITING for draft in self.drafts):
            return _("assigned to %(owner)s, a reply waits for approval") % {"owner": owner}
        return _("assigned to %(owner)s, no reply waits") % {"owner": owner}


def of_mails(mails: Sequence[Message]) -> Iterator[Event]:
    """Each mail with what it was taken for and why, and each decision of a person about one."""
    rows = Classification.objects.filter(message__in=[mail.pk for mail in mails]).select_related("person")
    judged = {row.message_id: row for row in rows.order_by("pk")}
    for mail in mails:
        url = reverse("admin:triage_message_change", args=(mail.pk,))
        if mail.received_at:
            said = {"who": mail.sender_name or mail.sender_address, "subject": mail.subject or _("no subject")}
            says = _("%(who)s wrote: %(subject)s") % said
            yield Event(mail.received_at, Kind.IN, says, taken_for(mail, judged.get(mail.pk)), url, conversation(mail))
    for row in rows:
        if row.judge == Classification.Judge.PERSON:
            said = {"who": str(row.person or _("somebody")), "category": row.said}
            yield Event(row.created_at, Kind.DECIDED, _("%(who)s: %(category)s") % said, row.reason)


def taken_for(mail: Message, judged: Classification | None) -> str:
    if not mail.category:
        return str(mail.get_status_display())
    sure = f", {int((mail.confidence or 0) * 100)} %"
    return f"{mail.taken_for}{sure}{f': {judged.reason}' if judged and judged.reason else ''}"


def conversation(mail: Message) -> str:
    return f"{reverse('admin:triage_message_changelist')}?thread_id={mail.thread_id}" if mail.thread_id else ""


def of_sent(sent: Sequence[SentMail]) -> Iterator[Event]:
    for mail in sent:
        if mail.sent_at:
            said = {"who": mail.from_name or mail.from_address, "subject": mail.subject}
            to = _("to %(whom)s") % {"whom": mail.to_addresses}
            yield Event(mail.sent_at, Kind.OUT, _("%(who)s wrote: %(subject)s") % said, to)


def of_leads(leads: Sequence[Lead]) -> Iterator[Event]:
    """Each lead's owners with the reason, and what they were told in Slack."""
    for given in Assignment.objects.filter(lead__in=leads).select_related("salesperson").order_by("pk"):
        url = reverse("admin:crm_lead_change", args=(given.lead_id,))
        yield Event(given.at, Kind.LEAD, _("%(who)s got the lead") % {"who": given.salesperson}, given.reason, url)
    told = SlackAlert.objects.filter(assignment__lead__in=leads, settled_at__isnull=False, rewrites=None)
    for alert in told.select_related("salesperson"):
        whom = alert.salesperson or alert.channel
        yield Event(
            alert.settled_at or alert.created_at,
            Kind.SLACK,
            _("%(who)s was told") % {"who": whom},
            str(alert.get_state_display()),
        )


def of_drafts(drafts: Sequence[Draft]) -> Iterator[Event]:
    for draft in drafts:
        url = reverse("admin:triage_draft_change", args=(draft.pk,))
        says, state = (
            _("A reply was drafted for %(owner)s") % {"owner": draft.owner_name},
            str(draft.get_state_display()),
        )
        yield Event(draft.created_at, Kind.DRAFT, says, state, url)
        if draft.decided_at:
            says = f"{draft.decided_by or _('somebody')}: {state}"
            yield Event(draft.decided_at, Kind.DECIDED, says, draft.reject_reason, url)


def _day(moment: datetime) -> str:
    return date_format(timezone.localtime(moment), "SHORT_DATETIME_FORMAT")


def shown(addresses: Sequence[str], kind: str) -> dict[str, Any]:
    """What the page shows of these addresses: the answer, and the events, of one kind if it is told."""
    story = Story.of(addresses)
    events = story.events()
    there = {event.kind for event in events}
    return {
        "addresses": addresses,
        "answer": story.answer(),
        "events": [event for event in events if kind in ("", event.kind)],
        "kinds": [one for one in Kind if one in there],
        "kind": kind,
    }
