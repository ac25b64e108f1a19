"""Mail from our own domain is a colleague's, and skipped, only if our own server vouches for the address in From."""

from collections.abc import Callable
from typing import Any

import pytest

from crm.models import AuditEntry
from tests.servers.imap import ImapPeer
from tests.triage.judge import SubjectJudge
from triage.models import Message

pytestmark = [pytest.mark.django_db, pytest.mark.dovecot]
Status = Message.Status
COLLEAGUE = "From: Ben <ben@acme.example>\r\n"
VOUCHED = {
    "dmarc": "mx.acme.example; spf=pass smtp.mailfrom=x.example; dmarc=pass header.from=acme.example",
    "signed in": "mx.acme.example; auth=pass smtp.auth=ben@acme.example",
    "signed by us": "mx.acme.example 1; dkim=pass header.d=acme.example",
    "sent by us": "mx.acme.example; spf=pass (sender is known) smtp.mailfrom=ben@acme.example",
}
NOT_VOUCHED = {
    "nobody said anything": "",
    "another server says so": "mx.evil.example; dmarc=pass header.from=acme.example",
    "nothing was checked": "mx.acme.example; none",
    "signed by others": "mx.acme.example; dkim=pass header.d=evil.example; spf=pass smtp.mailfrom=evil.example",
    "forged": "mx.acme.example; dmarc=fail header.from=acme.example",
}


def written(number: int, results: str = "", author: str = COLLEAGUE, more: str = "") -> bytes:
    verdict = f"Authentication-Results: {results}\r\n" if results else ""
    return f"{verdict}{author}{more}Subject: Desks {number}\r\nMessage-ID: <{number}@x>\r\n\r\nHello.\r\n".encode()


def test_a_colleague_is_skipped_only_if_our_own_server_vouches_for_from(
    human: ImapPeer, run: Callable, settings: Any
) -> None:
    settings.AUTH_SERVER = "mx.acme.example"
    for number, results in enumerate([*VOUCHED.values(), *NOT_VOUCHED.values()]):
        human.deliver(written(number, results))
    counts = run()
    statuses = [message.status for message in Message.objects.order_by("uid")]
    assert statuses == [Status.SKIPPED] * len(VOUCHED) + [Status.REVIEW] * len(NOT_VOUCHED)
    assert counts["skipped"] == AuditEntry.objects.filter(action="skipped").count() == len(VOUCHED)
    reasons = Message.objects.filter(status=Status.REVIEW).values_list("review_reason", flat=True)
    assert all("says it is from our domain, but" in reason for reason in reasons)


def test_without_the_name_of_our_server_only_a_forged_colleague_waits_for_a_person(
    human: ImapPeer, run: Callable
) -> None:
    human.deliver(written(1))
    human.deliver(written(2, NOT_VOUCHED["forged"]))
    run()
    assert [message.status for message in Message.objects.order_by("uid")] == [Status.SKIPPED, Status.REVIEW]


def test_two_addresses_in_from_are_no_colleague_whoever_vouches(human: ImapPeer, run: Callable, settings: Any) -> None:
    settings.AUTH_SERVER = "mx.acme.example"
    human.deliver(written(1, VOUCHED["dmarc"], "From: Ben <ben@acme.example>, Eve <eve@evil.example>\r\n"))
    human.deliver(written(2, VOUCHED["dmarc"], "From: ben@acme.example <eve@evil.example>\r\n"))
    run()
    assert Status.SKIPPED not in {message.status for message in Message.objects.all()}


def test_a_form_that_sends_from_our_domain_with_a_customers_reply_to_is_a_customer(
    human: ImapPeer, run: Callable, settings: Any
) -> None:
    settings.AUTH_SERVER = "mx.acme.example"
    form = written(1, "", "From: Website <web@acme.example>\r\n", "Reply-To: Anna <anna@x.example>\r\n")
    human.deliver(form.replace(b"Desks", b"lead"))
    run()
    message = Message.objects.get()
    assert (message.status, message.sender_address) == (Status.DONE, "anna@x.example")
    assert message.category == "lead"


FORWARD = (
    "---------- Forwarded message ---------\r\nFrom: Anna <anna@x.example>\r\nDate: Mon, 2 Mar 2026\r\n"
    "Subject: lead\r\nTo: ben@acme.example\r\n\r\nPlease quote.\r\n"
)


@pytest.mark.parametrize("results", ["", "mx.acme.example; spf=softfail smtp.mailfrom=evil.example"])
def test_a_colleagues_word_for_who_wrote_a_mail_is_believed_only_if_our_own_server_vouches_for_the_colleague(
    human: ImapPeer, run: Callable, settings: Any, results: str
) -> None:
    settings.AUTH_SERVER = "mx.acme.example"
    for number, told in enumerate([VOUCHED["dmarc"], results]):
        raw = (
            written(number, told).replace(b"Subject: Desks", b"Subject: Fwd: lead").replace(b"Hello.", FORWARD.encode())
        )
        human.deliver(raw)
    run(SubjectJudge(category="lead", confidence=0.97))
    proved, unproved = Message.objects.order_by("uid")
    assert (proved.status, proved.sender_address) == (Status.DONE, "anna@x.example")
    assert unproved.status == Status.REVIEW
    assert "says it is from our domain, but" in unproved.review_reason
