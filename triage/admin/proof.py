"""Without the database: what is checked of a reply before a person approves it, and what they changed in it."""

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass

from django.conf import settings
from django.utils.translation import gettext as _

from triage.models import Draft, Message, SentMail
from triage.parsing import passes_on

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
    if answers:
        yield Check(False, _("%(who)s replied already") % {"who": answers[0].from_name or answers[0].from_address})
    else:
        yield Check(True, _("Nobody has replied in this thread"))
    if later:
        yield Check(False, _("%(who)s wrote again") % {"who": later[0].sender_name or later[0].sender_address})
    yield addressed(draft, mail)
    yield in_their_language(draft, mail)
    if ATTACHED.search(draft.body):
        yield Check(False, _("Mentions an attachment, none is attached"))
    if new := sorted(unknown(draft.body, f"{mail.subject}\n{mail.text}\n{draft.original_body}")):
        yield Check(False, _("Not in the mail: %(words)s") % {"words": ", ".join(new[:5])})


def addressed(draft: Draft, mail: Message) -> Check:
    """Whether it goes to who wrote the mail, as a colleague or a form may say; any other Reply-To may name anybody."""
    told = {"address": draft.to_address, "author": mail.from_address or "?"}
    if draft.to_address != mail.sender_address:
        return Check(False, _("Goes to %(address)s, who did not write it") % told)
    if draft.to_address == mail.from_address:
        return Check(True, _("Goes to the person who wrote"))
    if passes_on(mail.from_address, settings.COMPANY_DOMAINS, settings.FORM_DOMAINS):
        return Check(True, _("Goes to %(address)s, who wrote by way of %(author)s") % told)
    return Check(False, _("Goes to %(address)s, but the mail came from %(author)s: only Reply-To says so") % told)


def in_their_language(draft: Draft, mail: Message) -> Check:
    """Whether it is written in the language of the mail, as far as that is known."""
    if not mail.language or draft.language == mail.language:
        return Check(True, _("In the customer's language"))
    told = {"ours": draft.language, "theirs": mail.language}
    return Check(False, _("Written in %(ours)s, the customer wrote in %(theirs)s") % told)


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


def edited_percent(before: str, after: str) -> int:
    """How much of a text is not as it was, by words; one that was changed at all is at least 1 % changed."""
    if before == after:
        return 0
    same = difflib.SequenceMatcher(a=before.split(), b=after.split(), autojunk=False).ratio()
    return max(round(100 * (1 - same)), 1)
