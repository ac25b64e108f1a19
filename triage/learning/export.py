"""What people said of mail, in the format that training and evaluation read."""

from __future__ import annotations

from email.utils import formataddr
from typing import Any

from triage.classifiers.local.dataset import TRASH
from triage.models import Classification
from triage.stages.classify import mail_text


def line(verdict: Classification) -> dict[str, Any]:
    """One verdict as a row of the dataset; spam for a newsletter, or the reverse, does no harm."""
    message = verdict.message
    mail = mail_text(message)
    headers = {"subject": mail.subject, "from": formataddr((mail.sender_name, mail.sender_address))}
    return {
        "id": message.name,
        "source": str(message.mailbox.name),
        "headers": {**{name: value for name, value in mail.headers.items() if name not in headers}, **headers},
        "body_text": mail.text,
        "has_html": bool(message.html),
        "n_attachments": len(mail.attachments),
        "attachments": list(mail.attachments),
        "label": verdict.category,
        "acceptable": sorted(TRASH) if verdict.category in TRASH else [verdict.category],
        "language": message.language or "und",
        "synthetic": False,
        "group": message.thread_id or message.name,
    }
