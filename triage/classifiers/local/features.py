"""A mail as a sparse vector: hashed words and characters, ideas of `concepts.toml`, headers and shape.

Only numpy is needed, so that a process which judges mail never pays for importing scikit-learn.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from zlib import crc32

import numpy as np

from triage.classifiers import MailText
from triage.classifiers.local.concepts import concepts_in
from triage.classifiers.local.envelope import envelope
from triage.classifiers.local.outward import outward
from triage.classifiers.local.wording import body_of, length_in_words, plain, words_in

BITS = 18
SIZE = 1 << BITS
# Blocks are scaled to these lengths: what generalises over languages and years (ideas, headers) counts more.
WORDS, CHARACTERS, IDEAS = 1.5, 1.5, 0.3


@dataclass(frozen=True)
class Features:
    """One mail: columns and values of its row, and the readable evidence behind some of them."""

    columns: np.ndarray
    values: np.ndarray
    evidence: tuple[tuple[str, int], ...]  # readable word or idea -> its column
    ideas: frozenset[str]
    words: int
    bulk: bool
    outward: np.ndarray  # signs of mail to the many
    from_a_person: bool  # somebody forwarded it or answered a mail: no robot sends that


@lru_cache(maxsize=1 << 16)
def column(token: str) -> int:
    """The column that a token is hashed to."""
    return (crc32(token.encode(errors="replace")) * 0x9E3779B1 >> 7) & (SIZE - 1)


def character_columns(text: str) -> np.ndarray:
    """Columns of all 3- to 5-grams that do not span a word, and of pairs of letters of scripts without spaces."""
    codes = np.frombuffer(f" {text} ".encode("utf-32-le", "ignore"), dtype="<u4").astype(np.uint64)
    gaps = np.concatenate(([0], np.cumsum(codes == 32)))
    found = []
    for size in (2, 3, 4, 5):
        count = len(codes) - size + 1
        if count <= 0:
            break
        grams = np.zeros(count, dtype=np.uint64)
        for offset in range(size):
            grams = grams * np.uint64(0x100000001B3) + codes[offset : offset + count]
        inside = gaps[size - 1 : size - 1 + count] - gaps[1 : 1 + count] == 0
        if size == 2:
            inside &= (codes[:count] >= 0x2E80) & (codes[1 : 1 + count] >= 0x2E80)
        mixed = grams[inside] * np.uint64(0x9E3779B97F4A7C15)
        found.append((mixed >> np.uint64(64 - BITS)).astype(np.int64))
    return np.unique(np.concatenate(found)) if found else np.zeros(0, dtype=np.int64)


def word_tokens(subject: list[str], body: list[str]) -> list[str]:
    """Words and pairs of words; those of the subject once more as the subject's own."""
    both = subject + body
    pairs = [f"{a} {b}" for a, b in pairwise(both)]
    return [*dict.fromkeys(both), *dict.fromkeys(pairs), *(f"subject:{word}" for word in dict.fromkeys(subject))]


def features_of(mail: MailText) -> Features:
    """Read one mail."""
    body = body_of(mail)
    subject_text, body_text = plain(mail.subject), plain(body)
    subject, words = words_in(subject_text), words_in(body_text)
    tokens = word_tokens(subject, words)
    ideas = concepts_in([*subject, ".", *words], f"{subject_text} {body_text}")
    marks = envelope(mail, body)
    bulk = "bulk" if "mark:bulk" in marks else "single"
    ordered = sorted(ideas)  # sums of floats depend on their order, and training is to give the same weights again
    signs = [*(f"idea:{i}" for i in ordered), *(f"{bulk}:{i}" for i in ordered), *marks]
    word_columns = [column(token) for token in tokens]
    blocks = [
        _scaled(np.unique(np.array(word_columns, dtype=np.int64)), WORDS),
        _scaled(character_columns(f"{subject_text} | {body_text}"), CHARACTERS),
        _weighted(signs),
    ]
    return Features(
        columns=np.concatenate([block[0] for block in blocks]),
        values=np.concatenate([block[1] for block in blocks]),
        evidence=tuple(zip(tokens, word_columns, strict=True)),
        ideas=ideas,
        words=length_in_words(f"{subject_text} {body_text}", [*subject, *words]),
        bulk=bulk == "bulk",
        outward=outward(marks, ideas),
        from_a_person="forwarded" in marks or ("header:in-reply-to" in marks and "mark:bulk" not in marks),
    )


def _scaled(columns: np.ndarray, length: float) -> tuple[np.ndarray, np.ndarray]:
    return columns, np.full(len(columns), length / max(1.0, len(columns) ** 0.5), dtype=np.float32)


def _weighted(signs: Iterable[str]) -> tuple[np.ndarray, np.ndarray]:
    columns = np.array([column(sign) for sign in signs], dtype=np.int64)
    return columns, np.full(len(columns), IDEAS, dtype=np.float32)
