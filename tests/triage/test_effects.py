"""The button of a decision tells what will follow, and that follows."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from crm.models import Contact, Lead
from routing.models import Assignment, LedgerLine, Membership, Pool
from tests import office
from tests.routing.making import person, pool
from triage.admin.effects import effect
from triage.models import Category, Message, SentMail
from triage.services import decide

pytestmark = pytest.mark.django_db
MODELS = (Contact, Lead, Assignment, LedgerLine, Message)


def told(row: Message) -> str:
    return effect(Category.LEAD, Message.objects.get(pk=row.pk))


def test_it_names_the_next_person_and_that_person_gets_it():
    office.team()
    for _ in range(5):
        row = office.message()
        said = told(row)
        decide(row, Category.LEAD, office.boss())
        who = Assignment.objects.order_by("pk").last().salesperson.name
        assert said == f"Assign to {who} (next in Inside sales), draft, CRM record"
    assert set(Assignment.objects.values_list("salesperson__name", flat=True)) == {"Ana", "Ben"}


def test_it_is_the_pool_of_that_very_mail():
    office.team()
    pool("Engineering", person("Eva"), kind=Pool.Kind.TECHNICAL)
    assert "Eva (next in Engineering)" in told(office.message(technical=True))
    assert "(next in Inside sales)" in told(office.message())


def test_who_speaks_the_customers_language_goes_first():
    office.team()
    assert "Assign to Ben" in told(office.message(language="de"))


def test_a_known_customer_stays_with_their_owner():
    office.team()
    first = office.message(address="berta@pumps.example")
    decide(first, Category.LEAD, office.boss())
    owner = Lead.objects.get().owner_name
    assert f"Assign to {owner} ({owner} has had this customer" in told(office.message(address="berta@pumps.example"))
    assert f"Assign to {owner} ({owner} has had pumps.example" in told(office.message(address="tom@pumps.example"))


def test_who_is_in_the_conversation_already_keeps_it():
    ana = office.team().memberships.first().salesperson
    row = office.message()
    SentMail.objects.create(
        mailbox=row.mailbox, uidvalidity=1, uid=5, thread_id=row.thread_id, message_id="<a@acme.example>",
        from_address=ana.email, to_addresses=row.from_address, sent_at=timezone.now() - timedelta(hours=2),
    )  # fmt: skip
    Message.objects.filter(pk=row.pk).update(in_reply_to="<a@acme.example>", references="<a@acme.example>")
    assert told(row) == "In conversation with Ana: no assignment, no draft"


def test_a_mail_of_a_known_thread_gets_no_new_owner():
    office.team()
    first = office.message()
    decide(first, Category.LEAD, office.boss())
    assert told(office.message(thread_id=first.thread_id)) == "Belongs to the lead of Ana: no new assignment"


def test_where_nobody_is_there_it_says_that_it_waits():
    assert "waits for an owner: No pool takes this lead" in told(office.message())


def test_an_automatic_mail_gets_no_draft():
    office.team()
    assert "no draft" in told(office.message(automatic="bulk"))


def test_telling_changes_nothing_and_asks_as_often_for_many_rows_as_for_few():
    office.team()
    row = office.message()
    before = [list(model._default_manager.values()) for model in (*MODELS, Membership, Pool)]
    with CaptureQueriesContext(connection) as few:
        told(row)
    assert [list(model._default_manager.values()) for model in (*MODELS, Membership, Pool)] == before
    assert not [query for query in few if not query["sql"].startswith("SELECT")]
    for number in range(6):
        pool(f"Pool {number}", person(f"Pia {number}"))
        decide(office.message(), Category.LEAD, office.boss())
    with CaptureQueriesContext(connection) as many:
        told(row)
    assert len(many) <= len(few)
