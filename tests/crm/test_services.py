"""Contacts, leads and the audit log."""

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from crm.models import AuditEntry, Contact, Lead, SheetRow
from crm.services import Entry, contact_for, open_lead, record, set_owner

pytestmark = pytest.mark.django_db


def entry(key: str, **fields: str) -> Entry:
    return Entry(**{"key": key, "action": "filed", "subject": "message:1", "summary": "Filed as a lead"} | fields)


def lead(thread_id: str = "<1@x>") -> Lead:
    contact = contact_for("ana@example.com")
    return open_lead(contact, thread_id=thread_id, source="inbox", subject="Price?", first_message="Hello")[0]


def test_an_entry_is_logged_together_with_its_row_for_the_spreadsheet() -> None:
    record([entry("message:1:filed", reason="because", actor="Ben", actor_kind=AuditEntry.Actor.PERSON)])
    row = SheetRow.objects.get()
    assert (row.key, row.effect, row.state, row.line) == ("message:1:filed", "sheet", SheetRow.State.OWED, None)
    assert (row.entry.actor, row.entry.actor_kind, row.entry.reason) == ("Ben", "person", "because")


def test_what_was_logged_before_is_not_logged_again() -> None:
    record([entry("a", summary="first"), entry("b")])
    record([entry("a", summary="second"), entry("c"), entry("c")])
    assert list(AuditEntry.objects.order_by("pk").values_list("key", "summary")) == [
        ("a", "first"),
        ("b", "Filed as a lead"),
        ("c", "Filed as a lead"),
    ]
    assert SheetRow.objects.count() == 3


def test_an_entry_that_lacks_a_value_stops_the_decision_instead_of_being_dropped() -> None:
    with pytest.raises((ValueError, IntegrityError)), transaction.atomic():
        record([entry("a"), Entry(key="b", action=None, subject="message:1", summary="?")])  # type: ignore[arg-type]
    assert not AuditEntry.objects.exists()


def test_long_texts_of_a_mail_are_cut_to_what_the_log_holds() -> None:
    record([entry("a", summary="s" * 900, mail_subject="m" * 900, reason="r" * 900, sender="x" * 900)])
    row = AuditEntry.objects.get()
    assert [len(text) for text in (row.summary, row.mail_subject, row.reason, row.sender)] == [500, 300, 500, 254]


def test_logging_fifty_entries_takes_as_many_statements_as_one() -> None:
    with CaptureQueriesContext(
        connection,
    ) as one:
        record([entry("first")])
    with CaptureQueriesContext(connection) as fifty:
        record([entry(f"entry {number}") for number in range(50)])
    assert len(fifty) == len(one)


def test_without_an_armed_sheet_the_row_is_only_shown(settings: Settings) -> None:
    settings.ARMED = frozenset()
    record([entry("a")])
    assert SheetRow.objects.get().state == SheetRow.State.SHADOW


@pytest.mark.parametrize("statement", ["UPDATE crm_auditentry SET summary = 'x'", "DELETE FROM crm_auditentry"])
def test_the_database_itself_refuses_to_change_the_log(statement: str) -> None:
    record([entry("a")])
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert AuditEntry.objects.get().summary == "Filed as a lead"


@pytest.mark.skipif(connection.vendor != "postgresql", reason="only PostgreSQL has TRUNCATE")
def test_the_database_itself_refuses_to_empty_the_log() -> None:
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("TRUNCATE crm_auditentry CASCADE")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("run", [1, 2])
def test_the_log_stays_protected_after_a_test_that_commits(run: int) -> None:
    record([entry("a")])
    assert AuditEntry.objects.count() == 1
    with pytest.raises(IntegrityError, match="append-only"), connection.cursor() as cursor:
        cursor.execute("DELETE FROM crm_auditentry")


def test_the_models_refuse_to_change_the_log_with_a_sentence() -> None:
    record([entry("a")])
    row = AuditEntry.objects.get()
    for deed in (row.save, row.delete, AuditEntry.objects.all().delete, AuditEntry.objects.update):
        with pytest.raises(TypeError, match="append-only"):
            deed()


def test_one_contact_is_known_by_every_spelling_of_an_address() -> None:
    first = contact_for(" Ana@Example.com ", "Ana")
    assert contact_for("\uff41na@EXAMPLE.COM") == first
    assert (first.address, first.domain) == ("ana@example.com", "example.com")


def test_what_is_learnt_later_fills_gaps_and_overwrites_nothing() -> None:
    contact_for("ana@example.com", "Ana", "", "de")
    contact = contact_for("ana@example.com", "A. Other", "Example Ltd", "en")
    contact.refresh_from_db()
    assert (contact.name, contact.company, contact.language) == ("Ana", "Example Ltd", "de")


def test_the_database_refuses_a_second_spelling_of_an_address() -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Contact.objects.create(address="Ana@Example.com", domain="example.com")


def test_a_thread_has_one_lead() -> None:
    first = lead("<1@x>")
    contact = contact_for("ben@example.com")
    same, created = open_lead(contact, thread_id="<1@x>", source="inbox", subject="Re: Price?", first_message="")
    assert (same, created) == (first, False)
    assert same.contact.address == "ana@example.com"


def test_a_lead_without_a_thread_is_refused_rather_than_mixed_with_another() -> None:
    with pytest.raises(ValueError, match="thread"):
        lead("")


def test_the_owner_of_a_lead_is_written_down() -> None:
    one = lead()
    set_owner(one, "Ben Kim", "ben@acme.example")
    one.refresh_from_db()
    assert (one.owner_name, one.owner_email) == ("Ben Kim", "ben@acme.example")
