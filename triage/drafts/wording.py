"""The small language of reply texts, the same in the files that ship and in what people write in the admin.

Text with slots, and parts that stand only where a slot has something to say. All else is refused when it is saved,
so that no text can fail when a customer waits for it.
"""

import re
from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path

from django.template import Context, Engine, Template
from django.template.base import tag_re
from django.utils.translation import gettext as _

SHIPPED = Path(__file__).resolve().parents[2] / "templates" / "replies"
SLOTS = ("first_name", "subject", "owner_name", "company_name")
LENGTH = 5000  # characters of a text
SLOT = re.compile(r'\{\{ ?(\w+)(?:\|default:"[^"{}\\]*")? ?\}\}')
CONDITION = re.compile(r"\{% ?(?:if (\w+)|(else)|(endif)) ?%\}")


class WordingError(ValueError):
    """A text that cannot be used; one sentence says why and what is allowed."""


@cache
def shipped() -> Mapping[str, str]:
    """The texts that ship, by ISO 639-1 code."""
    return {path.stem: path.read_text(encoding="utf-8") for path in sorted(SHIPPED.glob("*.txt"))}


def render(text: str, slots: Mapping[str, str]) -> str:
    """The text with its slots filled; what is in a slot stays text."""
    return _compiled(text).render(Context(dict(slots), autoescape=False)).strip()


def check(text: str) -> None:
    """Raise WordingError unless `text` has only what is allowed, each condition closed."""
    if len(text) > LENGTH:
        raise WordingError(_("The text is longer than %(limit)d characters.") % {"limit": LENGTH})
    pieces = tag_re.split(text)
    for plain in pieces[::2]:
        if stray := re.search(r".{0,20}[{}].{0,20}", plain):
            message = _("A brace stands alone at “%(where)s”. %(allowed)s")
            raise WordingError(message % {"where": stray[0].strip(), "allowed": allowed()})
    open_parts: list[str] = []
    for tag in pieces[1::2]:
        _take(tag, open_parts)
    if open_parts:
        raise WordingError(_("A part that begins with {% if … %} needs {% endif %} at its end."))


def _take(tag: str, open_parts: list[str]) -> None:
    """Look at one tag; `open_parts` says for each open condition whether it is in its "if" or its "else"."""
    if tag.startswith("{#"):
        return  # a comment
    slot, condition = SLOT.fullmatch(tag), CONDITION.fullmatch(tag)
    name = (slot or condition or [None, None])[1]
    if not (slot or condition) or (name is not None and name not in SLOTS):
        raise WordingError(_("“%(tag)s” is not known. %(allowed)s") % {"tag": tag[:60], "allowed": allowed()})
    if slot:
        return
    if name:
        open_parts.append("if")
    elif not open_parts or (condition and condition[2] and open_parts[-1] == "else"):
        raise WordingError(_("“%(tag)s” has no {%% if … %%} before it.") % {"tag": tag})
    elif condition and condition[2]:
        open_parts[-1] = "else"
    else:
        open_parts.pop()


def allowed() -> str:
    """What may stand in a text, in one sentence."""
    slots = ", ".join(f"{{{{ {name} }}}}" for name in SLOTS)
    message = _(
        'Allowed are %(slots)s, {{ owner_name|default:"our team" }} '
        "and {%% if subject %%} … {%% else %%} … {%% endif %%}."
    )
    return message % {"slots": slots}


@lru_cache(maxsize=100)
def _compiled(text: str) -> Template:
    return Template(text, engine=Engine())
