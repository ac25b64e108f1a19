"""The baselines: bare imapclient, which reads a mailbox and does nothing else.

`python -m tests.bench.reader WHAT HOST PORT USER PASSWORD` prints how many mails it read.
"""

import sys

from imapclient import IMAPClient

BATCH = 50
ITEMS = {
    "whole": ["BODY.PEEK[]"],
    "text": ["BODY.PEEK[HEADER]", "BODYSTRUCTURE", "BODY.PEEK[1]<0.200000>"],
}


def read(what: str, host: str, port: int, user: str, password: str) -> int:
    client = IMAPClient(host, port, ssl=False)
    client._imap.debug = 0
    client._imap._encoding = "utf-8"
    client.login(user, password)
    client.select_folder("INBOX", readonly=True)
    uids = client.search(["UID", "1:*"])
    starts = range(0, len(uids), BATCH)
    found = sum(len(client.fetch(uids[start : start + BATCH], ITEMS[what])) for start in starts)
    client.logout()
    return found


if __name__ == "__main__":
    what, host, port, user, password = sys.argv[1:]
    sys.stdout.write(str(read(what, host, int(port), user, password)))
