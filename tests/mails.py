"""Mails for tests: plain bytes of each kind, the same for the same number."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime

SHARED = "sales@acme.example"
KINDS = ("lead", "lead-de", "rfq", "spam", "newsletter", "accounting", "uncertain", "internal", "auto-reply", "thread")

# Nobody reads these, so that the embedded classifier agrees with the stand-in of a model that they are rubbish.
RUBBISH = {
    "spam": """
Congratulations, dear winner! Your address has won 5,000,000 USD in the online lottery. Click here to claim your prize
money now, and send us your bank details and password within 24 hours. 100% guaranteed, no risk, act now! Cheap pills,
casino bonus and a loan without credit check are waiting for you.
""",
    "newsletter": """
This week in our shop: the spring sale. Up to 40% off all shoes, free shipping on orders over 50 EUR. Shop now!
You receive this newsletter because you subscribed to it. Unsubscribe here or view it in your browser.
""",
}


@dataclass(frozen=True)
class Mail:
    """One test mail. `kind` is what it is meant to be judged as; its subject says so to the model's stand-in."""

    kind: str
    number: int
    raw: bytes
    message_id: str
    in_reply_to: str = ""


def mail(kind: str, number: int, *, in_reply_to: str = "", references: str = "") -> Mail:
    """A mail of this kind with the given number."""
    message = EmailMessage()
    message_id = f"<{kind}.{number}@customer{number}.example>"
    message["From"] = sender(kind, number)
    message["To"] = SHARED
    message["Subject"] = f"{kind} number {number}: {'Anfrage für Ventile' if kind == 'lead-de' else 'about valves'}"
    message["Date"] = format_datetime(datetime.now(UTC) - timedelta(minutes=number % 60))
    message["Message-ID"] = message_id
    if in_reply_to:
        message["In-Reply-To"] = in_reply_to
        message["References"] = f"{references} {in_reply_to}".strip()
    if kind == "auto-reply":
        message["Auto-Submitted"] = "auto-replied"
    if kind == "newsletter":
        message["List-Unsubscribe"] = "<https://news.example/off>"
    said, rubbish = f"this is mail {number} of the kind {kind}.", RUBBISH.get(kind, "")
    message.set_content(f"Good day,\n\n{said}\n{rubbish}\nRegards\nAnna Meyer {number}\n")
    if number % 3 == 0:
        message.add_alternative(f"<p>Good day,</p><p>{said}</p><p>{rubbish}</p>", subtype="html")
    if number % 7 == 0:
        message.add_attachment(b"%PDF-1.4 " + b"x" * 50_000, maintype="application", subtype="pdf", filename="a.pdf")
    return Mail(kind, number, message.as_bytes(), message_id, in_reply_to)


def sender(kind: str, number: int) -> str:
    if kind == "internal":
        return "Ben Colleague <ben@acme.example>"
    return f"Anna Meyer {number} <anna{number}@customer{number}.example>"


def mixed(count: int) -> list[Mail]:
    """`count` mails, the kinds in turn; those of the kind "thread" answer a mail that a salesperson sent."""
    mails = []
    for number in range(count):
        kind = KINDS[number % len(KINDS)]
        answered = f"<sent.{number}@acme.example>" if kind == "thread" else ""
        mails.append(mail(kind, number, in_reply_to=answered))
    return mails


def sent_by_salesperson(number: int, address: str) -> bytes:
    """What a salesperson wrote before the customer's mail of the kind "thread" with this number."""
    message = EmailMessage()
    message["From"] = address
    message["To"] = f"anna{number}@customer{number}.example"
    message["Subject"] = f"About valves {number}"
    message["Date"] = format_datetime(datetime.now(UTC) - timedelta(hours=2))
    message["Message-ID"] = f"<sent.{number}@acme.example>"
    message.set_content("Dear Anna, here is our offer.\n")
    return message.as_bytes()


def verdict_on(subject: str) -> dict[str, object]:
    """What the model's stand-in says of a mail, by its subject."""
    kind = subject.split()[0]
    category = {"lead-de": "lead", "rfq": "lead", "thread": "lead"}.get(kind, kind)
    if category not in ("lead", "spam", "newsletter", "accounting"):
        category = "uncertain"
    return {
        "category": category,
        "confidence": 0.97,
        "language": "de" if kind == "lead-de" else "en",
        "technical": kind == "rfq",
        "sender_first_name": "Anna",
        "company": None,
        "reason": f"The subject says {kind}.",
    }
