"""The mailbox gateway: our verbs over IMAP, and the only importer of imapclient.

    with ImapMailbox.open(account) as box:
        state = box.state()
        mails = box.fetch(box.uids_after(0))

It reads with BODY.PEEK in folders opened read-only, so nobody's read marks change. It never expunges, except
by UID what it has itself copied where a server cannot move. Every trouble is a MailboxError.
"""

from triage.mailbox.errors import MailboxError
from triage.mailbox.folders import Folder, Role
from triage.mailbox.imap import ImapMailbox
from triage.mailbox.mails import Attachment, FetchedMail, FolderState, TextPart

__all__ = [
    "Attachment",
    "FetchedMail",
    "Folder",
    "FolderState",
    "ImapMailbox",
    "MailboxError",
    "Role",
    "TextPart",
]
