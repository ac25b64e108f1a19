"""Sending a reply that a person approved, through Django's mail backend (EMAIL_URL)."""

import smtplib
from email.message import EmailMessage as MimeMessage
from typing import Any

from django.core.mail import EmailMessage, get_connection

from inbox_router.couriers import DeliveryError, Outcome


class Finished(MimeMessage):
    """Bytes that no backend writes anew: a library that folds a long header again can break it."""

    def __init__(self, raw: bytes) -> None:
        super().__init__()
        self.raw = raw

    def as_bytes(self, unixfrom: bool = False, policy: Any = None, linesep: str = "\r\n") -> bytes:
        return self.raw


class Prepared(EmailMessage):
    """A mail whose bytes exist already; the backend only carries them."""

    def __init__(self, raw: bytes, sender: str, recipient: str, connection: Any = None) -> None:
        super().__init__(from_email=sender, to=[recipient], connection=connection)
        self.raw = raw

    def message(self, *, policy: Any = None) -> MimeMessage:
        return Finished(self.raw)


def send(raw: bytes, sender: str, recipient: str) -> Outcome:
    """Send these bytes to one recipient: of several, a server that refuses one does so silently."""
    connection, open_ = get_connection(), False
    try:
        connection.open()  # by itself: while there is no connection nothing can have been sent
        open_ = True
        Prepared(raw, sender, recipient, connection).send()
    except (smtplib.SMTPAuthenticationError, smtplib.SMTPNotSupportedError) as error:
        reason = f"the mail server refused our sign-in: check EMAIL_URL ({error})"
        return DeliveryError(reason, permanent=True, blocked=True)
    except smtplib.SMTPRecipientsRefused as error:
        codes = [code for code, _ in error.recipients.values()]
        return DeliveryError(f"the mail server refused the recipient ({codes})", permanent=min(codes) >= 500)
    except smtplib.SMTPDataError as error:
        # A server that says "later" to a whole mail may have passed it on: https://www.rfc-editor.org/rfc/rfc1047
        reason, never = f"the mail server refused the mail: {error.smtp_code}", error.smtp_code >= 500
        return DeliveryError(reason, permanent=never, maybe_done=not never)
    except (smtplib.SMTPSenderRefused, smtplib.SMTPHeloError) as error:
        return DeliveryError(f"the mail server refused the mail: {error.smtp_code}", permanent=error.smtp_code >= 500)
    except (smtplib.SMTPException, OSError) as error:
        if not open_:
            return DeliveryError(f"cannot reach the mail server of EMAIL_URL: {error}", blocked=True)
        return DeliveryError(f"the connection to the mail server broke: {error}", maybe_done=True)
    finally:
        connection.close()
    return f"accepted for {recipient}"
