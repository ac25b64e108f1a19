# ruff: noqa: RUF001 (punctuation of many scripts)
"""What a mail's headers and outer shape say, as tokens. No one of them is a verdict."""

import re
from pathlib import PurePath

from triage.classifiers import MailText

PRESENT = (
    "list-unsubscribe",
    "list-unsubscribe-post",
    "list-id",
    "list-post",
    "mailing-list",
    "feedback-id",
    "in-reply-to",
    "auto-submitted",
    "x-autoreply",
    "x-auto-response-suppress",
)
DISCUSSION = ("list-post", "mailing-list")
FREEMAIL = re.compile(
    r"^(gmail|googlemail|yahoo|ymail|hotmail|outlook|live|msn|icloud|me|aol|gmx|web|mail|proton|protonmail|yandex|"
    r"freenet|t-online|orange|free|laposte|wanadoo|libero|virgilio|tiscali|wp|o2|interia|onet|seznam|centrum|qq|163|126|"
    r"sina|naver|daum|hanmail|bk|inbox|list|rambler|uol|bol|terra|ukr|abv|freemail|citromail|telenet|ziggo|kpn|"
    r"bluewin|comcast|verizon|att|sbcglobal|btinternet|bigpond|rediffmail|zoho|fastmail|tutanota)\.",
)
ROBOTS = re.compile(
    r"^(no-?_?reply|donotreply|do-not-reply|mailer|mailer-daemon|postmaster|bounce|notification|notify|alert)"
)
SENDERS = {
    "news": re.compile(
        r"news|mailing|marketing|promo|offer|deals|hello|update|digest|campaign|event|webinar|info\.|shop"
    ),
    "bills": re.compile(
        r"account|billing|invoice|rechnung|buchhalt|factur|fattur|contab|compta|finance|payable|faktura|ap@|ar@"
    ),
    "desk": re.compile(r"^(info|sales|office|contact|kontakt|purchas|einkauf|procure|achats|compras|zakup|order)"),
}
STRANGE_TLD = re.compile(
    r"\.(top|xyz|icu|click|club|online|site|buzz|live|shop|win|bid|loan|work|space|website|fun|vip|cam|rest|ru|cn)$"
)
MONEY = re.compile(r"(?:[$€£¥₹]|\b(?:USD|EUR|GBP|CHF|zł|Kč|kr|Ft|TL|BTC|元|円)\b)", re.IGNORECASE)
FORWARDED = re.compile(
    r"^[ \t]*-{3,}.{0,20}(?:original|ursprüngliche|forwarded|weitergeleitete|message d'origine|messaggio)|"
    r"^\s*-{5,} ?forwarded by",
    re.IGNORECASE | re.MULTILINE,
)
LINK = re.compile(r"https?://|www\.", re.IGNORECASE)
LINKS_MOST = 4  # in powers of two: eight links and more


def domain_of(address: str) -> str:
    """The part behind the @ in lower case, or nothing."""
    return address.rpartition("@")[2].lower() if "@" in address else ""


def freemail(domain: str) -> bool:
    """Whether anybody can have an address there, so that it names no company."""
    return bool(FREEMAIL.match(domain))


def senders(mail: MailText) -> list[str]:
    """Who sent it: the address, its domain unless anybody can have one there, the list."""
    address = mail.sender_address.lower()
    domain = domain_of(address)
    lists = [value.rpartition("<")[2].strip("> ") for name, value in mail.headers.items() if name.lower() == "list-id"]
    return [*filter(None, (address, "" if freemail(domain) else domain, *lists))]


def envelope(mail: MailText, body: str) -> list[str]:
    """Tokens of headers, sender, attachments and shape."""
    headers = {name.lower(): value for name, value in mail.headers.items()}
    automatic = ["mark:automatic"] if mail.automatic else []
    return [*automatic, *_headers(headers), *_sender(mail, headers), *_attachments(mail), *_shape(mail, body)]


def _headers(headers: dict[str, str]) -> list[str]:
    found = [f"header:{name}" for name in PRESENT if name in headers]
    precedence = headers.get("precedence", "").strip().lower()
    if precedence in ("bulk", "list", "junk", "auto_reply"):
        found.append(f"precedence:{precedence}")
    discussion = any(name in headers for name in DISCUSSION)
    if discussion:
        found.append("mark:discussion")
    if not discussion and ({"list-unsubscribe", "list-id", "feedback-id"} & headers.keys() or precedence == "bulk"):
        found.append("mark:bulk")
    if headers.get("auto-submitted", "no").strip().lower() != "no":
        found.append("mark:automatic")
    return found


def _sender(mail: MailText, headers: dict[str, str]) -> list[str]:
    address = mail.sender_address.lower()
    domain = domain_of(address)
    if not domain:
        return []
    found = ["from:freemail" if freemail(domain) else "from:domain"]
    local = address.rpartition("@")[0]
    if ROBOTS.match(local):
        found.append("from:robot")
    found += [f"from:{name}" for name, pattern in SENDERS.items() if pattern.search(address)]
    if STRANGE_TLD.search(domain):
        found.append("from:strange")
    if sum(map(str.isdigit, local)) >= 4:
        found.append("from:digits")
    reply_to = domain_of(headers.get("reply-to", "").strip(" <>"))
    if reply_to and reply_to.strip("<> ") != domain:
        found.append("reply-to:elsewhere")
    return found


def _attachments(mail: MailText) -> list[str]:
    kinds = {PurePath(name.split(" (")[0]).suffix.lower().strip(".") for name in mail.attachments}
    return [f"attached:{kind}" for kind in sorted(kinds) if kind] + (["attached"] if mail.attachments else [])


def _shape(mail: MailText, body: str) -> list[str]:
    found = []
    if links := len(LINK.findall(body)):
        found.append(f"links:{min(LINKS_MOST, links.bit_length())}")
    if MONEY.search(body):
        found.append("money")
    if any(mark in body for mark in "?？؟"):
        found.append("question")
    shouts = body.count("!") + mail.subject.count("!") * 2
    if shouts:
        found.append(f"shouts:{min(3, shouts.bit_length())}")
    letters = [letter for letter in mail.subject if letter.isalpha()]
    if len(letters) > 8 and sum(map(str.isupper, letters)) > len(letters) * 0.6:
        found.append("subject:loud")
    if re.match(r"(re|aw|sv|antw|odp|rif|回复|答复)\s*:", mail.subject.strip(), re.IGNORECASE):
        found.append("subject:reply")
    if FORWARDED.search(mail.text) or re.match(r"(fwd?|wg|tr|rv|vs|i|enc)\s*:", mail.subject.strip(), re.IGNORECASE):
        found.append("forwarded")
    if any(line.lstrip().startswith(">") for line in mail.text.splitlines()):
        found.append("quotes")
    return found
