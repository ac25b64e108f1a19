# ruff: noqa: RUF001 (look-alike punctuation of other scripts is meant)
"""Contact forms: who sends them, and the fields they put into the text of a mail."""

import re
from collections.abc import Iterator

from triage.parsing.addresses import normalised
from triage.parsing.words import any_of

# Services that mail a form's answers, and portals that pass on inquiries; by the domain they send from.
SERVICES = {
    "123formbuilder.com": "123FormBuilder",
    "alibaba.com": "Alibaba",
    "basin.email": "Basin",
    "carrd.co": "Carrd",
    "cognitoforms.com": "Cognito Forms",
    "directindustry.com": "DirectIndustry",
    "europages.com": "Europages",
    "facebookmail.com": "Facebook Lead Ads",
    "fillout.com": "Fillout",
    "formbold.com": "FormBold",
    "formcarry.com": "formcarry",
    "formresponses.netlify.com": "Netlify Forms",
    "formspark.io": "Formspark",
    "formspree.io": "Formspree",
    "formstack.com": "Formstack",
    "formsubmit.co": "FormSubmit",
    "forwardforms.com": "Forward Forms",
    "getform.io": "Getform",
    "hsforms.com": "HubSpot",
    "hubspot.com": "HubSpot",
    "indiamart.com": "IndiaMART",
    "jimdo.com": "Jimdo",
    "jotform.com": "Jotform",
    "kompass.com": "Kompass",
    "leadpages.net": "Leadpages",
    "made-in-china.com": "Made-in-China",
    "netlify.com": "Netlify Forms",
    "paperform.co": "Paperform",
    "shopify.com": "Shopify",
    "squarespace.com": "Squarespace",
    "squarespace.info": "Squarespace",
    "strikingly.com": "Strikingly",
    "tally.so": "Tally",
    "thomasnet.com": "Thomasnet",
    "typeform.com": "Typeform",
    "unbounce.com": "Unbounce",
    "web3forms.com": "Web3Forms",
    "webflow.com": "Webflow",
    "webflow.io": "Webflow",
    "weebly.com": "Weebly",
    "wix.com": "Wix",
    "wix-forms.com": "Wix",
    "wixforms.com": "Wix",
    "wlw.com": "wlw",
    "wlw.de": "wlw",
    "wpforms.com": "WPForms",
    "wufoo.com": "Wufoo",
    "zohoforms.com": "Zoho Forms",
}

_KINDS = ("email", "first", "last", "name", "company", "phone", "message", "from")
_LABEL = re.compile(
    "|".join(rf"(?P<{kind}>(?:{any_of('form', 'your')}[\s_-]+)?{any_of('form', kind)})" for kind in _KINDS),
    re.IGNORECASE,
)
_SEPARATOR = re.compile(r"[:：=|]")
_ASIDE = re.compile(r"\((?:required|optional|pflichtfeld|obligatoire)\)", re.IGNORECASE)
_ORNAMENTS = " \t*•·✱-–>|#?.,"
_LABEL_LIMIT = 60  # characters
_LINES = 200  # a form's fields stand at the top or the bottom; more lines than this are text


def service_of(domain: str) -> str:
    """Name the form service that sends from `domain` or a domain above it; "" if none does."""
    labels = domain.split(".")[-6:]
    return next(filter(None, (SERVICES.get(".".join(labels[start:])) for start in range(len(labels)))), "")


def form_fields(text: str) -> dict[str, str]:
    """Read the fields of a form in `text`: email, name, first, last, company, phone, message, as far as they are there.

    A field is "Label: value" on a line, or a label on one line and its value on the next. The first of a kind counts.
    """
    fields: dict[str, str] = {}
    for kind, value in _filled_in(text):
        fields.setdefault(kind, value)
    return fields


def addresses_in(text: str) -> set[str]:
    """Every address that an e-mail field in `text` has; more than one if somebody wrote a field into another."""
    return {normalised(value) for kind, value in _filled_in(text) if kind in {"email", "from"}} - {""}


def _filled_in(text: str) -> Iterator[tuple[str, str]]:
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    lines = lines if len(lines) <= _LINES else lines[: _LINES // 2] + lines[-_LINES // 2 :]
    for number, line in enumerate(lines):
        label, value = _split(line[:500])
        kind = _kind(label)
        following = lines[number + 1][:500] if number + 1 < len(lines) else ""
        if kind and not value and not _kind(_split(following)[0]):
            value = following
        if kind and value:
            yield kind, value


def _split(line: str) -> tuple[str, str]:
    separator = _SEPARATOR.search(line, 0, _LABEL_LIMIT)
    label, value = (line[: separator.start()], line[separator.end() :]) if separator else (line[:_LABEL_LIMIT], "")
    return _ASIDE.sub("", label).strip(_ORNAMENTS), value.strip(" \t*")


def _kind(label: str) -> str:
    match = _LABEL.fullmatch(label) if 1 < len(label) < _LABEL_LIMIT else None
    return match.lastgroup or "" if match else ""


def form_sender(text: str) -> tuple[str, str]:
    """Return (name, address) of who filled in the form in `text`; two empty strings if `text` is no form."""
    fields = form_fields(text)
    address = normalised(fields.get("email", "")) or normalised(fields.get("from", ""))
    if not address or len(fields) < 2:
        return "", ""
    name = f"{fields.get('first', '')} {fields.get('last', '')}".strip() or fields.get("name", "")
    return re.split(r"<|\S+@", name or fields.get("from", ""), maxsplit=1)[0].strip(" \"'"), address
