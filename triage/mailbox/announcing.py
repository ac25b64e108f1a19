"""Hearing of new mail as it comes: IMAP IDLE (RFC 2177)."""

import time
from collections.abc import Sequence

from imapclient import IMAPClient


def wait(client: IMAPClient, seconds: float) -> bool:
    """Wait in the open folder until the server announces mail, at most so long; whether it did.

    A line that is dead is noticed at the end, when the server is to confirm.
    """
    deadline, heard = time.monotonic() + seconds, False
    client.idle()
    while not heard and (left := deadline - time.monotonic()) > 0:
        answers = client.idle_check(left)
        if not answers:  # the time is up, or the server has hung up
            break
        heard = _tell_of_mail(answers)
    _, last_words = client.idle_done()
    return heard or _tell_of_mail(last_words)


def _tell_of_mail(answers: Sequence[tuple]) -> bool:
    """Whether there is an EXISTS among them; removals, flags and "still here" are no news."""
    return any(len(answer) > 1 and answer[1] == b"EXISTS" for answer in answers)
