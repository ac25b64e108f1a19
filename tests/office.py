"""An office on a usual morning, for the tests of the admin: rows in every state that a person may meet."""

from datetime import timedelta
from itertools import count

from django.conf import settings
from django.contrib.auth.models import Group, User
from django.db.models import Model
from django.utils import timezone

from crm.models import AuditEntry, SheetRow
from inbox_router.delivery import Delivery
from inbox_router.roles import ROLES
from routing.models import Assignment, Hold, Leave, Pool, SlackAlert
from tests.routing.making import lead, person, pool
from triage import search
from triage.models import (
    Aside,
    Category,
    CategoryGuide,
    Claim,
    Classification,
    Draft,
    DryRun,
    Mailbox,
    MailboxDelivery,
    Message,
    Queue,
    ReplyTemplate,
    Run,
    SenderRule,
    SentMail,
)
from triage.services import carry_out_due, decide, hold_decision, undo

numbers = count(1)
NASTY = "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"


def mailbox() -> Mailbox:
    return Mailbox.objects.get_or_create(name="inbox", defaults={"address": "sales@acme.example"})[0]


def message(
    subject: str = "Pumps", *, status: str = Message.Status.REVIEW, address: str = "", **fields: object
) -> Message:
    """A mail that came in and was judged; the older, the later it is made."""
    number = next(numbers)
    address = address or f"berta{number}@customer{number}.example"
    values = {
        "category": Category.LEAD,
        "confidence": 0.55,
        "language": "en",
        "text": f"Hello,\n\nwe need {number} pumps by 3 May.\n\nRegards\nBerta",
        "review_reason": "Lead, 55 % sure: below the line of 70 %",
        "thread_id": f"<{number}@customer.example>",
        "received_at": timezone.now() - timedelta(hours=1, minutes=number),
    } | fields
    made = Message.objects.create(
        mailbox=mailbox(),
        folder="INBOX",
        uidvalidity=1,
        uid=number,
        status=status,
        subject=subject,
        message_id=f"<{number}@customer.example>",
        from_address=address,
        reply_to=address,
        sender_address=address,
        sender_name="Berta Buyer",
        **values,
    )
    search.index([made])
    if made.category:
        Classification.objects.create(
            message=made, judge="local", model="starter", category=made.category, confidence=made.confidence,
            reason="Asks for a quote.", sender_first_name="Berta",
        )  # fmt: skip
    return made


def user(name: str, *roles: str, **fields: object) -> User:
    """Somebody who may sign in, with these roles."""
    made = User.objects.create(username=name, email=f"{name}@acme.example", is_staff=True, **fields)
    made.groups.set(Group.objects.filter(name__in=roles))
    return made


def boss() -> User:
    return User.objects.filter(username="boss").first() or user("boss", is_superuser=True)


def team() -> Pool:
    """Ana and Ben in one pool, made once."""
    found = Pool.objects.filter(name="Inside sales").first()
    return found or pool("Inside sales", person("Ana", "en", user=None), person("Ben", "en", "de"))


def edits(thing: Model) -> list[tuple[str, str, str]]:
    """What the audit log has of edits of a thing: what, why, who."""
    rows = AuditEntry.objects.filter(action="edited", subject=f"{thing._meta.model_name}:{thing.pk}").order_by("pk")
    return list(rows.values_list("summary", "reason", "actor"))


def waiting_draft(subject: str = "Springs") -> Draft:
    """A draft as the act stage makes it: a lead was found, somebody owns it."""
    team()
    made = message(subject)
    decide(made, Category.LEAD, boss())
    return made.drafts.get()


def time_passes() -> int:
    """So much that nothing can be taken back any more; how many decisions took effect."""
    return carry_out_due(timezone.now() + timedelta(seconds=settings.UNDO_SECONDS))


def fill() -> None:
    """Rows in every table, in every state that matters."""
    for role in ROLES:
        user(role.lower().replace(" ", "-"), role)
    waiting_draft()
    for subject in ("Valves", "Gears", NASTY):
        message(subject, text=f"{NASTY}\nPlease quote.", html=f"<h1>Please quote</h1>{NASTY}")
    message(
        "Broken",
        status=Message.Status.QUARANTINED,
        category="",
        confidence=None,
        raw=b"\xff<script>",
        error="no header",
    )
    decide(message("Invoice 7"), Category.ACCOUNTING, boss())
    troubles()
    guide = CategoryGuide.objects.create(definitions={"lead": "Whoever asks for pumps."}, made_by="boss")
    DryRun.objects.create(guide=guide, mails=5, max_cost=1)
    ReplyTemplate.objects.create(language="en", text="Hello {{ first_name }}, {{ owner_name }} will call you.")
    SenderRule.objects.create(pattern="news.example", kind=SenderRule.Kind.MARKETING)
    SentMail.objects.create(
        mailbox=mailbox(), uidvalidity=1, uid=1, subject="Re: Springs", from_address="ana@acme.example",
        to_addresses="somebody@customer.example", sent_at=timezone.now(),
    )  # fmt: skip
    rejected = hold_decision(message("Skates"), "spam", boss())
    undo(rejected.request, boss())
    Message.objects.filter(pk=rejected.message_id).update(status=Message.Status.DONE)
    Claim.take(Queue.REVIEWS, 1, boss())
    Aside.objects.create(queue=Queue.REVIEWS, row=1, person=boss(), why="In Czech")
    Run.objects.create(mailbox=mailbox(), finished_at=timezone.now(), counts={"lead": 1})
    held = lead(subject="Held")
    Hold.objects.create(lead=held, reason="Nobody is there.")  # of no pool: nobody stands in line behind it
    ana = team().memberships.first().salesperson
    Leave.objects.create(salesperson=ana, first_day="2020-01-01", last_day="2020-01-02")
    Mailbox.objects.update(last_error="The server does not know the password.", last_polled_at=timezone.now())


def troubles() -> None:
    """A failed delivery of each kind, and one that may have been done."""
    failed = {"state": Delivery.State.FAILED, "error": "refused"}
    first = MailboxDelivery.objects.order_by("pk").first()
    MailboxDelivery.objects.filter(pk=first.pk).update(**failed)
    SheetRow.objects.filter(pk=SheetRow.objects.order_by("pk").first().pk).update(**failed)
    given = Assignment.objects.first()
    SlackAlert.objects.create(
        key="alert:1", effect="slack", stream="alert:1", assignment=given, salesperson=given.salesperson,
        text="A lead for you", state=Delivery.State.UNCONFIRMED,
    )  # fmt: skip
