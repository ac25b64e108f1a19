""" "Did we respond to that customer?": found by anything that is known of them, answered truly in one sentence."""

from datetime import datetime, timedelta

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from crm.models import Contact
from tests import office
from triage.models import Category, Draft, Message, SentMail

pytestmark = pytest.mark.django_db
PAGE = "/admin/triage/message/customers/"


def ask(client: Client, **query: str) -> str:
    return " ".join(client.get(PAGE, query).content.decode().split())


def reply(draft: Draft, at: datetime, who: str = "Ana") -> SentMail:
    number = SentMail.objects.count() + 1
    return SentMail.objects.create(
        mailbox=draft.message.mailbox, uidvalidity=1, uid=number, thread_id=draft.message.thread_id, from_name=who,
        from_address="ana@acme.example", subject="Re: Springs", sent_at=at, to_addresses=draft.to_address,
    )  # fmt: skip


def at(draft: Draft, **later: float) -> datetime:
    assert draft.message.received_at
    return draft.message.received_at + timedelta(**later)


@pytest.mark.parametrize(
    "asked", ["berta@nordic.example", "nordic.example", "Berta Buyer", "nordic ab", "spring", "pumps"]
)
def test_a_customer_is_found_by_name_address_domain_company_subject_and_text(boss, asked):
    office.message("Springs", address="berta@nordic.example")
    Contact.objects.create(address="berta@nordic.example", domain="nordic.example", company="Nordic AB")
    assert "No. 1 mail since" in ask(boss, q=asked)


def test_a_reply_after_the_last_mail_answers_it(boss):
    draft = office.waiting_draft()
    reply(draft, at(draft, minutes=38))
    said = ask(boss, q=draft.to_address)
    assert "Yes. Ana wrote on" in said
    assert "(first reply after 38 minutes). Waiting for the customer since." in said


def test_a_mail_after_the_last_reply_is_not_answered(boss):
    draft = office.waiting_draft()
    reply(draft, at(draft, minutes=5))
    office.message("Springs again", address=draft.to_address, received_at=at(draft, minutes=50))
    said = ask(boss, address=draft.to_address)
    assert "Not to the last mail, of" in said
    assert "assigned to Ana, a reply waits for approval. Ana wrote on" in said


def test_a_reply_from_before_they_wrote_is_none(boss):
    draft = office.waiting_draft()
    reply(draft, at(draft, days=-3))
    assert "No. 1 mail since" in ask(boss, address=draft.to_address)


def test_newsletters_need_no_answer(boss):
    office.message("News", address="news@shop.example", category=Category.NEWSLETTER)
    assert "They only sent spam or newsletters." in ask(boss, address="news@shop.example")


def test_who_never_wrote_is_said_to_have_not(boss):
    assert "They never wrote to this inbox." in ask(boss, address="nobody@shop.example")


def test_the_timeline_tells_what_happened_and_can_be_narrowed_to_one_kind(boss):
    draft = office.waiting_draft()
    reply(draft, at(draft, minutes=5))
    told = ask(boss, address=draft.to_address)
    for said in (
        "Berta Buyer wrote: Springs",
        "boss: Lead",
        "Ana got the lead",
        "A reply was drafted for Ana",
        "Ana wrote:",
    ):
        assert said in told
    assert f"?thread_id={draft.message.thread_id}".replace("<", "&lt;").replace(">", "&gt;") in told
    out = ask(boss, address=draft.to_address, kind="out")
    assert "Ana wrote: Re: Springs" in out
    assert "Berta Buyer wrote: Springs" not in out


def test_all_addresses_of_a_company_are_one_story_but_not_those_of_a_free_provider(boss):
    office.message("Valves", address="a@nordic.example")
    office.message("Gears", address="b@nordic.example")
    assert "Gears" not in ask(boss, address="a@nordic.example")
    assert "Gears" in ask(boss, address="a@nordic.example", company="1")
    office.message("Valves", address="a@gmail.com")
    office.message("Private", address="b@gmail.com")
    whole = ask(boss, address="a@gmail.com", company="1")
    assert "Private" not in whole
    assert "All addresses of this domain" not in whole


def test_the_story_takes_as_many_queries_for_much_as_for_little(boss, django_assert_max_num_queries):
    draft = office.waiting_draft()
    ask(boss, address=draft.to_address)  # so that what a session keeps is kept
    cache.clear()
    with CaptureQueriesContext(connection) as few:
        ask(boss, address=draft.to_address)
    for number in range(30):
        office.message(f"Springs {number}", address=draft.to_address, received_at=timezone.now())
    assert Message.objects.count() == 31
    cache.clear()
    with django_assert_max_num_queries(len(few)):
        ask(boss, address=draft.to_address)
