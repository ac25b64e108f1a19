"""The mailbox gateway's one error, and the reading of what servers and networks say into it."""

import imaplib
import re
import socket
import ssl

from imapclient.exceptions import CapabilityError, IMAPClientError, LoginError, ProtocolError

from inbox_router.environment import MailboxAccount

# Response codes of RFC 5530 and RFC 3501 that no repetition mends.
PERMANENT_CODES = ("[NOPERM]", "[NONEXISTENT]", "[TRYCREATE]", "[CANNOT]", "[ALREADYEXISTS]", "[READ-ONLY]")
# What a server says that has trouble of its own, which passes.
TEMPORARY = re.compile(
    r"\[(INUSE|LIMIT|SERVERBUG|ALERT)\]|unavailable|not connected|too many|temporar|throttl|rate limit|try again",
    re.IGNORECASE,
)
# "Request is throttled. Suggested Backoff Time: 299961 milliseconds" is how Exchange puts it.
SUGGESTED_BACKOFF = re.compile(r"Backoff Time: (\d+) milliseconds", re.IGNORECASE)


class MailboxError(Exception):
    """One line that says what is wrong with a mailbox or a mail, and what to do about it.

    `permanent`: repeating is pointless until a person mends something. `blocked`: nothing at all can be done there
    for now. `retry_after`: seconds that the server asked us to wait.
    """

    def __init__(self, message: str, *, permanent: bool = False, blocked: bool = False, retry_after: float = 0) -> None:
        super().__init__(" ".join(message.split())[:400])
        self.permanent = permanent
        self.blocked = blocked
        self.retry_after = retry_after


def variable(account: MailboxAccount) -> str:
    """The setting that an account comes from."""
    return "MAILBOX_URL" if account.name == "inbox" else f"MAILBOX_{account.name.upper()}_URL"


def understood(error: Exception, account: MailboxAccount) -> MailboxError:
    """Read whatever imapclient, imaplib, ssl or a socket raised."""
    if isinstance(error, LoginError):
        if isinstance(error.__context__, imaplib.IMAP4.abort):  # nobody refused anything
            return understood(error.__context__, account)
        return sign_in_refused(error, account)
    if isinstance(error, OSError):
        return unreachable(error, account)
    if isinstance(error, CapabilityError):
        return MailboxError(f"{account.host} cannot do what is needed: {said(error)}", permanent=True)
    if isinstance(error, imaplib.IMAP4.readonly):
        reason = f"{account.host} lets {account.user} only read: {said(error)}"
        return MailboxError(f"{reason}. Give this user the right to change the folder", permanent=True)
    if isinstance(error, imaplib.IMAP4.abort):
        return MailboxError(f"the connection to {account.host} broke off: {said(error)}")
    return MailboxError(
        f"{account.host} refused: {said(error)}",
        permanent=any(code in str(error) for code in PERMANENT_CODES),
        blocked="[OVERQUOTA]" in str(error),
        retry_after=asked_to_wait(error),
    )


def asked_to_wait(error: Exception) -> float:
    """For how many seconds the server wants to be left alone."""
    wait = SUGGESTED_BACKOFF.search(str(error))
    return int(wait[1]) / 1000 if wait else 0


def is_servers_trouble(error: Exception) -> bool:
    """Whether the server said that it cannot serve anybody now: it is not about the mail that was asked for."""
    refused = isinstance(error, IMAPClientError) and not isinstance(error, ProtocolError)  # that one quotes mails
    return refused and bool(TEMPORARY.search(str(error)))


def sign_in_refused(error: Exception, account: MailboxAccount) -> MailboxError:
    if TEMPORARY.search(str(error)):
        reason = f"{account.host} lets nobody sign in for now: {said(error)}"
        return MailboxError(reason, blocked=True, retry_after=asked_to_wait(error))
    return MailboxError(
        f"sign-in refused for {account.user} at {account.host}: check user and password in {variable(account)} "
        f"(the server said: {said(error)})",
        permanent=True,
        blocked=True,
    )


def unreachable(error: OSError, account: MailboxAccount) -> MailboxError:
    where = f"{account.host}:{account.port}"
    if isinstance(error, socket.gaierror):
        again = error.errno == socket.EAI_AGAIN
        return MailboxError(
            f"unknown host {account.host}: check {variable(account)}", permanent=not again, blocked=True
        )
    if isinstance(error, ssl.SSLCertVerificationError):
        reason = f"the certificate of {where} cannot be trusted: {error.verify_message}"
        return MailboxError(f"{reason}. Check the host name in {variable(account)}", permanent=True, blocked=True)
    if isinstance(error, ssl.SSLError):
        reason = f"{where} does not speak TLS as expected: check scheme and port in {variable(account)}"
        return MailboxError(reason, blocked=True)
    if isinstance(error, TimeoutError):
        return MailboxError(f"{where} did not answer in time")
    return MailboxError(f"cannot reach {where} ({error.strerror or error}): check {variable(account)}", blocked=True)


def said(error: Exception) -> str:
    """The server's own words, out of the bytes or the text of bytes that imaplib and imapclient put them into."""
    words = error.args[0] if error.args else type(error).__name__
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else str(words)
    return re.sub(r"""^b(['"])(.*)\1$""", r"\2", text)
