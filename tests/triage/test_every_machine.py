"""Every automatic mail that we know, through the whole program: nobody is assigned, drafted to, or loses a turn."""

import re
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from django.contrib.auth.models import User

from crm.models import Contact, Lead
from routing.models import Assignment, Hold, LedgerLine, SlackAlert
from tests import mails
from tests.servers.imap import ImapPeer
from tests.triage.judge import SubjectJudge
from triage import services
from triage.models import Draft, MailboxDelivery, Message

pytestmark = [pytest.mark.django_db, pytest.mark.dovecot]
FOLDER = Path(__file__).parents[1] / "emails" / "automatic"
EXPECTED = tomllib.loads((FOLDER / "expected.toml").read_text("utf-8"))
MACHINES = [name for name, expected in EXPECTED.items() if expected["kind"]]
EAGER = SubjectJudge(category="lead", confidence=1.0, language="en")  # for whom everything is a lead


def standing() -> dict[str, list[object]]:
    """Owners, clocks, turns and drafts, and when customers wrote and were written to last."""
    kinds = {
        "leads": Lead.objects.values("pk", "owner_email", "stage"),
        "contacts": Contact.objects.values("pk", "last_in_at", "last_out_at"),
        "assignments": Assignment.objects.values(),
        "turns": LedgerLine.objects.values(),
        "drafts": Draft.objects.values(),
        "holds": Hold.objects.values(),
        "sent": MailboxDelivery.objects.filter(deed__in=("send", "draft", "discard", "trash")).values("pk", "state"),
    }
    return {kind: list(rows.order_by("pk")) for kind, rows in kinds.items()}


@pytest.fixture
def draft(human: ImapPeer, run: Callable) -> Draft:
    """The reply to a lead, sent and seen in Sent."""
    human.deliver(mails.mail("lead", 60).raw)
    run(EAGER)
    draft = Draft.objects.get()
    services.approve_draft(draft, User.objects.create_user("anton"))
    for _ in range(2):
        run(EAGER)
    draft.refresh_from_db()
    return draft


def about(name: str, answered: str) -> bytes:
    """One of the mails, about a mail of ours: in answer to it, or saying that it did not arrive."""
    raw = (FOLDER / f"{name}.eml").read_bytes()
    for bounced in EXPECTED[name].get("bounced", ()):
        raw = raw.replace(bounced.encode(), answered.encode())
    head, end, body = raw.partition(b"\n\n")
    head = re.sub(rb"(?im)^(in-reply-to|references):.*\n(?:[ \t].*\n)*", b"", head + b"\n")
    return head + f"In-Reply-To: {answered}".encode() + end + body


def test_about_a_lead_each_lies_with_it_and_nothing_moves(human: ImapPeer, run: Callable, draft: Draft) -> None:
    before, lead = standing(), Lead.objects.get()
    for name in MACHINES:
        human.deliver(about(name, draft.sent_mail_id))
    run(EAGER)
    run(EAGER)
    told = Message.objects.exclude(automatic="")
    assert told.count() == len(MACHINES) >= 60
    assert {one.thread_id for one in told} == {lead.thread_id}
    assert {one.status for one in told} == {Message.Status.DONE}
    assert standing() == before
    lead.refresh_from_db()
    assert lead.reply_bounced_at
    failed = [one for one in told if one.automatic == "bounce" and draft.sent_mail_id in one.bounced_ids]
    assert len(failed) == sum(expected["kind"] == "bounce" for expected in EXPECTED.values())
    bounces = SlackAlert.objects.filter(text__contains="A reply to your customer did not arrive")
    assert bounces.count() == 1, "however many servers say so"


def test_about_nothing_of_ours_each_waits_for_a_person(human: ImapPeer, run: Callable, draft: Draft) -> None:
    before = standing()
    for name in MACHINES:
        human.deliver((FOLDER / f"{name}.eml").read_bytes())
    run(EAGER)
    run(EAGER)
    told = Message.objects.exclude(automatic="")
    assert told.count() == len(MACHINES)
    assert {(one.status, one.category) for one in told} == {(Message.Status.REVIEW, "uncertain")}
    assert standing() == before


@pytest.mark.parametrize("name", [name for name, expected in EXPECTED.items() if "until" in expected])
def test_when_a_customer_is_back_is_kept_for_the_contact(human: ImapPeer, run: Callable, name: str) -> None:
    raw = (FOLDER / f"{name}.eml").read_bytes()
    human.deliver(raw)
    run(EAGER)
    sender = Message.objects.get().sender_address
    Contact.objects.create(address=sender)
    human.deliver(raw.replace(b"Message-I", b"X-Was: again\nMessage-I", 1))
    run(EAGER)
    assert str(Contact.objects.get(address=sender).away_until) == EXPECTED[name]["until"]
