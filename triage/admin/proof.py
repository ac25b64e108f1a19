"""Pure: what is checked of a reply before a person approves it, and what they changed in it."""

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass

from triage.models import Draft, Message, SentMail

ATTACHED = re.compile(
    r"\b(attach\w*|enclosed|anbei|angehängt|beigefügt|im anhang|ci-joint|pièce jointe"
    r"|adjunt\w*|allegat\w*|v příloze|w załączniku)",
    re.IGNORECASE,
)
NUMBER = re.compile(r"\d[\d.,:/-]*\d|\d{2,}")
LINK = re.compile(r"https?://([^\s/>\"]+)", re.IGNORECASE)


@dataclass(frozen=True)
class Check:
    """One thing that was looked at, and whether it is in order."""

    fine: bool
    says: str


@dataclass(frozen=True)
class Piece:
    """Some words of a reply: kept, added by a person, or taken out."""

    kind: str
    text: str


def checks(draft: Draft, later: list[Message], answers: list[SentMail]) -> Iterator[Check]:
    """What a person should know before they send: `later` mails of the thread, and `answers` sent in it."""
    mail = draft.message
    yield Check(
        not answers,
        f"{answers[0].from_name or answers[0].from_address} replied already"
        if answers
        else "Nobody has replied in this thread",
    )
    if later:
        yield Check(False, f"{later[0].sender_name or later[0].sender_address} wrote again")
    same = draft.to_address == mail.sender_address
    yield Check(same, "Goes to the person who wrote" if same else f"Goes to {draft.to_address}, who did not write it")
    language = not mail.language or draft.language == mail.language
    yield Check(
        language,
        "In the customer's language"
        if language
        else f"Written in {draft.language}, the customer wrote in {mail.language}",
    )
    if ATTACHED.search(draft.body):
        yield Check(False, "Mentions an attachment, none is attached")
    if new := sorted(unknown(draft.body, f"{mail.subject}\n{mail.text}\n{draft.original_body}")):
        yield Check(False, f"Not in the mail: {', '.join(new[:5])}")


def unknown(body: str, known: str) -> set[str]:
    """Numbers and addresses of web pages in a reply that nothing before it has."""
    found = set(NUMBER.findall(body)) | {match[1].lower() for match in LINK.finditer(body)}
    return {each for each in found if each.lower() not in known.lower()}


def changes(before: str, after: str) -> list[Piece]:
    """What became of a text, word by word; empty if nothing was changed."""
    if before == after:
        return []
    old, new = (re.findall(r"\S+\s*|\s+", text) for text in (before, after))
    pieces: list[Piece] = []
    for kind, a, b, c, d in difflib.SequenceMatcher(a=old, b=new, autojunk=False).get_opcodes():
        if kind == "equal":
            pieces.append(Piece("same", "".join(old[a:b])))
            continue
        pieces += [Piece("gone", "".join(old[a:b]))] * (b > a) + [Piece("new", "".join(new[c:d]))] * (d > c)
    return pieces
