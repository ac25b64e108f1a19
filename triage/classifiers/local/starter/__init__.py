"""Starter mail: written for this product, so that a new installation can judge before it has learned.

`<language>.txt` holds lists for slots (`city: Oslo|Porto`) and one template a line under its `[category]`:
`subjects # body # attached kinds @profile`. `{a|b}` is a choice, `{city}` a slot, `\\n` a new line. A line that
begins with `- ` holds sentences on one subject, of which long mails are put together.
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
                mail = render(_longer(template, category, templates, chance), category, lists, chance)
                group = f"starter:{language}/{category}/{number}"
                yield LabelledMail(mail, category, frozenset((category,)), language, "starter", group)


def _longer(template: str, category: str, templates: list[tuple[str, str]], chance: random.Random) -> str:
    """Every second long mail goes on about another subject of its category."""
    if not template.startswith("- ") or chance.random() < 0.5:
        return template
    others = [text for other, text in templates if other == category and text.startswith("- ")]
    return f"{template} | {chance.choice(others)[2:]}"


def parse(text: str) -> tuple[dict[str, list[str]], list[tuple[str, str]]]:
    """The slot lists of a file and its (category, template) pairs."""
    lists: dict[str, list[str]] = {}
    templates: list[tuple[str, str]] = []
    category = ""
    for line in filter(None, map(str.strip, text.splitlines())):
        if line.startswith("- "):
            templates.append((category, line))
        elif line.startswith("["):
            category = line.strip("[]")
        elif category:
            templates.append((category, line))
        else:
            name, _, values = line.partition(":")
            lists[name] = [value.strip() for value in values.split("|")]
    return lists, templates


def render(template: str, category: str, lists: dict[str, list[str]], chance: random.Random) -> MailText:
    """One mail of a template."""
    if template.startswith("- "):
        template = long_template(template, chance)
    template, _, profile = template.partition(" @")
    subject, body, *kinds = template.split(" # ")
    values = slots(lists, chance)
    subject = fill(f"{{{subject.strip()}}}", values, chance)
    body = fill(body, values | {"subject": subject}, chance).replace("\\n", "\n").strip()
    kind = chance.choice(kinds[0].split("|")) if kinds else ""
    name, address, headers = envelope_for(profile or category, values, chance, reply=subject.startswith("Re:"))
    files = (f"{chance.choice(['scan', 'document', 'file', values['num']])}.{kind}",) if kind else ()
    return MailText(subject, name, address, body, body, headers, files)


def long_template(sentences: str, chance: random.Random) -> str:
    """Some of the sentences, mostly in their order, in paragraphs, with or without greeting and farewell."""
    chosen = [sentence.strip() for sentence in sentences[2:].split(" | ") if chance.random() < 0.75]
    if chance.random() < 0.3:
        chance.shuffle(chosen)
    complete = [sentence for sentence in chosen if "{" not in sentence]
    subject = chance.choice(["", "{company}", "{topic}", *complete])[: chance.randint(15, 70)]
    text = "".join(sentence + chance.choice((" ", " ", "\\n", "\\n\\n")) for sentence in chosen)
    greeting, farewell = chance.choice(("{greet}\\n", "")), chance.choice(("\\n{bye}\\n{name}", "\\n{name}", ""))
    return f"{subject} # {greeting}{text}{farewell}"


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
