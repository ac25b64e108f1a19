"""What the language model is told: our rules, and the mail as fenced data."""

import hashlib
import json
import unicodedata
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string

from triage.classifiers import MailText
from triage.classifiers.llm.guide import VERSION, Guide, shipped

TEMPLATE = f"prompts/classify-{VERSION}.txt"
Chat = list[dict[str, str]]


def messages(mail: MailText, delimiter: str, guide: Guide | None = None) -> Chat:
    """The chat that asks for a judgement by a guide, by the one that ships if none is told.

    The delimiter must be new and random for each mail.

    The mail is one JSON object, so that no field can pass for another, and without a single "<", so that no
    content can close the fence or open another.
    """
    told = {"company": settings.COMPANY_NAME, "delimiter": delimiter, "categories": (guide or shipped()).text()}
    system = render_to_string(TEMPLATE, told)
    data = json.dumps(_fields(mail), ensure_ascii=False, indent=1).replace("<", "\\u003c")
    fenced = f"<mail-{delimiter}>\n{data}\n</mail-{delimiter}>"
    return [{"role": "system", "content": system.strip()}, {"role": "user", "content": fenced}]


def repair(answer: str, problem: str) -> Chat:
    """What is added to the chat after an answer that breaks the contract."""
    request = f"That answer cannot be used: {problem}. Answer again, with only the JSON object that was described."
    return [{"role": "assistant", "content": shortened(answer, 2000) or "-"}, {"role": "user", "content": request}]


def prompt_hash(mail: MailText, model: str, guide: Guide | None = None) -> str:
    """Equal for two mails only if the model would be asked the same; SHA-256 in hex."""
    return hashlib.sha256(json.dumps([model, messages(mail, "", guide)]).encode()).hexdigest()


def visible(text: str) -> str:
    """Without control, format, private and unassigned characters; new lines and tabs stay."""
    return "".join(char for char in text if char in "\n\t" or not unicodedata.category(char).startswith("C"))


def shortened(text: str, limit: int) -> str:
    """Both ends of a long text: the wish stands at the top, the signature at the bottom."""
    if len(text) <= limit:
        return text
    tail = limit // 4
    return f"{text[: limit - tail]}\n[... cut ...]\n{text[-tail:]}"


def _fields(mail: MailText) -> dict[str, Any]:
    fields = {
        "subject": _line(mail.subject),
        "from_name": _line(mail.sender_name),
        "from_address": _line(mail.sender_address),
        "automatic": _line(mail.automatic),
        "evidence": [_line(line) for line in mail.evidence[:20]],
        "people_said": [_line(line) for line in mail.precedents],
        "headers": {_line(name): _line(value) for name, value in list(mail.headers.items())[:30]},
        "attachments": [_line(name) for name in mail.attachments[:20]],
        "new_text": _body(mail.new_text, 6000) if mail.new_text != mail.text else "",
        "text": _body(mail.text, 8000),
    }
    return {name: value for name, value in fields.items() if value}


def _line(text: str) -> str:
    return " ".join(visible(text[:1000]).split())[:300]


def _body(text: str, limit: int) -> str:
    return visible(shortened(text, limit))
