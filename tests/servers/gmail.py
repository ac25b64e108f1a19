"""Gmail, as far as we deal with it: labels beside flags, and All Mail, which holds all mail but that in Trash.

    with dovecot(users) as server, GmailProxy(server.port) as proxy:
        account = replace(server.account(), port=proxy.port)

Behind it is a Dovecot with a virtual folder: a mail in the inbox or in Drafts is in All Mail as well, and is one mail.
"""

import re
from collections.abc import Sequence

from tests.servers.imap import Dovecot
from tests.servers.masking import MaskingProxy

ARCHIVED = "Archived"  # where on disk lies what is in All Mail only
# What each folder is to us, by its path.
FOLDERS = {
    "[Google Mail]/Sent Mail": "Sent",
    "[Google Mail]/Drafts": "Drafts",
    "[Google Mail]/Trash": "Trash",
    ARCHIVED: "Archive",
}
ALL_MAIL = """
mail_plugins = virtual
namespace gmail {{
  prefix = [Gmail]/
  separator = /
  location = virtual:{home}/virtual:INDEX=MEMORY
  mailbox "All Mail" {{
    special_use = \\All
  }}
}}
"""
CONTENTS = f"INBOX\n!{ARCHIVED}\n[Google Mail]/Sent Mail\n[Google Mail]/Drafts\n  all\n"
MARK = "gm-"  # how a keyword begins that stands for a label
STORED = re.compile(rb"([+-])X-GM-LABELS(\.SILENT)? \(([^)]*)\)")
TOLD = re.compile(rb"FLAGS \(([^)]*)\)")


def dovecot(users: Sequence[str]) -> Dovecot:
    """The server that keeps the mail; see `GmailProxy`."""
    special = {path: f"\\{role}" if role != "Archive" else "" for path, role in FOLDERS.items()}
    return Dovecot(users, special=special, more=ALL_MAIL, files={"virtual/All Mail/dovecot-virtual": CONTENTS})


class GmailProxy(MaskingProxy):
    """Speaks X-GM-EXT-1: a label is kept behind it as a keyword."""

    def _translated(self, request: bytes) -> bytes:
        if stored := STORED.search(request):
            labels = [f"{MARK}{label.decode()}".encode() for label in re.findall(rb'[^" ]+', stored[3])]
            flags = b"%bFLAGS%b (%b)" % (stored[1], stored[2] or b"", b" ".join(labels))
            return request[: stored.start()] + flags + request[stored.end() :]
        return request.replace(b"X-GM-LABELS", b"FLAGS")

    def _masked(self, answer: bytes) -> bytes:
        answer = super()._masked(answer)
        answer = re.sub(rb"(CAPABILITY IMAP4rev1)", rb"\1 X-GM-EXT-1", answer)
        return b"".join(map(labelled, answer.splitlines(keepends=True)))


def labelled(line: bytes) -> bytes:
    """A line of an answer, with the labels told as Gmail tells them."""
    if b" FETCH (" not in line or not (told := TOLD.search(line)):
        return line
    words = told[1].split()
    mark = MARK.encode()
    flags = b" ".join(word for word in words if not word.startswith(mark))
    labels = b" ".join(b'"%b"' % word.removeprefix(mark) for word in words if word.startswith(mark))
    return line[: told.start()] + b"FLAGS (%b) X-GM-LABELS (%b)" % (flags, labels) + line[told.end() :]
