"""Ledger lines are written once and never change, whoever asks: the models refuse, and so does the database."""

import pytest
from django.db import IntegrityError, connection, transaction

from routing.models import LedgerLine
from tests.routing.making import check_books, give, person, pool


@pytest.fixture
def line() -> LedgerLine:
    pool("Inside", person("Ana"))
    give()
    return LedgerLine.objects.latest("pk")


@pytest.mark.django_db
@pytest.mark.parametrize("statement", ["UPDATE routing_ledgerline SET change = 0", "DELETE FROM routing_ledgerline"])
def test_the_database_itself_refuses_to_change_the_ledger(statement: str, line: LedgerLine) -> None:
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    check_books()
    assert LedgerLine.objects.latest("pk").credit == line.credit


@pytest.mark.django_db
@pytest.mark.skipif(connection.vendor != "postgresql", reason="only PostgreSQL has TRUNCATE")
def test_the_database_itself_refuses_to_empty_the_ledger() -> None:
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("TRUNCATE routing_ledgerline CASCADE")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("run", [1, 2])
def test_the_ledger_stays_protected_after_a_test_that_commits(run: int, line: LedgerLine) -> None:
    with pytest.raises(IntegrityError, match="append-only"), connection.cursor() as cursor:
        cursor.execute("DELETE FROM routing_ledgerline")


@pytest.mark.django_db
def test_the_models_refuse_to_change_the_ledger_with_a_sentence(line: LedgerLine) -> None:
    for deed in (line.save, line.delete, LedgerLine.objects.all().delete, LedgerLine.objects.update):
        with pytest.raises(TypeError, match="append-only"):
            deed()
