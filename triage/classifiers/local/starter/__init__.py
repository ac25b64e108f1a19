"""Starter mail: written for this product, so that a new installation can judge before it has learned.

`<language>.txt` holds lists for slots (`city: Oslo|Porto`) and one template a line under its `[category]`:
`subjects # body # attached kinds @profile`. `{a|b}` is a choice, `{city}` a slot, `\\n` a new line.
"""

import random
import re
from collections.abc import Iterator
from pathlib import Path

from triage.classifiers import MailText
from triage.classifiers.local.dataset import LabelledMail
from triage.classifiers.local.starter.senders import envelope_for
from triage.classifiers.local.starter.slots import slots

INNERMOST = re.compile(r"\{([^{}]*)\}")
RENDERINGS = 7
LANGUAGES = tuple(sorted(path.stem for path in Path(__file__).parent.glob("*.txt")))


def starter_mail(seed: int = 7, renderings: int = RENDERINGS) -> Iterator[LabelledMail]:
    """Every template `renderings` times with other words, slots and headers; the same for the same seed."""
    for language in LANGUAGES:
        chance = random.Random(f"{seed} {language}")  # noqa: S311
        lists, templates = parse((Path(__file__).parent / f"{language}.txt").read_text())
        for number, (category, template) in enumerate(templates):
            for _ in range(renderings * 2 if language == "en" else renderings):
                mail = render(template, category, lists, chance)
                group = f"starter:{language}/{category}/{number}"
                yield LabelledMail(mail, category, frozenset((category,)), language, "starter", group)


def parse(text: str) -> tuple[dict[str, list[str]], list[tuple[str, str]]]:
    """The slot lists of a file and its (category, template) pairs."""
    lists: dict[str, list[str]] = {}
    templates: list[tuple[str, str]] = []
    category = ""
    for line in filter(None, map(str.strip, text.splitlines())):
        if line.startswith("["):
            category = line.strip("[]")
        elif category:
            templates.append((category, line))
        else:
            name, _, values = line.partition(":")
            lists[name] = [value.strip() for value in values.split("|")]
    return lists, templates


def render(template: str, category: str, lists: dict[str, list[str]], chance: random.Random) -> MailText:
    """One mail of a template."""
    template, _, profile = template.partition(" @")
    subject, body, *kinds = template.split(" # ")
    values = slots(lists, chance)
    subject = fill(f"{{{subject.strip()}}}", values, chance)
    body = fill(body, values | {"subject": subject}, chance).replace("\\n", "\n").strip()
    kind = chance.choice(kinds[0].split("|")) if kinds else ""
    name, address, headers = envelope_for(profile or category, values, chance, reply=subject.startswith("Re:"))
    files = (f"{chance.choice(['scan', 'document', 'file', values['num']])}.{kind}",) if kind else ()
    return MailText(subject, name, address, body, body, headers, files)


def fill(text: str, values: dict[str, str], chance: random.Random) -> str:
    """Choices and slots resolved, from the inside out."""

    def one(match: re.Match[str]) -> str:
        inside = match.group(1)
        return chance.choice(inside.split("|")) if "|" in inside else values.get(inside, inside)

    for _ in range(6):
        text, changes = INNERMOST.subn(one, text)
        if not changes:
            break
    return text
