"""Address lists, read in one pass: names are decoded after the commas and brackets are found, never before."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from triage.parsing.cleaning import clean_line
from triage.parsing.headers import readable

FIELD_LIMIT = 50_000  # characters of one address field that are looked at
COUNT_LIMIT = 200  # addresses kept of one field
COMMENT_LIMIT = 50  # words kept of one comment

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|<[^<>]*>|=\?[^?\s]*\?[bBqQ]\?[^?]*\?=|[(),;:]|\\.|[^"<(),;:=\\]+|.', re.DOTALL)
ADDRESS = re.compile(r"[^\s@<>()\[\]\",;:\\]+@[^\s@<>()\[\]\",;:\\]*[^\s@<>()\[\]\",;:\\.]")


@dataclass(frozen=True)
class MailboxName:
    """One entry of an address field. `address` is normalised and may be ""; `name` is decoded and may be ""."""

    name: str
    address: str

    @property
    def domain(self) -> str:
        return domain_of(self.address)


def domain_of(address: str) -> str:
    return address.rpartition("@")[2]


def is_within(domain: str, domains: Iterable[str]) -> bool:
    """Whether `domain` is one of `domains` or a subdomain of one."""
    return any(domain == known or domain.endswith("." + known) for known in domains)


def read_addresses(value: str) -> tuple[MailboxName, ...]:
    """Read an address field. In "sales@own.example <x@other.example>" only x@other.example is an address."""
    entries = _read(value[:FIELD_LIMIT])
    if "=?" in value and not any(entry.address for entry in entries):
        return _read(readable(value[:FIELD_LIMIT]))  # some mailers encode brackets and all
    return entries


def _read(value: str) -> tuple[MailboxName, ...]:
    entries: list[MailboxName] = []
    before = ""  # Schmidt, Anna <anna@x.example> is one entry, if wrongly written
    for words, angle, comment in _entries(value):
        address = normalised(words if angle is None else angle)
        if angle is not None and (address or words.strip()):
            entries.append(MailboxName(_name(before + words or comment), address))
        elif address:
            entries.append(MailboxName(_name(comment), address))
        before = f"{words}, " if angle is None and not address and words.strip() else ""
        if len(entries) == COUNT_LIMIT:
            break
    return tuple(entries)


def normalised(text: str) -> str:
    """Return the address in `text` in lower case; "" if there is none."""
    match = ADDRESS.search(text[:1000])
    address = clean_line(match[0].strip("'`"), 320).lower() if match else ""
    return address if len(address) <= 254 else ""


def _entries(value: str) -> Iterator[tuple[str, str | None, str]]:
    """Yield (words, what stood in <>, comment) of each entry."""
    words: list[str] = []
    comments: list[str] = []
    angle: str | None = None
    depth, has_at = 0, False
    for piece in _TOKEN.findall(value + ","):
        if piece == "(":
            depth += 1
        elif depth and piece == ")":
            depth -= 1
        elif depth:
            comments.extend([piece] if len(comments) < COMMENT_LIMIT else [])
        elif piece in {",", ";"}:
            yield "".join(words), angle, "".join(comments)
            words, comments, angle, has_at = [], [], None, False
        elif piece == ":" and angle is None and not has_at:
            words = []  # the name of a group
        elif piece.startswith("<") and len(piece) > 1:
            angle = piece[1:-1]
        else:
            words.append(piece)
            has_at = has_at or "@" in piece
    if depth and (words or angle):  # a comment that is never closed swallows the rest
        yield "".join(words), angle, ""


def _name(words: str) -> str:
    unquoted = re.sub(r'"((?:[^"\\]|\\.)*)"', lambda match: re.sub(r"\\(.)", r"\1", match[1]), words)
    name = clean_line(readable(unquoted), 200).strip('" ')
    return name[1:-1] if len(name) > 1 and name[0] == name[-1] == "'" else name
