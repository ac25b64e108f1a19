"""Make any text storable and visible: no NUL, no control characters, no lone surrogates, nothing invisible."""

import re

_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_NEWLINES = re.compile(r"\r\n?|[\x85\u2028\u2029]")
_BLANK_LINES = re.compile(r"\n(?:[ \t]*\n){2,}")

# A joiner or a selector right after an emoji belongs to it; anywhere else it only hides something.
_EMOJI = "\u00a9\u00ae\u203c-\u3299\U0001f000-\U0001faff"
_INVISIBLE = {
    "tag characters": re.compile("[\U000e0000-\U000e007f]"),
    "bidirectional controls": re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]"),
    "variation selectors": re.compile(f"(?<![{_EMOJI}])[\ufe00-\ufe0f]|[\u180b-\u180d\U000e0100-\U000e01ef]"),
    "zero-width characters": re.compile(
        f"(?<![{_EMOJI}\ufe0f])\u200d|[\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180e\u200b\u200c\u2060-\u2064\u206a-\u206f\u3164\ufeff\uffa0]"
    ),
}


def clean_text(text: str) -> str:
    """Return `text` with plain newlines and without NUL, control characters and lone surrogates."""
    text = _CONTROLS.sub("", _NEWLINES.sub("\n", text))
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def clean_line(text: str, limit: int = 1000) -> str:
    """Return `text` as one visible line of at most `limit` characters."""
    visible, _ = without_invisible(" ".join(text[: limit * 4].split()))
    return clean_text(visible)[:limit].strip()


def without_invisible(text: str) -> tuple[str, tuple[str, ...]]:
    """Take invisible Unicode out of `text`; the notes say how much of which kind, e.g. "12 tag characters"."""
    notes = []
    if not text.isascii():
        for kind, pattern in _INVISIBLE.items():
            text, count = pattern.subn("", text)
            if count:
                notes.append(f"{count} {kind}")
    return text, tuple(notes)


def squeezed(text: str) -> str:
    """Return `text` without trailing blanks and with at most one empty line in a row."""
    text = text.replace("\xa0", " ")
    return _BLANK_LINES.sub("\n\n", "\n".join(line.rstrip() for line in text.split("\n"))).strip("\n")


def both_ends(text: str, limit: int) -> str:
    """Keep the first 70 % and the last 30 % of a text that is longer than `limit` characters, and say so between."""
    if len(text) <= limit:
        return text
    gap = f"\n[… {len(text) - limit} characters left out …]\n"
    room = limit - len(gap)
    head = room * 7 // 10
    return text[:head] + gap + text[head - room :]
