"""The writer's company, from the signature or the address."""

import re

from triage.classifiers import MailText
from triage.classifiers.local.envelope import domain_of, freemail

COMPANY_LINE = re.compile(
    r"^[^\n@:/]{2,60}?\b(?:GmbH(?: & Co\. ?KG)?|AG|KG|UG|e\.K\.|Ltd\.?|Limited|LLC|Inc\.?|Corp\.?|PLC|"
    r"S\.?A\.?S?|SARL|S\.?r\.?l\.?|S\.?p\.?A\.?|S\.?L\.?U?|B\.?V\.?|N\.?V\.?|"
    r"A/S|ApS|AS|AB|Oy|Sp\. ?z ?o\.? ?o\.?|s\.r\.o\.|a\.s\.|Kft\.?|d\.o\.o\.|"
    r"Lda\.?|Ltda\.?|A\.Ş\.|株式会社|有限公司)[^\n\w]*$",
    re.MULTILINE,
)
SECOND_LEVEL = ("co", "com", "org", "net", "ac", "gov")


def company_of(mail: MailText) -> str | None:
    """A short line with a legal form near the end of the text, else the name in an address that only a company has."""
    if lines := COMPANY_LINE.findall(mail.new_text[-600:] or mail.text[-600:]):
        return str(lines[-1]).strip()[:80]
    domain = domain_of(mail.sender_address)
    parts = [part for part in domain.split(".")[:-1] if part not in SECOND_LEVEL]
    if not parts or freemail(domain):
        return None
    return parts[-1].replace("-", " ").title()
