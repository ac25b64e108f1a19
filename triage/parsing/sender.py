# ruff: noqa: RUF001 (look-alike punctuation of other scripts is meant)
"""Who really wrote a mail: From, Reply-To, a form's field, or the mail that a colleague forwards.

What the text says is believed only of our own people and of known form services; everybody else could write
anything into it. Where the evidence conflicts, `doubt` says so, and a person decides.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from triage.parsing.addresses import MailboxName, domain_of, is_within, normalised, read_addresses
from triage.parsing.cleaning import clean_line
from triage.parsing.forms import addresses_in, form_sender, service_of
from triage.parsing.headers import Headers
from triage.parsing.quotes import forwarded_block
from triage.parsing.words import any_of

_FORWARD_SUBJECT = re.compile(
    rf"^\s*(?:\[[^\]]{{1,40}}\]\s*)?{any_of('quote', 'forward_prefix')}\s*(?:\[\d+\])?\s*[:：]", re.IGNORECASE
)
_ROBOT = re.compile(
    r"^(?:no[._-]?reply|do[._-]?not[._-]?reply|noreply|donotreply|notifications?|notify|mailer|forms?|webform|contact-?form|kontaktformular|wordpress|www-data|apache|website|web|submissions?|alerts?|automailer|robot|system|inquir(?:y|ies)|leads?)\b[^@]*@",
    re.IGNORECASE,
)
_VIA = re.compile(r"^(.{1,100}?)\s+(?:via|über|par|por|tramite|przez|through)\s+(.{1,100})$", re.IGNORECASE)
_FORM_SUBJECT = re.compile(rf"\b{any_of('form', 'subject')}\b", re.IGNORECASE)
_BULK = ("list-id", "list-unsubscribe", "list-post", "mailing-list", "feedback-id")
SEVERAL = "the form names several e-mail addresses"
CONFLICT = "Reply-To and the form's e-mail field name different addresses"
_DEPTH = 5  # forwards of forwards that are followed


@dataclass(frozen=True)
class Letter:
    """What the question of who wrote it is decided on."""

    authors: tuple[MailboxName, ...]
    reply_to: tuple[MailboxName, ...] = ()
    recipients: tuple[str, ...] = ()
    headers: Headers = field(default_factory=lambda: Headers(()))
    subject: str = ""
    text: str = ""
    enclosed: tuple[Headers, ...] = ()

    @property
    def author(self) -> MailboxName:
        return self.authors[0] if self.authors else MailboxName("", "")

    @property
    def forwards(self) -> bool:
        """Whether the subject says that this mail is a forward."""
        return bool(_FORWARD_SUBJECT.match(self.subject))


@dataclass(frozen=True)
class Sender:
    """Who wrote it and how we know; `doubt` is empty, or says what conflicts."""

    name: str
    address: str
    evidence: str
    doubt: str = ""


def effective_sender(letter: Letter, company_domains: Sequence[str] = (), form_domains: Sequence[str] = ()) -> Sender:
    """Find who really wrote `letter`; never fails, at worst it is nobody with a doubt.

    `form_domains` are form services and portals that are believed beside the known ones.
    """
    own = tuple(domain.lower().lstrip("@") for domain in company_domains)
    if not letter.author.address:
        return _without_author(letter)
    if len({author.address for author in letter.authors}) > 1:
        return _said(letter.author, "the first of several From addresses", "the mail names several authors in From")
    if is_within(letter.author.domain, own):
        return _from_inside(letter, own)
    return _listed(letter, own) or _from_outside(letter, own, form_domains)


def passes_on(address: str, company_domains: Sequence[str], form_domains: Sequence[str]) -> bool:
    """Whether a mail from `address` is believed about who wrote it: from a colleague, who may forward, or a form."""
    domain, own = domain_of(address), [name.lower().lstrip("@") for name in company_domains]
    return is_within(domain, own) or is_within(domain, form_domains) or bool(service_of(domain))


def _said(who: MailboxName, evidence: str, doubt: str = "") -> Sender:
    return Sender(clean_line(who.name, 200), who.address, clean_line(evidence, 300), clean_line(doubt, 300))


def _without_author(letter: Letter) -> Sender:
    fallback = next(iter([*read_addresses(letter.headers.text("sender")), *letter.reply_to]), letter.author)
    return _said(fallback, "Sender or Reply-To, for want of From", "the mail has no usable From address")


def _listed(letter: Letter, own: Sequence[str]) -> Sender | None:
    """A mailing list or a service that put itself into From: "Anna via List"."""
    via, answer = _VIA.match(letter.author.name), _only_other(letter, own)
    if not via:
        return None
    name = via[1].strip(" '\"")
    is_list = is_within(letter.author.domain, own) or letter.headers.has("list-id") or letter.headers.has("list-post")
    if answer and (is_list or answer.name in {"", name}):
        evidence = "who passes it on stands in From; Reply-To names the author"
        return _said(MailboxName(answer.name or name, answer.address), evidence)
    doubt = "the mailing list hides the author's address"
    return _said(MailboxName(name, letter.author.address), "From of the mailing list", doubt) if is_list else None


def _grouped(letter: Letter, own: Sequence[str]) -> Sender | None:
    """The outside author whom Google Groups replaced by our own group's address in From."""
    for name in ("x-original-from", "x-original-sender"):
        original = next(iter(read_addresses(letter.headers.text(name))), None)
        if original and original.address and not is_within(original.domain, own):
            return _said(original, f"our own group wrote itself into From; {name.title()} names the author")
    return None


def _only_other(letter: Letter, own: Sequence[str]) -> MailboxName | None:
    """The one Reply-To address outside our own domains, if there is exactly one and it is not From."""
    others = {entry.address: entry for entry in letter.reply_to if entry.address and not is_within(entry.domain, own)}
    others.pop(letter.author.address, None)
    return next(iter(others.values())) if len(others) == 1 else None


def _from_inside(letter: Letter, own: Sequence[str]) -> Sender:
    """From names one of us: a colleague, perhaps one who forwards, or a form on our own site."""
    if _fails_authentication(letter.headers):
        return _said(letter.author, "From", "the mail claims our own domain, but its authentication failed")
    if found := _grouped(letter, own) or _listed(letter, own) or _forwarded(letter, own):
        return found
    if answered := _answered(letter, own, "a form on our own site"):
        return answered
    is_blind = letter.forwards and not letter.enclosed and forwarded_block(letter.text, True) is None
    doubt = "the subject calls it a forward, but nothing says whose mail it is" if is_blind else ""
    return _said(letter.author, "From, one of our own domains", doubt)


def _answered(letter: Letter, not_from: Sequence[str], source: str) -> Sender | None:
    """Weigh Reply-To and the form's field."""
    answer, filled = _only_other(letter, not_from), _filled(letter, not_from)
    if not answer:
        doubt = SEVERAL if len(_candidates(letter, not_from)) > 1 else ""
        return _said(filled, f"e-mail field of {source}", doubt) if filled else None
    conflict = filled and answer.address not in _candidates(letter, not_from)
    return _said(
        MailboxName((filled.name if filled else "") or answer.name, answer.address),
        f"Reply-To of {source}",
        CONFLICT if conflict else "",
    )


def _forwarded(letter: Letter, own: Sequence[str]) -> Sender | None:
    """The outside writer of the mail that one of us forwards, in the text or as an attachment."""
    inside_only = all(is_within(domain_of(address), own) for address in letter.recipients)
    forwards, text = letter.forwards, letter.text
    for _ in range(_DEPTH):
        found = forwarded_block(text, forwards or inside_only)
        if found is None:
            break
        block, text = found
        writer = _writer(block.fields["from"])
        if not is_within(writer.domain, own):
            return _forward(letter, writer, forwards)
    return _enclosed(letter, own)


def _forward(letter: Letter, writer: MailboxName, forwards: bool) -> Sender | None:
    if not writer.address:
        doubt = f"the forwarded mail names {writer.name[:60]} without an address"
        return _said(MailboxName(writer.name, letter.author.address), f"forwarded by {letter.author.address}", doubt)
    if writer.address in letter.recipients:
        return None  # a colleague answers a customer and quotes the mail
    if _ROBOT.match(writer.address):
        return _forwarded_form(letter, writer)
    doubt = "" if forwards or _is_marked(letter.text) else "the mail is quoted to us, but not marked as forwarded"
    return _said(writer, f"forwarded by {letter.author.address}: From of the forwarded mail", doubt)


def _forwarded_form(letter: Letter, robot: MailboxName) -> Sender:
    """Who filled in the form whose mail one of us forwards."""
    forwarded = f"forwarded by {letter.author.address}"
    not_from = (robot.domain, letter.author.domain)
    if filled := _filled(letter, not_from):
        several = len(_candidates(letter, not_from)) > 1
        return _said(filled, f"{forwarded}: e-mail field of a form", SEVERAL if several else "")
    return _said(robot, f"{forwarded}: From of the forwarded mail", "the forwarded mail is from an automatic sender")


def _is_marked(text: str) -> bool:
    return forwarded_block(text) is not None


def _enclosed(letter: Letter, own: Sequence[str]) -> Sender | None:
    for headers in letter.enclosed:
        writer = next(iter(read_addresses(headers.text("from"))), None)
        if writer and writer.address and not is_within(writer.domain, own):
            return _said(writer, f"forwarded by {letter.author.address}: From of the attached mail")
    return None


def _writer(value: str) -> MailboxName:
    """Read "Anna Schmidt <anna@x.example>", "Anna Schmidt [mailto:anna@x.example]" and their relatives."""
    value = re.sub(r"mailto:", "", value, flags=re.IGNORECASE)
    address = normalised(value)
    name = re.split(r"[<\[(]", value, maxsplit=1)[0] if address else value
    name = clean_line(name, 200).strip("\"'* ,;")
    return MailboxName("" if "@" in name else name, address)


def _from_outside(letter: Letter, own: Sequence[str], form_domains: Sequence[str]) -> Sender:
    domain, answer = letter.author.domain, _only_other(letter, own)
    if service := service_of(domain) or (domain if is_within(domain, form_domains) else ""):
        return _of_service(letter, service, own)
    if not _ROBOT.match(letter.author.address):
        return _said(letter.author, "From", _impostor(letter, own) or _elsewhere(letter, answer))
    if answer:
        named = _candidates(letter, (*own, domain))
        doubt = _impostor(letter, own) or (CONFLICT if named and answer.address not in named else "")
        return _said(answer, "Reply-To of an automatic sender", doubt)
    if not _is_bulk(letter.headers) and _filled(letter, (*own, domain)):
        doubt = "the text names a sender as a form would, but the mail is from no known form"
        return _said(letter.author, "From", doubt)
    return _said(letter.author, "From", _impostor(letter, own))


def _filled(letter: Letter, not_from: Sequence[str]) -> MailboxName | None:
    """Who filled in the form in the text; nobody of the domains that sent it, nor who gets this very mail."""
    name, address = form_sender(letter.text)
    return MailboxName(name, address) if address in _candidates(letter, not_from) else None


def _candidates(letter: Letter, not_from: Sequence[str]) -> set[str]:
    """Every address in the e-mail fields of the text that may be the writer's; see `_filled`."""
    named = addresses_in(letter.text).difference(letter.recipients)
    return {address for address in named if not is_within(domain_of(address), not_from)}


def _of_service(letter: Letter, service: str, own: Sequence[str]) -> Sender:
    """From names a service that passes on what people fill in."""
    if _fails_authentication(letter.headers):
        return _said(letter.author, "From", f"the mail claims to be from {service}, but its authentication failed")
    not_from = (*own, letter.author.domain)
    if found := _answered(letter, not_from, service):
        return found
    is_form = _FORM_SUBJECT.search(letter.subject) and not _is_bulk(letter.headers)
    doubt = f"{service} sent it, and nothing says who filled in the form" if is_form else ""
    return _said(letter.author, f"From of {service}", doubt)


def _impostor(letter: Letter, own: Sequence[str]) -> str:
    """Whether the name shown is another address than the one that wrote."""
    shown = normalised(letter.author.name)
    if "." in domain_of(shown) and domain_of(shown) != letter.author.domain:
        return "the display name shows an address of another domain" + (
            ", ours" if is_within(domain_of(shown), own) else ""
        )
    return ""


def _elsewhere(letter: Letter, answer: MailboxName | None) -> str:
    """Whether answers would go to another domain than the mail came from; usual for bulk mail, odd for a person."""
    if (
        answer is None
        or _is_bulk(letter.headers)
        or _organisation(answer.domain) == _organisation(letter.author.domain)
    ):
        return ""
    if answer.address.partition("@")[0] == letter.author.address.partition("@")[0]:
        return ""
    return "Reply-To leads to another domain than From"


def _organisation(domain: str) -> str:
    """The part of a domain that names its owner, roughly: mail.acme.co.uk -> acme."""
    labels = [label for label in domain.split(".")[:-1] if label not in {"co", "com", "org", "net", "ac", "gov"}]
    return labels[-1] if labels else domain


def _is_bulk(headers: Headers) -> bool:
    return any(headers.has(name) for name in _BULK) or headers.text("precedence").strip().lower() in {"bulk", "list"}


def _fails_authentication(headers: Headers) -> bool:
    """Whether our own server, whose Authentication-Results is the topmost, says that From is forged (RFC 8601)."""
    results = headers.text("authentication-results").lower()
    if "dmarc=" in results:
        return "dmarc=fail" in results
    return "spf=fail" in results and "dkim=pass" not in results
