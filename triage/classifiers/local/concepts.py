"""Ideas that a mail can express ("asks for a price") and how some thirty languages say them.

`concepts.toml` holds, for each idea, the sentence that a person is shown and the terms. `word*` is a
beginning, `two_words` follow each other, and a term in a script without spaces is found anywhere.
"""

import tomllib
from collections import defaultdict
from functools import cache, lru_cache
from pathlib import Path

from triage.classifiers.local.wording import UNSPACED, fold

FILE = Path(__file__).with_name("concepts.toml")


@cache
def ideas() -> dict[str, str]:
    """Each idea and what is said of a mail that expresses it."""
    return {name: idea["says"] for name, idea in tomllib.loads(FILE.read_text()).items()}


@cache
def _terms() -> tuple[dict[str, set], dict[str, set], dict[str, set], dict[str, str]]:
    exact: dict[str, set] = defaultdict(set)
    beginnings: dict[str, set] = defaultdict(set)
    phrases: dict[str, set] = defaultdict(set)
    anywhere: dict[str, str] = {}
    for name, idea in tomllib.loads(FILE.read_text()).items():
        for term in fold(idea["terms"]).split():
            if UNSPACED.match(term):
                anywhere[term] = name
            elif "_" in term:
                first, *rest = term.split("_")
                phrases[first].add((tuple(rest), name))
            elif term.endswith("*"):
                beginnings[term[:-1]].add(name)
            else:
                exact[term].add(name)
    return dict(exact), dict(beginnings), dict(phrases), anywhere


@lru_cache(maxsize=1 << 15)
def _of_word(word: str) -> frozenset[str]:
    exact, beginnings, _, _ = _terms()
    found = set(exact.get(word, ()))
    for length in range(3, len(word) + 1):
        found |= beginnings.get(word[:length], set())
    return frozenset(found)


def concepts_in(words: list[str], text: str) -> frozenset[str]:
    """The ideas that folded words, in their order, and their text express."""
    phrases, anywhere = _terms()[2:]
    found: set[str] = set()
    for at, word in enumerate(words):
        found |= _of_word(word)
        for rest, name in phrases.get(word, ()):
            following = words[at + 1 : at + 1 + len(rest)]
            if len(following) == len(rest) and all(map(_same, rest, following)):
                found.add(name)
    if UNSPACED.search(text):
        found |= {name for term, name in anywhere.items() if term in text}
    return frozenset(found)


def _same(term: str, word: str) -> bool:
    return word.startswith(term[:-1]) if term.endswith("*") else word == term
