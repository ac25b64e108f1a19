"""A run has a time limit of its own, far below that of the scheduler, who would kill it in the middle of a deed."""

from typing import Any

import pytest

from tests.servers.imap import ImapPeer
from triage import services
from triage.mailbox.embedded import EmbeddedImap
from triage.models import Classification
from triage.stages.context import CHUNK

MAIL = (
    b"From: Anna <anna%d@x.example>\r\nSubject: Desks\r\nMessage-ID: <%d@x.example>\r\n\r\nWhat do 40 desks cost?\r\n"
)


@pytest.mark.django_db
def test_a_run_that_is_late_ends_after_its_chunk_and_the_next_one_goes_on(
    embedded_imap: EmbeddedImap, settings: Any
) -> None:
    settings.MAILBOXES = {"inbox": embedded_imap.account()}
    with ImapPeer(embedded_imap.account()) as peer:
        for number in range(CHUNK + 5):
            peer.deliver(MAIL % (number, number))
    assert services.process(seconds=0).errors == {}
    assert Classification.objects.count() == CHUNK
    assert services.process().errors == {}
    assert Classification.objects.count() == CHUNK + 5
