"""The verbs of the mailbox gateway."""

from collections.abc import Callable, Collection, Sequence
from datetime import date, datetime
from functools import wraps
from types import TracebackType
from typing import Concatenate, ParamSpec, Self, TypeVar

from imapclient.exceptions import IMAPClientError

from inbox_router.environment import MailboxAccount
from triage.mailbox import announcing, changing, reading, searching
from triage.mailbox.connection import Connection
from triage.mailbox.errors import MailboxError, understood
from triage.mailbox.folders import Folder, Role
from triage.mailbox.mails import FetchedMail, FolderState

P = ParamSpec("P")
R = TypeVar("R")
M = TypeVar("M", bound="ImapMailbox")
SENT_FIELDS = (
    "BODY.PEEK[HEADER.FIELDS (MESSAGE-ID IN-REPLY-TO REFERENCES FROM TO CC DATE SUBJECT AUTO-SUBMITTED)]<0.65536>"
)


def verb(method: Callable[Concatenate[M, P], R]) -> Callable[Concatenate[M, P], R]:
    """Let a method raise nothing but MailboxError."""

    @wraps(method)
    def clear(self: M, /, *args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return method(self, *args, **kwargs)
        except (IMAPClientError, OSError) as error:
            raise understood(error, self.account) from error

    return clear


class ImapMailbox:
    """One account over one connection, for one thread. After a MailboxError open a new one.

    Verbs take lists of UIDs of the watched folder, or of `folder`, and cost the same few round trips for one
    mail and for hundreds. Results are by UID; a mail that is gone from the folder is left out of them.
    """

    def __init__(self, account: MailboxAccount, connection: Connection) -> None:
        self.account = account
        self._connection = connection

    @classmethod
    def open(cls, account: MailboxAccount) -> Self:
        """Connect and sign in."""
        try:
            return cls(account, Connection(account))
        except (IMAPClientError, OSError) as error:
            raise understood(error, account) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None or issubclass(kind, Exception):
            self._connection.close()
        else:  # the process is told to end: signing out could take a minute
            self._connection.drop()

    # --- looking ------------------------------------------------------------------------------------------

    @verb
    def state(self, folder: Folder = Role.INBOX) -> FolderState:
        """Look at a folder afresh."""
        return self._connection.state(folder)

    @verb
    def folder_path(self, role: Role) -> str:
        """The path of the folder that plays a part; it is created if there is none."""
        return str(self._connection.path(role, create=True))

    @verb
    def uids_after(self, last_uid: int, folder: Folder = Role.INBOX, since: date | None = None) -> list[int]:
        """All UIDs above one, sorted; of the mails that came in on that day or later."""
        self._connection.read(folder)
        return searching.uids_after(self._connection, folder, last_uid, since)

    @verb
    def unread_since(self, day: date) -> set[int]:
        """The UIDs of the unread mails that came in on that day or later."""
        self._connection.read(Role.INBOX)
        return set(self._connection.client.search(["UNSEEN", "SINCE", day]))

    @verb
    def fetch(self, uids: Collection[int]) -> dict[int, FetchedMail | MailboxError]:
        """Read headers and readable parts, never attachments' bytes. A mail that cannot be read costs only itself."""
        self._connection.read(Role.INBOX)
        return reading.fetch(self._connection, uids)

    @verb
    def raw(self, uid: int, limit: int = 1_000_000, folder: Folder = Role.INBOX) -> bytes:
        """The first `limit` bytes of a mail, empty when it is gone."""
        self._connection.read(folder)
        answer = self._connection.fetch([uid], [f"BODY.PEEK[]<0.{limit}>"]).get(uid, {})
        return answer.get(b"BODY[]<0>") or b""

    @verb
    def flags(self, uids: Collection[int], folder: Folder = Role.INBOX) -> dict[int, frozenset[str]]:
        """The flags, seen afresh, of those mails that are still in the folder."""
        self._connection.read(folder, fresh=True)
        return {uid: reading.flags_in(answer) for uid, answer in self._connection.fetch(uids, ["FLAGS"]).items()}

    @verb
    def find(self, folder: Folder, message_ids: Collection[str]) -> dict[str, list[int]]:
        """The UIDs of the mails with exactly these Message-IDs ("<...>"): an empty list for one that is not there.

        A Message-ID with signs that a search might misread is left out: nothing is known of it.
        """
        if self._connection.path(folder) is None:
            return {message_id: [] for message_id in message_ids if searching.SEARCHABLE.fullmatch(message_id)}
        self._connection.read(folder, fresh=True)
        return searching.by_message_id(self._connection, message_ids)

    @verb
    def message_ids_since(self, folder: Folder, moment: datetime) -> dict[str, list[int]]:
        """The UIDs by Message-ID of the mails that came in since then; none where there is no such folder."""
        if self._connection.path(folder) is None:
            return {}
        self._connection.read(folder, fresh=True)
        return searching.message_ids_of(self._connection, searching.uids_since(self._connection, moment))

    @verb
    def sent_headers_after(
        self, uidvalidity: int | None, last_uid: int, since: date
    ) -> tuple[FolderState, dict[int, bytes]]:
        """The headers that tell threads, by UID, of mails in Sent above `last_uid`.

        When there is no cursor yet, or the folder was renumbered: of those since that day.
        """
        self._connection.path(Role.SENT, create=True)
        state = self._connection.state(Role.SENT)
        if last_uid and uidvalidity == state.uidvalidity:
            uids = searching.uids_after(self._connection, Role.SENT, last_uid)
        else:
            uids = list(self._connection.client.search(["SINCE", since]))
        answers = self._connection.fetch(uids, [SENT_FIELDS])
        return state, {uid: reading.header_in(answer) for uid, answer in answers.items()}

    @verb
    def folders(self) -> dict[Role, str | None]:
        """The path of the folder that plays each part; None for one that is still to be created."""
        return {role: self._connection.path(role) for role in Role}

    @verb
    def label_style(self) -> str:
        """How labels are kept on this server, for people: as Gmail labels, keywords or copies in a folder."""
        return changing.label_style(self._connection, Role.INBOX)

    @property
    def announces_mail(self) -> bool:
        """Whether the server tells of new mail by itself (IDLE, RFC 2177)."""
        return self._connection.can("IDLE")

    @verb
    def wait_for_mail(self, seconds: float) -> bool:
        """Wait until new mail is announced, at most so long, and less than half an hour; whether it was."""
        self._connection.read(Role.INBOX)
        return announcing.wait(self._connection.client, seconds)

    # --- changing -----------------------------------------------------------------------------------------

    @verb
    def move(
        self, uids: Sequence[int], folder: Folder, source: Folder = Role.INBOX, doubtful: Collection[int] = ()
    ) -> dict[int, str]:
        """Move mails, and tell where each one is now. One that was gone is left out.

        `doubtful`: those that an attempt may have copied already whose answer was lost.
        """
        return changing.move(self._connection, uids, source, folder, doubtful)

    @verb
    def append(self, folder: Folder, mails: Sequence[bytes], flags: Sequence[str] = ()) -> list[str | MailboxError]:
        """Add mails (with CRLF) to a folder: the place of each, or why the server refused it."""
        return changing.append(self._connection, folder, mails, flags)

    @verb
    def label(self, uids: Sequence[int], label: str) -> dict[int, str]:
        """Mark mails in the inbox so that people see it: what is read back is the evidence.

        A label on Gmail; a keyword where the server keeps keywords; else a copy in a folder of that name.
        """
        return changing.label(self._connection, Role.INBOX, uids, label)

    @verb
    def unlabel(self, uids: Sequence[int], label: str) -> dict[int, str]:
        """Take a label off again."""
        return changing.unlabel(self._connection, Role.INBOX, uids, label)
