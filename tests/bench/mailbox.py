"""A mailbox of 2,000 mails, the same each time: `python -m tests.bench.mailbox FOLDER COUNT` fills a Maildir.

Short texts, HTML beside text, 5 % with attachments of 1 to 5 MB, threads, and eight languages; about 340 MB.
"""

import random
import sys
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path

START = datetime(2026, 1, 5, 8, tzinfo=UTC)
NAMES = (
    "Anna Meyer",
    "José García",
    "Zoë Dupont",
    "Łukasz Nowak",
    "Ольга Иванова",
    "田中 健",
    "John Miller",
    "Åsa Lind",
)
GOODS = (
    "ball valves DN50",
    "hex bolts M12",
    "control cabinets",
    "stainless tubes",
    "gear motors 0.75 kW",
    "seals Ø 40",
)

# (weight, subject, text): the words of which each mail is made.
KINDS = (
    (15, "Request for quotation: {goods}", "Dear Sir or Madam,\n\nplease quote {n} pieces of {goods} with lead time."),
    (8, "Anfrage {goods}", "Sehr geehrte Damen und Herren,\n\nbitte senden Sie uns ein Angebot: {n} Stück {goods}."),
    (4, "Demande de devis", "Bonjour,\n\nnous souhaitons recevoir un devis pour {n} pièces : {goods}. Merci d'avance."),
    (3, "Zapytanie ofertowe {goods}", "Dzień dobry,\n\nproszę o ofertę na {n} sztuk {goods} z dostawą do Łodzi."),
    (2, "お見積りのお願い {goods}", "お世話になっております。\n\n{goods} を {n} 個、お見積りいただけますでしょうか。"),
    (15, "Invoice {n} is due", "Dear accounting team,\n\nour invoice {n} over 1,{n} EUR is payable within 14 days."),
    (5, "Rechnung Nr. {n}", "Guten Tag,\n\nanbei die Rechnung Nr. {n} über {goods}. Bitte überweisen Sie den Betrag."),
    (20, "{n} trends in {goods}", "Our newsletter: {n} ideas and offers around {goods}. Unsubscribe at any time."),
    (18, "You have won {n} dollars", "Congratulations! Claim {n} dollars now, no risk, confirm your account."),
    (10, "Hello", "Hi,\n\na question about last week. Could somebody call me back about number {n}?"),
)  # fmt: skip


def mail(rng: random.Random, number: int) -> bytes:
    """The mail of that number, with CRLF."""
    _, subject, text = rng.choices(KINDS, [weight for weight, _, _ in KINDS])[0]
    name, slots = rng.choice(NAMES), {"goods": rng.choice(GOODS), "n": rng.randint(12, 980)}
    message = EmailMessage(policy=SMTP)
    message["From"] = f'"{name}" <person{number % 700}@company{number % 400}.example>'
    message["To"] = "sales@acme.example"
    message["Subject"] = subject.format(**slots)
    message["Date"] = format_datetime(START + timedelta(minutes=number))
    message["Message-ID"] = f"<bench.{number}@company{number % 400}.example>"
    if number > 50 and rng.random() < 0.2:
        answered = number - rng.randint(1, 50)
        message["In-Reply-To"] = message["References"] = f"<bench.{answered}@company{answered % 400}.example>"
    body = f"{text.format(**slots)}\n\n{name}\nCompany {number % 400}\n"
    message.set_content(body * rng.choice((1, 1, 1, 3)), cte="quoted-printable")
    if rng.random() < 0.5:
        cells = "".join(f'<tr><td style="padding:4px">{line}</td></tr>' for line in body.splitlines() * 4)
        message.add_alternative(f"<html><body><table>{cells}</table></body></html>", subtype="html")
    if number % 20 == 7:
        data = rng.randbytes(rng.randint(900_000, 4_000_000))
        message.add_attachment(data, maintype="application", subtype="pdf", filename=f"Zeichnung {number}.pdf")
    return message.as_bytes()


def fill(folder: Path, count: int) -> None:
    """Write the mails as files of a Maildir, unread and just received."""
    rng = random.Random(1)
    for name in ("cur", "new", "tmp"):
        (folder / name).mkdir(parents=True)
    for number in range(count):
        (folder / "cur" / f"{1_800_000_000 + number}.{number}.bench:2,").write_bytes(mail(rng, number))


if __name__ == "__main__":
    fill(Path(sys.argv[1]), int(sys.argv[2]))
