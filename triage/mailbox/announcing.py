"""Hearing of new mail as it comes: IMAP IDLE (RFC 2177)."""

import selectors
import time
from collections.abc import Sequence

from imapclient import IMAPClient

FIRST_ROUND = 1.0  # seconds


def wait(client: IMAPClient, seconds: float) -> bool:
    """Wait in the open folder until the server announces mail, at most so long; whether it did.

    A line that is dead is noticed at the end of a round, when the server is to confirm. What it says is read up to that
    confirmation, not before: imapclient's `idle_check` takes the first half of a line for a broken connection. Each
    round is twice as long as the one before, for what comes in one packet with the consent to IDLE waits for its end.
    """
    deadline, longest = time.monotonic() + seconds, FIRST_ROUND
    while (left := deadline - time.monotonic()) > 0:
        # What came until now is told before IDLE begins: in between, where RFC 2177 allows it, imapclient gives up.
        _, said = client.noop()
        if not _tell_of_mail(said):
            client.idle()
            _await_a_word(client, min(left, longest))
            _, said = client.idle_done()
        if _tell_of_mail(said):
            return True
        longest *= 2
    return False


def _await_a_word(client: IMAPClient, seconds: float) -> None:
    """Wait until the server says anything or hangs up, at most so long."""
    with selectors.DefaultSelector() as selector:
        selector.register(client.socket(), selectors.EVENT_READ)
        selector.select(seconds)


def _tell_of_mail(answers: Sequence[tuple]) -> bool:
    """Whether there is an EXISTS among them; removals, flags and "still here" are no news."""
    return any(len(answer) > 1 and answer[1] == b"EXISTS" for answer in answers)
