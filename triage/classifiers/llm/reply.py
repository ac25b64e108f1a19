"""The contract of the model's answer, and its strict reader."""

import json
import re
import unicodedata
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from triage.classifiers import MailText
from triage.classifiers.llm.api import Completion
from triage.classifiers.llm.prompt import visible
from triage.parsing.names import greeted

LONGEST = 20_000  # characters; a right answer has a few hundred
ISO_639_1 = """
    aa ab ae af ak am an ar as av ay az ba be bg bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee el en
    eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is it iu ja
    jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb
    nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq
    sr ss st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu
"""
LANGUAGES = frozenset(ISO_639_1.split())
FENCE = re.compile(r"```(?:json)?\s*\n(.*)\n\s*```", re.DOTALL)
LINK = re.compile(r"\S*(?:://|www\.|@)\S*|\S*\w\.[^\W\d_]{2,}\S*", re.IGNORECASE)
FIRST_NAME = re.compile(r"[^\W\d_]+(?:[ '\u2019.-]{1,2}[^\W\d_]+){0,2}\.?")
COMPANY = re.compile(r"\w[\w .,&+'\u2019()/-]*")


class Reply(BaseModel):
    """The judgement of one mail."""

    # All of this is sent as the JSON schema, the line above too. It has no bounds: several providers refuse any.
    model_config = ConfigDict(extra="forbid", strict=True)

    category: Literal["spam", "newsletter", "lead", "accounting", "uncertain"]
    confidence: float = Field(description="from 0 to 1")
    language: str = Field(description="ISO 639-1")
    technical: bool
    sender_first_name: str | None
    company: str | None
    reason: str = Field(description="one sentence")


class ReplyError(Exception):
    """An answer that breaks the contract. `repairable`: asking once more may help."""

    def __init__(self, problem: str, *, repairable: bool = True) -> None:
        super().__init__(problem)
        self.repairable = repairable


def read(completion: Completion) -> Reply:
    """The reply in an answer; ReplyError for anything that is not exactly by the contract."""
    if completion.finish in ("refusal", "content_filter"):
        raise ReplyError(f"it declined ({completion.finish})", repairable=False)
    if completion.finish != "stop":
        raise ReplyError(f"it was not finished ({completion.finish})")
    if len(completion.text) > LONGEST:
        raise ReplyError(f"it has {len(completion.text)} characters")
    try:
        reply = Reply.model_validate(_object(completion.text))
    except ValidationError as error:
        raise ReplyError(_first_problem(error)) from None
    except (ValueError, RecursionError):
        raise ReplyError("it is not one JSON object") from None
    if not 0 <= reply.confidence <= 1:
        raise ReplyError("confidence: must be from 0 to 1")
    return reply


def language(code: str) -> str:
    """The two-letter code in lower case, without a region; "" if it is none."""
    primary = re.split("[-_]", code.strip().lower(), maxsplit=1)[0]
    return primary if primary in LANGUAGES else ""


def first_name(value: str | None, mail: MailText) -> str | None:
    """A first name that stands in the mail; None rather than an odd one."""
    name = _slot(value, FIRST_NAME, 40, mail)
    return greeted(name, mail.sender_name) if name else None


def company(value: str | None, mail: MailText) -> str | None:
    """A company's name that stands in the mail; None rather than an odd one."""
    return _slot(value, COMPANY, 80, mail)


def reason(value: str) -> str:
    """One line for the reviewer, without anything that could be clicked."""
    line = LINK.sub("[link]", " ".join(visible(value[:1000]).split()))
    return line if len(line) <= 300 else f"{line[:299]}…"


def _slot(value: str | None, form: re.Pattern[str], limit: int, mail: MailText) -> str | None:
    """What a mail's writer can put into a draft through the model: a short plain name, taken from that mail alone."""
    if value is None or visible(value) != value:
        return None
    name = " ".join(value.split())
    letters = "".join(
        char for char in name if not unicodedata.category(char).startswith("M")
    )  # \w knows no vowel signs
    if not letters or len(name) > limit or LINK.search(name) or not form.fullmatch(letters):
        return None
    fields = (mail.sender_name, mail.sender_address, mail.subject, mail.text, mail.new_text)
    return name if any(_stands_in(field, name) for field in fields) else None


def _stands_in(field: str, name: str) -> bool:
    """Whether a name is in this one field: in whole words, where the script has capitals and so sets words apart."""
    pattern = re.escape(name.casefold())
    if name.upper() != name.lower():
        pattern = rf"(?<!\w){pattern}(?!\w)"
    return re.search(pattern, visible(" ".join(field.split())).casefold()) is not None


def _object(text: str) -> Any:
    """The JSON of a text that may be in a plain code fence; stricter than the json module is by itself."""
    fenced = FENCE.fullmatch(text.strip())
    return json.loads(fenced[1] if fenced else text, object_pairs_hook=_unique, parse_constant=_no_constant)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name stands twice")
    return found


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def _first_problem(error: ValidationError) -> str:
    """The first finding, without the value: an error line is stored and shown, an answer may hold a mail's text."""
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    if first["type"] == "extra_forbidden":
        return "it has names that were not asked for"
    place = ".".join(str(part) for part in first["loc"]) or "it"
    return f"{place}: {first['msg'][:100].lower()}"
