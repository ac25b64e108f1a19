"""One signed-in IMAP connection: opening it, selecting folders, and the answers that imapclient hides."""

import contextlib
import imaplib
import re
import ssl
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from imapclient import IMAPClient, SocketTimeout
from imapclient.exceptions import IMAPClientError

from inbox_router.environment import LOOPBACK, MailboxAccount
from triage.mailbox.errors import MailboxError, variable
from triage.mailbox.folders import Folder, Listed, Role, path_for, playing
from triage.mailbox.mails import FolderState

TIMEOUT = SocketTimeout(connect=10, read=60)  # seconds, for each read
BATCH = 500  # UIDs in one command: a command line must stay below 8 kB

Answer = dict[bytes, Any]


def signed_in(account: MailboxAccount) -> IMAPClient:
    """Connect, encrypt unless on loopback, and sign in. Raises what imapclient, ssl and sockets raise."""
    if account.security == "plain" and account.host not in LOOPBACK:
        reason = f"{account.host} would get the password unencrypted"
        raise MailboxError(f"{reason}: use imaps:// in {variable(account)}", permanent=True)
    tls = account.security == "tls"
    context = ssl.create_default_context()
    client = IMAPClient(account.host, account.port, ssl=tls, ssl_context=context if tls else None, timeout=TIMEOUT)
    client.normalise_times = False  # keep the time zone
    client._imap.debug = 0  # imapclient lets imaplib format every body for a log that nobody reads
    client._imap._encoding = "utf-8"  # passwords beyond ASCII
    try:
        if account.security == "starttls":
            start_tls(client, account, context)
        client.login(account.user, account.password)
    except BaseException:
        with contextlib.suppress(OSError):  # of a socket that the failure has closed already
            client.shutdown()
        raise
    return client


def start_tls(client: IMAPClient, account: MailboxAccount, context: ssl.SSLContext) -> None:
    """Encrypt, or refuse to go on: never fall back to clear text."""
    if not client.has_capability("STARTTLS"):
        reason = f"{account.host}:{account.port} offers no encryption"
        raise MailboxError(f"{reason}: use imaps:// in {variable(account)}", permanent=True)
    client.starttls(context)


class Connection:
    """What all verbs need. Folders are given as a Role or a path."""

    def __init__(self, account: MailboxAccount) -> None:
        self.account = account
        self.client = signed_in(account)
        self._listed: list[Listed] = []
        self._selected: tuple[str, bool] | None = None
        self._permanent_flags: frozenset[str] = frozenset()
        self._known: dict[str, FolderState] = {}

    def close(self) -> None:
        """Sign out; a connection that is broken is only dropped."""
        try:
            self.client.logout()
        except (imaplib.IMAP4.error, OSError):
            self.drop()

    def drop(self) -> None:
        """End the connection without a word."""
        with contextlib.suppress(OSError):
            self.client.shutdown()

    def reopen(self) -> None:
        """Sign in anew, and open the folder again that was open."""
        selected, self._selected = self._selected, None
        self.close()
        self.client = signed_in(self.account)
        if selected:
            self._select(selected[0], readonly=selected[1], fresh=True)

    def can(self, capability: str) -> bool:
        return bool(self.client.has_capability(capability))

    # --- folders ------------------------------------------------------------------------------------------

    def path(self, folder: Folder, *, create: bool = False) -> str | None:
        """The path of a folder; None when there is none and it is not to be created."""
        if folder is Role.INBOX or (folder == self.account.folder and not isinstance(folder, Role)):
            return self.account.folder
        found = self._find(folder)
        if found is None and create:
            found = path_for(str(folder), self._listed)
            self._create(found)
        return found

    def _create(self, path: str) -> None:
        self._listed.clear()
        try:
            self.client.create_folder(path)
        except imaplib.IMAP4.abort:
            raise
        except IMAPClientError as error:
            if "exist" not in str(error).lower():  # another process of ours was faster
                raise

    def _find(self, folder: Folder) -> str | None:
        if not self._listed:
            self._listed = [
                Listed(path, frozenset(flag.decode().lower() for flag in flags), (delimiter or b"").decode())
                for flags, delimiter, path in self.client.list_folders()
            ]
        if isinstance(folder, Role):
            return playing(folder, self._listed)
        paths = [listed.path for listed in self._listed]
        return next((path for path in (folder, path_for(folder, self._listed)) if path in paths), None)

    def read(self, folder: Folder, *, fresh: bool = False) -> None:
        """Open a folder for reading only; `fresh`: even if it is open, so that other clients' changes are seen."""
        self._select(folder, readonly=True, fresh=fresh)

    def change(self, folder: Folder) -> frozenset[str]:
        """Open a folder for changes; the flags that it keeps."""
        self._select(folder, readonly=False, fresh=False)
        return self._permanent_flags

    def state(self, folder: Folder) -> FolderState:
        """Open a folder for reading and tell its state, which the other verbs from now on rely on."""
        self._known.pop(str(self.path(folder)), None)
        self._select(folder, readonly=True, fresh=True)
        return self.known(folder)

    def known(self, folder: Folder) -> FolderState:
        """The state of a folder when it was last opened."""
        return self._known[str(self.path(folder))]

    def _select(self, folder: Folder, *, readonly: bool, fresh: bool) -> None:
        path = self.path(folder)
        if path is None:
            raise self._missing(str(folder))
        if self._selected == (path, readonly) and not fresh:
            return
        self._selected = None  # a refused SELECT leaves no folder open
        try:
            answer = self.client.select_folder(path, readonly=readonly)
        except imaplib.IMAP4.abort:
            raise
        except IMAPClientError as error:
            if re.search(r"NONEXISTENT|exist|not found|unknown", str(error), re.IGNORECASE):
                raise self._missing(path) from error
            raise
        self._permanent_flags = frozenset(flag.decode() for flag in answer.get(b"PERMANENTFLAGS", ()))
        self._remember(path, answer)
        self._selected = (path, readonly)

    def _remember(self, path: str, answer: Answer) -> None:
        state = FolderState(answer[b"UIDVALIDITY"], answer.get(b"UIDNEXT", 0), answer[b"EXISTS"])
        before = self._known.get(path, state)
        if before.uidvalidity != state.uidvalidity:  # the UIDs that the caller has in hand now name other mails
            raise MailboxError(f"{self.account.host} renumbered the folder {path} meanwhile; the next run takes it up")
        self._known[path] = state

    def _missing(self, path: str) -> MailboxError:
        self._listed.clear()
        reason = f"folder {path} does not exist on {self.account.host}"
        hint = f": check the end of {variable(self.account)}" if path == self.account.folder else ""
        return MailboxError(reason + hint, permanent=True)

    # --- commands -----------------------------------------------------------------------------------------

    def fetch(self, uids: Collection[int], items: Sequence[str]) -> dict[int, Answer]:
        """FETCH in the open folder, by UID. One that is gone is left out."""
        answers: dict[int, Answer] = {}
        for batch in batches(uids):
            answers |= self.client.fetch(batch, items)
        return answers

    def forget(self, *codes: str) -> None:
        """Drop response codes of earlier commands."""
        for code in codes:
            self.client._imap.response(code)

    def codes(self, name: str) -> list[list[bytes]]:
        """The words of each response code of that name since `forget`, such as COPYUID and APPENDUID."""
        _, found = self.client._imap.response(name)
        return [words.split() for words in found if words]


def batches(uids: Collection[int]) -> Iterator[list[int]]:
    """Sorted UIDs by the BATCH; always lists, for imapclient takes other iterables for none."""
    ordered = sorted(uids)
    for start in range(0, len(ordered), BATCH):
        yield ordered[start : start + BATCH]


def uid_set(words: bytes) -> list[int]:
    """The UIDs of "4,6:8", in the order in which they stand."""
    found: list[int] = []
    for part in words.decode().split(","):
        first, _, last = part.partition(":")
        found.extend(range(int(first), int(last or first) + 1))
    return found
