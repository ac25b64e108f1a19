# ruff: noqa: RUF001 (look-alike characters are the point)
"""What of a customer's mail may stand in a reply: one visible line, without anything that leads elsewhere."""

import re
import unicodedata

from triage.parsing.cleaning import without_invisible

SUBJECT_READ = 300  # characters; the patterns below are not made for more
NAME_LENGTH = 40
NAME_WORDS = 3

REPLY_PREFIX = re.compile(
    r"^(?:(?:re|r|aw|antw|antwort|sv|vs|odp|res|rif|ynt|vá|回复|回覆|答复|答覆|返信)\s*(?:[\[(]\d+[\])])?\s*[:：]\s*)+",
    re.IGNORECASE,
)
ENCODED_WORD = re.compile(r"=\?\S*")
# What a mail program would make a link of: an address, a URL, a share, a bare host name or number. A document stays,
# and so does ".NET", which the reply puts into quotes.
DOCUMENT = r"(?i:pdf|step|stp|stl|dwg|dxf|igs|iges|sldprt|xlsx?|csv|docx?|txt|jpe?g|png|tiff?)(?![\w/?:]|\.\w)"
SCHEME = "(?i:mailto|tel|sms|callto|skype|whatsapp|file|javascript|data|https?|ftp)"
LINK = re.compile(
    rf"@|:[/\\]|//|\\\\|\b{SCHEME}:\S|[^\s.\x22„“”«»「『]\.(?!{DOCUMENT})[^\W\d_]{{2}}"
    r"|[A-Za-z0-9-]。[A-Za-z]{2}|(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.])"
)
# An address in words, for people to put together: "evil dot com", "me (at) evil", "evil . com".
SPELLED = re.compile(
    r"[\[({]\s*(?:dot|punkt|point|punto|ponto|at|@|\.)\s*[\])}]|\b(?:dot|punkt|point|punto|ponto)\s(?:com|net|org|biz)\b"
    r"|\s\.\s?(?:com|org)\b|\s\.\snet\b",
    re.IGNORECASE,
)


def reply_subject(subject: str, company_name: str = "") -> str:
    """Return `Re: ...` with one prefix, whatever prefixes there were, at most 200 characters."""
    return f"Re: {subject_slot(subject) or one_line(company_name) or '-'}"[:200].rstrip()


def subject_slot(subject: str) -> str:
    """Return the subject without reply prefixes, links, addresses and encoded words that nobody could decode.

    "" for a subject that spells an address out.
    """
    line = one_line(ENCODED_WORD.sub(" ", subject[:SUBJECT_READ]))
    return "" if SPELLED.search(_plain(line)) else REPLY_PREFIX.sub("", without_links(line)).strip()


def first_name_slot(name: str) -> str:
    """Return the name if it is one: up to three words of letters. Anything else is greeted neutrally."""
    name = one_line(name[: 2 * NAME_LENGTH])
    is_name = all(unicodedata.category(sign)[0] in "LM" or sign in " '’-." for sign in name) and "." not in name[:-1]
    short = len(name) <= NAME_LENGTH and len(name.split()) <= NAME_WORDS
    return name if is_name and short and any(map(str.isalpha, name)) else ""


def without_links(line: str) -> str:
    """Return the line without the words that a mail program would show as a link."""
    return " ".join(word for word in line.split() if not leads_elsewhere(word))


def leads_elsewhere(text: str) -> bool:
    """Whether a mail program or a browser would find an address in `text`, in whatever letters."""
    return bool(LINK.search(text) or LINK.search(_plain(text)))


def one_line(value: str) -> str:
    """Return the value as one line without control, invisible or unpaired characters.

    `=?` is broken up as well: an encoded word inside a text would be decoded by whoever reads it next.
    """
    visible, _ = without_invisible(value)
    return " ".join("".join(_visible(sign) for sign in visible).replace("=?", "= ?").split())


def many_lines(value: str) -> str:
    """Return the value with `\\n` line ends, each line without control or unpaired characters."""
    lines = value.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\n".join("".join(sign if sign == "\t" else _visible(sign) for sign in line).rstrip() for line in lines)


def _plain(text: str) -> str:
    """As a browser reads an address: wide, circled and bold letters are plain ones, combining marks are none."""
    letters = unicodedata.normalize("NFKD", text).replace("｡", "。")
    return "".join(sign for sign in letters if unicodedata.category(sign)[0] != "M")


def _visible(sign: str) -> str:
    category = unicodedata.category(sign)
    if category in ("Zl", "Zp", "Cc"):
        return " "
    hidden = category[0] == "C" or "\ufe00" <= sign <= "\ufe0f" or "\U000e0100" <= sign <= "\U000e01ef"
    return "" if hidden else sign
