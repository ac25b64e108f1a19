"""The made-up year of mail: as much as was asked for, and never beside real mail."""

import pytest
from django.core.management import CommandError, call_command

from crm.models import AuditEntry, Lead, SheetRow
from inbox_router.delivery import kinds
from tests import office
from triage.models import Draft, Message
from triage.search import matching

pytestmark = pytest.mark.django_db


def generate(messages: int, leads: int, entries: int) -> None:
    call_command("generate_history", messages=messages, leads=leads, entries=entries)


def counts() -> tuple[int, ...]:
    return tuple(model.objects.count() for model in (Message, Lead, Draft, AuditEntry, SheetRow))


def test_it_makes_as_much_as_was_asked_for_and_adds_to_its_own():
    generate(40, 10, 100)
    assert counts() == (40, 10, 10, 100, 100)
    generate(20, 20, 10)
    assert counts() == (60, 30, 30, 110, 110)


def test_nothing_of_it_is_ever_delivered():
    generate(40, 10, 100)
    assert sum(kind.objects.exclude(state="done").count() for kind in kinds()) == 0


def test_it_is_found_by_its_words():
    generate(40, 10, 0)
    assert matching("generated") == []
    newest = Message.objects.last()
    assert matching(newest.subject)[0] == newest.pk


def test_a_database_with_real_mail_is_left_alone():
    office.message()
    with pytest.raises(CommandError, match="real mail"):
        generate(40, 10, 100)
    assert Message.objects.count() == 1


@pytest.mark.parametrize("wrong", [(0, 0, 0), (5, 6, 0), (5, -1, 0), (5, 1, -1)])
def test_impossible_amounts_are_refused(wrong):
    with pytest.raises(CommandError, match="Give at least one mail"):
        generate(*wrong)
