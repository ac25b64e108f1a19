"""Which pool takes an inquiry."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from django.utils.functional import lazy
from django.utils.translation import gettext as _

from crm.models import Lead
from inbox_router.shown import language_name
from routing.models import Pool


@dataclass(frozen=True)
class Inquiry:
    """What the choice of a pool may look at."""

    language: str = ""
    technical: bool = False
    domain: str = ""
    text: str = ""
    source: str = ""

    @classmethod
    def of(cls, lead: Lead, language: str = "", technical: bool | None = None) -> "Inquiry":
        """The inquiry of a lead; what is not told is read from the lead."""
        return cls(
            language=(language or lead.language).lower(),
            technical=lead.technical if technical is None else technical,
            domain=lead.contact.domain,
            text=f"{lead.subject}\n{lead.first_message}",
            source=lead.source,
        )


def all_pools() -> list[Pool]:
    """Every pool in its order, each with its CC pool at hand."""
    pools = {pool.pk: pool for pool in Pool.objects.all()}
    for pool in pools.values():
        if pool.cc_pool_id:
            pool.cc_pool = pools[pool.cc_pool_id]
    return list(pools.values())


def choose(pools: Iterable[Pool], inquiry: Inquiry) -> Pool | None:
    """The first pool that takes the inquiry; failing all, the first default one."""
    takers = [pool for pool in pools if pool.active and pool.kind != Pool.Kind.CC]
    defaults = (pool for pool in takers if pool.kind == Pool.Kind.DEFAULT)
    return next((pool for pool in takers if takes(pool, inquiry)), None) or next(defaults, None)


def takes(pool: Pool, inquiry: Inquiry) -> bool:
    """Whether every condition of the pool holds."""
    if pool.kind == Pool.Kind.TECHNICAL and not inquiry.technical:
        return False
    if pool.language and pool.language.lower() != inquiry.language:
        return False
    return (
        (not pool.sender_domains or any(_within(inquiry.domain, domain) for domain in pool.sender_domains))
        and (not pool.countries or inquiry.domain.rpartition(".")[2] in map(str.lower, pool.countries))
        and (not pool.words or any(_has(inquiry.text, word) for word in pool.words))
        and (not pool.mailboxes or any(box.lower() in inquiry.source.lower() for box in pool.mailboxes))
    )


def sentence(pool: Pool) -> str:
    """The pool's conditions as a person would say them."""
    if pool.kind == Pool.Kind.CC:
        return _("People who are CC'd.")
    conditions = list(_conditions(pool))
    if not conditions:
        return _("Takes everything that no pool before it takes.")
    return _("Takes %(conditions)s.") % {"conditions": _(" and ").join(conditions)}


described = lazy(sentence, str)  # said when it is read, in the reader's language, or as `recorded` has it


def _conditions(pool: Pool) -> Iterator[str]:
    if pool.kind == Pool.Kind.TECHNICAL:
        yield _("technical requests for quotation")
    if pool.language:
        yield _("mail in %(language)s") % {"language": language_name(pool.language)}
    if pool.sender_domains:
        yield _("mail from %(domains)s") % {"domains": _or(pool.sender_domains)}
    if pool.countries:
        endings = _or([f".{country}" for country in pool.countries])
        yield _("mail from domains that end in %(endings)s") % {"endings": endings}
    if pool.words:
        yield _("mail with %(words)s") % {"words": _or([f"“{word}”" for word in pool.words])}
    if pool.mailboxes:
        yield _("mail that came in at %(mailboxes)s") % {"mailboxes": _or(pool.mailboxes)}


def _or(items: Sequence[str]) -> str:
    return _(" or ").join(filter(None, [", ".join(items[:-1]), items[-1]]))


def _within(domain: str, wanted: str) -> bool:
    wanted = wanted.lower().lstrip("@")
    return domain == wanted or domain.endswith(f".{wanted}")


def _has(text: str, word: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text, re.IGNORECASE) is not None
