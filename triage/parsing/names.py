# ruff: noqa: RUF001 (letters of many alphabets are meant)
"""A first name to greet with, or none: rather a neutral greeting than a wrong one."""

import re
import unicodedata
from functools import cache
from pathlib import Path

from triage.parsing.words import table

_GIVEN_NAMES = Path(__file__).with_name("given_names.txt")
_ASIDE = re.compile(r"\([^)]*\)|\[[^\]]*\]|\{[^}]*\}|<[^>]*>")
_TAIL = re.compile(r"\s+(?:via|über|c/o|i\.\s?a\.|im auftrag|on behalf)\b.*|\s[-–—|/•@].*|[|•/].*", re.IGNORECASE)
_HEAD = re.compile(r"^(?:i\.\s?[AV]\.|ppa\.?|p\.p\.)\s+", re.IGNORECASE)  # who signs for a company, in German
_PAIR = re.compile(r"[&+]|\b(?:and|und|et|y|og|och|ja|oraz)\b", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_]+(?:[-'’][^\W\d_]+)*\.?")
_EAST_ASIAN = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_PATRONYMIC = re.compile(r"(?:ович|евич|ич|овна|евна|ична|инична)$")
_SLAVIC_FAMILY = re.compile(r"(?:ов|ев|ёв|ин|ын|ский|цкий|ова|ева|ёва|ина|ына|ская|цкая|енко|чук|юк|ко)$")
_GREEK_FAMILY = re.compile(r"(?:όπουλος|οπούλου|ίδης|ίδου|άκης|άκη|όγλου|άδης)$")


def first_name(display_name: str, address: str = "") -> str | None:
    """Find the first name of a person in a display name, in whatever order it is written.

    None for companies, departments and machines, for names in Chinese, Japanese or Korean letters (nobody is
    greeted by the given name there), for initials, and wherever the order is not certain. The address only
    confirms: it is not made a name.
    """
    visible = _ASIDE.sub(" ", unicodedata.normalize("NFC", display_name[:200]))
    name = _HEAD.sub("", _TAIL.sub("", visible).strip(" \"'.,;:*"))
    if not name or "@" in name or re.search(r"\d", name) or _PAIR.search(name) or _EAST_ASIAN.search(name):
        return None
    words = _in_order(name)
    if not words or len(words) > 6 or _is_nobody(name, words, address):
        return None
    found = _chosen(words, address)
    return _written(found) if found and len(_plain(found)) > 1 and _plain(found) not in _list("incomplete") else None


def greeted(name: str, display_name: str) -> str | None:
    """What somebody else read as a first name, as it is greeted; None where it may be none.

    Words of companies, titles and offers are no names, and several words are one only if each is known as a name or
    the display name has them so. Chinese, Japanese and Korean names: see `first_name`.
    """
    words = name.split()
    if _EAST_ASIAN.search(name):
        return None
    if all(map(_is_given, words)):
        return _written(name)
    said = {word.strip(".").lower() for word in words}
    if any(said & _list(kind) for kind in ("nobody", "title", "role", "incomplete", "offer")):
        return None
    return _written(name) if len(words) == 1 or name.casefold() in display_name.casefold() else None


@cache
def _given() -> frozenset[str]:
    lines = _GIVEN_NAMES.read_text("utf-8").splitlines()
    return frozenset(_plain(word) for line in lines if not line.startswith("#") for word in line.split())


@cache
def _list(key: str) -> frozenset[str]:
    return frozenset(table("name")[key])


def _plain(word: str) -> str:
    """Lower case, without accents and dots: Źdźbło -> zdzblo."""
    letters = unicodedata.normalize("NFKD", word.lower().replace("ł", "l").replace("ø", "o").replace("ı", "i"))
    return "".join(letter for letter in letters if not unicodedata.combining(letter)).replace(".", "").replace("’", "'")


def _is_given(word: str) -> bool:
    plain = _plain(word)
    german = plain.replace("ae", "a").replace("oe", "o").replace("ue", "u")
    return plain in _given() or german in _given() or (("-" in plain) and plain.split("-")[0] in _given())


def _in_order(name: str) -> list[str]:
    """The words of a name, given names first where a comma says so, without titles and degrees."""
    groups = [_words(group) for group in name.split(",")]
    groups = [group for group in groups if group]
    if len(groups) < 2:
        return groups[0] if groups else []
    named = [_is_given(group[0]) for group in groups[:2]]
    if named[0] and len(groups[0]) > 1:  # "Peter Maier, CEO"; but "Anna Schmidt, Tom Becker" are two
        return [] if named[1] else groups[0]
    return [*groups[1], *groups[0], ""]  # "Schmidt, Anna"


def _words(group: str) -> list[str]:
    """The words without titles; an initial keeps its dot."""
    kept = []
    for word in re.sub(r"\b(Dr|Prof|Mr|Mrs|Ms|Ing)\.(?=[^\W\d_])", r"\1. ", group).split():
        plain = word.strip(".,;:\"'*").lower()
        if plain and plain not in _list("suffix") and not _is_title(word, plain):
            kept.append(word.strip(",;:\"'*"))
    return kept


def _is_title(word: str, plain: str) -> bool:
    """Dr, Dr.-Ing., h.c.; a single letter only with its dot."""
    pieces = [piece for piece in re.split(r"[.-]", plain) if piece]
    return all(piece in _list("title") for piece in pieces) and (
        len(plain) > 1 or (word.endswith(".") and plain == "m")
    )


def _is_nobody(name: str, words: list[str], address: str) -> bool:
    """Whether the name is that of a company, a department or a machine."""
    said = {word.strip(".,;:()\"'").lower() for word in name.split()}
    if said & _list("nobody") or not all(_WORD.fullmatch(word) for word in words if word):
        return True
    local, _, domain = address.lower().partition("@")
    joined = "".join(_plain(word) for word in words)
    is_domain = joined in {label.replace("-", "") for label in domain.split(".")}
    if local in _list("role"):  # "Karl Storz" <info@karlstorz.example> is the company
        return is_domain or not any(map(_is_given, words))
    return is_domain and not _is_given(words[0])


def _chosen(words: list[str], address: str) -> str | None:
    if words[-1] == "":  # the comma told the order, if it is a name: not in "London, Ontario"
        given, family = words[0], words[-2]
        known = _is_given(given) or _plain(family) in _list("family_first")
        return given if known or _confirmed([given, family], address) or _confirmed([family, given], address) else None
    if len(words) == 1:
        return words[0] if _is_given(words[0]) else None
    first, last, plains = words[0], words[-1], [_plain(word) for word in words]
    if _plain(first) in _list("vietnamese"):
        return last if len(words) > 2 else None
    if len(words) == 3 and _PATRONYMIC.search(last.lower()):
        return words[1]
    if _is_family(first, last):
        whole = len(words) == 2 or _is_given(words[1])  # Xiao is half of a name in "Zhang Xiao Ming"
        return None if not whole or (plains[-1] in _list("family_first") and not _is_given(last)) else words[1]
    if first.endswith(".") or len(_plain(first)) < 2:
        return None
    if _is_given(first):
        return first
    if len(words) == 2 and _is_given(last):
        return last if plains[0] not in _list("incomplete") else None
    return _confirmed(words, address)


def _is_family(first: str, last: str) -> bool:
    """Whether a name begins with the family name: TANAKA Hiroshi, Zhang Wei, Nagy Péter, Петрова Анна."""
    if first.isupper() and len(first) > 2 and _is_given(last) and not last.isupper():
        return True
    if _is_given(first) and not (_is_given(last) and _plain(first) in _list("family_first")):
        return False
    if _plain(first) in _list("family_first"):
        return True
    slavic = _SLAVIC_FAMILY.search(first.lower()) and not _SLAVIC_FAMILY.search(last.lower())
    return bool(slavic or _GREEK_FAMILY.search(first.lower()))


def _confirmed(words: list[str], address: str) -> str | None:
    """The first of two words, if the address is made of both in this order: josmith, jo.smith, j.smith, jos."""
    if len(words) != 2 or any(word.isupper() and len(word) > 2 for word in words):
        return None
    if any(_plain(word) in _list("thing") for word in words):
        return None
    first, last = (re.escape(_plain(word)) for word in words)
    pattern = rf"{first}[._-]?(?:{last}|{last[:1]})\d*|{first[:1]}[._-]?{last}\d*"
    return words[0] if re.fullmatch(pattern, _plain(address.partition("@")[0].replace(".", "_"))) else None


def _written(word: str) -> str:
    """Capitals as a person would write them: ANNA -> Anna, aNNA -> Anna, jean-pierre -> Jean-Pierre."""
    if word[1:].isupper() or word.islower():
        return re.sub(r"[^\W\d_]+", lambda part: part[0].capitalize(), word)
    return word
