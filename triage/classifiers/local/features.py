"""A mail as a sparse vector: hashed words and characters, ideas of `concepts.toml`, headers and shape.

Only numpy is needed, so that a process which judges mail never pays for importing scikit-learn.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate, pairwise
from zlib import crc32

import numpy as np

from triage.classifiers import MailText
from triage.classifiers.local.concepts import concepts_in
from triage.classifiers.local.envelope import envelope, senders
from triage.classifiers.local.outward import outward
from triage.classifiers.local.wording import body_of, length_in_words, plain, words_in

BITS = 18
# Each kind of evidence has columns of its own: words, characters, signs, which are few, and who sent it.
CHARACTERS_AT, SIGNS_AT = 1 << BITS, 2 << BITS
SENDERS_AT = SIGNS_AT + (1 << 13)
SIZE = SENDERS_AT + (1 << 13)
WORDS, CHARACTERS = 1.5, 1.5  # the lengths that a mail's words and its characters are scaled to
SIGN, SENDER = 0.3, 0.7  # the value of each sign, and of what tells the sender


@dataclass(frozen=True)
class Row:
    """A sparse vector: its columns and what stands in them."""

    columns: np.ndarray
    values: np.ndarray


@dataclass(frozen=True)
class Features(Row):
    """One mail: its row, and the readable evidence behind some of the columns."""

    kinds: tuple[Row, ...]  # the same, parted: words, characters, signs, sender
    evidence: tuple[tuple[str, int], ...]  # readable word or idea -> its column
    ideas: frozenset[str]
    words: int
    bulk: bool
    outward: np.ndarray  # signs of mail to the many
    from_a_person: bool  # somebody forwarded it or answered a mail: no robot sends that


@lru_cache(maxsize=1 << 16)
def word_column(token: str) -> int:
    """The column that a word or a pair of words is hashed to."""
    return _hashed(token, CHARACTERS_AT)


@lru_cache(maxsize=1 << 14)
def sign_column(sign: str) -> int:
    """The column that an idea, a header or another outward sign is hashed to."""
    return SIGNS_AT + _hashed(sign, SENDERS_AT - SIGNS_AT)


def sender_column(sender: str) -> int:
    """The column that an address, a domain or a list is hashed to. No shipped weight is there: people's answers are."""
    return SENDERS_AT + _hashed(sender, SIZE - SENDERS_AT)


def _hashed(token: str, below: int) -> int:
    return (crc32(token.encode(errors="replace")) * 0x9E3779B1 >> 7) % below


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
        found.append(CHARACTERS_AT + (mixed >> np.uint64(64 - BITS)).astype(np.int64))
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
    word_columns = [word_column(token) for token in tokens]
    blocks = [
        _scaled(np.unique(np.array(word_columns, dtype=np.int64)), WORDS),
        _scaled(character_columns(f"{subject_text} | {body_text}"), CHARACTERS),
        _each(map(sign_column, signs), SIGN),
        _each(map(sender_column, senders(mail)), SENDER),
    ]
    columns, values = (np.concatenate(parts) for parts in zip(*blocks, strict=True))
    ends = [0, *accumulate(len(block[0]) for block in blocks)]
    return Features(
        columns=columns,
        values=values,
        kinds=tuple(Row(columns[a:b], values[a:b]) for a, b in pairwise(ends)),
        evidence=tuple(zip(tokens, word_columns, strict=True)),
        ideas=ideas,
        words=length_in_words(f"{subject_text} {body_text}", [*subject, *words]),
        bulk=bulk == "bulk",
        outward=outward(marks, ideas),
        from_a_person="forwarded" in marks or ("header:in-reply-to" in marks and "mark:bulk" not in marks),
    )


def _scaled(columns: np.ndarray, length: float) -> tuple[np.ndarray, np.ndarray]:
    return columns, np.full(len(columns), length / max(1.0, len(columns) ** 0.5), dtype=np.float32)


def _each(columns: Iterable[int], value: float) -> tuple[np.ndarray, np.ndarray]:
    found = np.fromiter(columns, dtype=np.int64)
    return found, np.full(len(found), value, dtype=np.float32)
