"""Sending a reply that a person approved, through Django's mail backend (EMAIL_URL)."""

import smtplib
from email.message import EmailMessage as MimeMessage
from typing import TYPE_CHECKING, Any

from django.core.mail import EmailMessage

from inbox_router.delivery import DeliveryError, Outcome

if TYPE_CHECKING:
    from triage.models import Draft


class Finished(MimeMessage):
    """Bytes that no backend writes anew: a library that folds a long header again can break it."""

    def __init__(self, raw: bytes) -> None:
        super().__init__()
        self.raw = raw

    def as_bytes(self, unixfrom: bool = False, policy: Any = None, linesep: str = "\r\n") -> bytes:
        return self.raw


class Prepared(EmailMessage):
    """A mail whose bytes exist already; the backend only carries them."""

    def __init__(self, raw: bytes, sender: str, recipient: str) -> None:
        super().__init__(from_email=sender, to=[recipient])
        self.raw = raw

    def message(self, *, policy: Any = None) -> MimeMessage:
        return Finished(self.raw)


def send(draft: "Draft") -> Outcome:
    """Send to the customer, then to each in copy.

    One envelope per recipient: a server that refuses one of several recipients does so silently. Only the
    customer's decides the outcome; a copy that could not be sent is told in the evidence.
    """
    raw = draft.mime(sent=True)
    outcome = _send_one(raw, draft.from_address, draft.to_address)
    if isinstance(outcome, DeliveryError):
        return outcome
    refused = [cc for cc in draft.cc_addresses if isinstance(_send_one(raw, draft.from_address, cc), DeliveryError)]
    return outcome + (f"; no copy to {', '.join(refused)}" if refused else "")


def _send_one(raw: bytes, sender: str, recipient: str) -> Outcome:
    try:
        Prepared(raw, sender, recipient).send()
    except (smtplib.SMTPAuthenticationError, smtplib.SMTPNotSupportedError) as error:
        return DeliveryError(f"the mail server refused our sign-in: check EMAIL_URL ({error})", permanent=True)
    except smtplib.SMTPRecipientsRefused as error:
        codes = [code for code, _ in error.recipients.values()]
        return DeliveryError(f"the mail server refused the recipient ({codes})", permanent=min(codes) >= 500)
    except (smtplib.SMTPSenderRefused, smtplib.SMTPDataError, smtplib.SMTPHeloError) as error:
        return DeliveryError(f"the mail server refused the mail: {error.smtp_code}", permanent=error.smtp_code >= 500)
    except (smtplib.SMTPConnectError, ConnectionRefusedError) as error:
        return DeliveryError(f"cannot reach the mail server of EMAIL_URL: {error}")
    except (smtplib.SMTPException, OSError) as error:
        return DeliveryError(f"the connection to the mail server broke: {error}", maybe_done=True)
    return f"accepted for {recipient}"
