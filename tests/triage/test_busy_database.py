"""What happens to a message while others keep the database to themselves."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError, connection

from crm.models import Lead
from routing.models import Assignment
from tests import mails
from tests.servers.imap import ImapPeer
from triage.models import Message

pytestmark = [pytest.mark.django_db, pytest.mark.dovecot]


@pytest.mark.parametrize("said", ["database is locked", "deadlock detected"])
def test_a_message_that_meets_a_busy_database_is_taken_up_by_the_next_run(
    said: str, human: ImapPeer, run: Callable
) -> None:
    def refusing(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        if sql.startswith("INSERT") and '"routing_assignment"' in sql:
            raise OperationalError(said)
        return execute(sql, *rest)

    human.deliver(mails.mail("lead", 1).raw)
    with pytest.raises(OperationalError), connection.execute_wrapper(refusing):
        run()
    assert Message.objects.get().status == Message.Status.CLASSIFIED, "no person is asked: nothing is wrong with it"
    assert Lead.objects.count() == 0
    run()
    assert (Assignment.objects.count(), Lead.objects.count()) == (1, 1)
    assert len(human.uids("Archive")) == 1
