"""Our mailbox gateway alone: `python -m tests.bench.gateway HOST PORT USER PASSWORD` prints how many mails it read."""

import sys

from inbox_router.environment import MailboxAccount
from triage.mailbox import FetchedMail, ImapMailbox

BATCH = 50


def read(host: str, port: int, user: str, password: str) -> int:
    with ImapMailbox.open(MailboxAccount("inbox", host, port, user, password, "INBOX", "plain")) as box:
        box.state()
        uids = box.uids_after(0)
        batches = (uids[start : start + BATCH] for start in range(0, len(uids), BATCH))
        return sum(isinstance(mail, FetchedMail) for batch in batches for mail in box.fetch(batch).values())


if __name__ == "__main__":
    host, port, user, password = sys.argv[1:]
    sys.stdout.write(str(read(host, int(port), user, password)))
