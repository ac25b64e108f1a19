"""Bytes to text, whatever the mail says about its charset and however wrong it is."""

import codecs
import re
from functools import lru_cache

# Labels that mean a larger charset in practice (https://encoding.spec.whatwg.org/#names-and-labels), or that
# mailers made up.
_MEANT = {
    "iso-8859-1": "cp1252",
    "latin-1": "cp1252",
    "latin1": "cp1252",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "x-gbk": "gb18030",
    "ks_c_5601-1987": "cp949",
    "ks_c_5601": "cp949",
    "euc-kr": "cp949",
    "shift_jis": "cp932",
    "x-sjis": "cp932",
    "iso-2022-jp": "iso2022_jp_ext",
    "cp-850": "cp850",
    "x-mac-roman": "mac_roman",
    "macintosh": "mac_roman",
    "utf8mb4": "utf-8",
    "unicode-1-1-utf-7": "utf-7",
    "iso-8859-8-i": "iso-8859-8",
    "windows-874": "cp874",
}
# Python codecs that are no charsets of mail; punycode and idna take quadratic time.
_REFUSED = {"punycode", "idna", "unicode_escape", "raw_unicode_escape", "undefined", "mbcs", "oem"}
_SAMPLE = 4096
_LETTERS_OF_UTF8 = 3
# What mail without a charset is written in; guessing among all the codecs there are finds the oddest ones.
_GUESSES = ["cp1251", "koi8_r", "gb18030", "big5", "cp932", "euc_jp", "cp949", "cp1253", "cp1255", "cp1256", "tis_620"]


@lru_cache(maxsize=256)
def codec(charset: str) -> str:
    """Name the Python codec for a charset label; "" if there is none."""
    label = re.split(r"[\s;,*'\"]", charset.strip().strip("\"'").lower()[:40], maxsplit=1)[0]
    try:
        name = codecs.lookup(_MEANT.get(label, label)).name
        b"a".decode(name)  # a codec that is no charset, such as base64, raises LookupError only in use
    except UnicodeError:
        pass
    except (LookupError, ValueError):
        return ""
    return "" if name in _REFUSED or name == "ascii" else name


def decoded(data: bytes, charset: str = "", cut: bool = False) -> str:
    """Decode `data`: as declared, else UTF-8, else the likeliest; never fails. `cut`: the end may be missing."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", "replace")
    if data.isascii() and not _is_stateful(charset):
        return data.decode("ascii")
    names = ("utf-8", codec(charset)) if _is_utf8(data) else (codec(charset), "utf-8")
    for name in filter(None, names):
        try:
            return codecs.getincrementaldecoder(name)().decode(data, final=not cut)
        except (UnicodeError, ValueError):
            continue
    return data.decode(_mostly(data, charset) or _guessed(data), "replace")


def _is_utf8(data: bytes) -> bool:
    """Whether several letters beyond ASCII are valid UTF-8: then it is, for by chance no other charset looks so."""
    sample = data[:_SAMPLE]
    if sum(byte >= 0xC2 for byte in sample) < _LETTERS_OF_UTF8:
        return False
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample, final=len(data) <= _SAMPLE)
    except UnicodeError:
        return False
    return True


def _is_stateful(charset: str) -> bool:
    """UTF-7, ISO-2022 and HZ write other alphabets in ASCII bytes; UTF-16 and UTF-32 hold them too."""
    return codec(charset).startswith(("utf-7", "utf-16", "utf-32", "iso2022", "hz"))


def _mostly(data: bytes, charset: str) -> str:
    """The declared charset if a few bad bytes are all that is wrong with it; else ""."""
    for name in filter(None, (codec(charset), "utf-8")):
        sample = data[:_SAMPLE].decode(name, "replace")
        bad = sample.count("\ufffd")
        if bad * 5 < sum(letter > "\x7f" for letter in sample):
            return name
    return ""


def _guessed(data: bytes) -> str:
    """Windows-1252 for letters that are mostly ASCII; else what charset-normalizer guesses from a sample."""
    from charset_normalizer import from_bytes

    sample = data[:_SAMPLE]
    if sum(byte > 127 for byte in sample) * 3 < len(sample):
        return "cp1252"
    best = from_bytes(sample, steps=3, cp_isolation=_GUESSES, enable_fallback=False).best()
    return codec(best.encoding) or "cp1252" if best else "cp1252"
