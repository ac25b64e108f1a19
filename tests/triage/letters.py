"""Mails of every shape for the tests of the mailbox gateway, and ways to look at what it read."""

from dataclasses import replace

from inbox_router.environment import MailboxAccount
from tests.servers.imap import Dovecot
from tests.servers.relay import Relay
from triage.mailbox import FetchedMail, ImapMailbox
from triage.mailbox.embedded import EmbeddedImap

Server = Dovecot | EmbeddedImap


def mail(number: int, *, message_id: str = "", body: str = "We need 200 brackets.", header: str = "") -> bytes:
    """A short text mail with CRLF."""
    lines = [
        f"From: Eva Example <eva{number}@customer.example>",
        "To: sales@acme.example",
        f"Subject: Inquiry {number}",
        f"Message-ID: {message_id or f'<m{number}@customer.example>'}",
        *([header] if header else []),
        "",
        body,
        "",
    ]
    return "\r\n".join(lines).encode()


def multipart(number: int, kind: str, *parts: str) -> bytes:
    boundary = "=_b"
    body = "".join(f"--{boundary}\r\n{part}\r\n" for part in parts) + f"--{boundary}--"
    header = f'MIME-Version: 1.0\r\nContent-Type: multipart/{kind}; boundary="{boundary}"'
    return mail(number, header=header, body=body)


PLAIN = "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nGr=C3=BC=C3=9Fe"
HTML = "Content-Type: text/html; charset=iso-8859-1\r\n\r\n<p>Hello</p>"
FORWARDED = (
    "Content-Type: message/rfc822\r\n\r\nFrom: Ida <ida@far.example>\r\nSubject: RFQ\r\n"
    'Content-Type: multipart/alternative; boundary="in"\r\n\r\n'
    "--in\r\nContent-Type: text/plain\r\n\r\nInner plain\r\n"
    "--in\r\nContent-Type: text/html\r\n\r\n<i>Inner</i>\r\n--in--\r\n"
)


def attachment(size: int, name: str = 'filename="drawing.pdf"') -> str:
    """A PDF of about that many bytes."""
    line = "QUJD" * 19  # 57 bytes
    kind = f"Content-Type: application/pdf\r\nContent-Disposition: attachment; {name}"
    return f"{kind}\r\nContent-Transfer-Encoding: base64\r\n\r\n" + "\r\n".join([line] * (size // 57))


def fetched(box: ImapMailbox, uid: int) -> FetchedMail:
    found = box.fetch([uid])[uid]
    assert isinstance(found, FetchedMail), found
    return found


def through(relay: Relay, server: Server) -> MailboxAccount:
    """The account of a server, behind a relay."""
    return replace(server.account(), port=relay.port)


def texts(found: FetchedMail) -> list[tuple[str, str]]:
    return [(part.content_type, part.content.decode().strip()) for part in found.parts]
