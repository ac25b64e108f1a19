# ruff: noqa: RUF001 (punctuation of many scripts)
"""Text made comparable: folded letters, links and numbers as what they are, both ends of a long mail."""

import re
import unicodedata

from triage.classifiers import MailText

HEAD, TAIL = 2400, 600  # characters that are read: an inquiry says what it wants early, a newsletter how to leave late
# Thai, Chinese, Japanese, Korean: words that are not, or not reliably, found by spaces
UNSPACED = re.compile(r"[\u0e00-\u0e7f\u3005-\u30ff\u3400-\u9fff\uac00-\ud7a3]")

WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?|⟨\w+⟩|0+")
QUOTED = re.compile(r"^[ \t]*>.*$", re.MULTILINE)
URL = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)
ADDRESS = re.compile(r"[^\s@]{1,64}@[^\s@]+\.\w+")
NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
SPACES = re.compile(r"\s+")
SPECIAL = {ord(a): b for a, b in zip("łøđıßæœ’", ["l", "o", "d", "i", "ss", "ae", "oe", "'"], strict=True)}


class _Folding(dict[int, str]):
    """Letters without their accents, for writing with and without them; Kana and Hangul stay whole."""

    def __missing__(self, code: int) -> str:
        letter = unicodedata.normalize("NFKD", chr(code))[0] if code < 0x530 else chr(code)
        self[code] = letter
        return letter


FOLDING = _Folding(SPECIAL)


def fold(text: str) -> str:
    """Lower case, compatibility forms unified, accents removed."""
    return unicodedata.normalize("NFKC", text).lower().translate(FOLDING)


def body_of(mail: MailText) -> str:
    """The text without lines that quote somebody, both ends of it."""
    text = QUOTED.sub("", mail.text).strip() or mail.text.strip() or mail.new_text.strip()
    return text if len(text) <= HEAD + TAIL else f"{text[:HEAD]}\n{text[-TAIL:]}"


def plain(text: str) -> str:
    """Folded, with links, addresses and numbers replaced by what they are."""
    text = ADDRESS.sub(" ⟨address⟩ ", URL.sub(" ⟨link⟩ ", text))
    return SPACES.sub(" ", NUMBER.sub(_digits, fold(text))).strip()


def _digits(match: re.Match[str]) -> str:
    return "0" * min(4, sum(map(str.isdigit, match.group())))


def words_in(text: str) -> list[str]:
    """The words of a text that `plain` returned."""
    return WORD.findall(text)


def length_in_words(text: str, words: list[str]) -> int:
    """How many words a text has; where they are not spaced two letters count as one."""
    return max(len(words), len(UNSPACED.findall(text)) // 2)
