# ruff: noqa: RUF001 (look-alike punctuation of other scripts is meant)
"""What is new in a mail: without the quoted reply and the signature, but with a forwarded inquiry.

Line by line and linear in time, so that no mail can make it slow.
"""

import re
from dataclasses import dataclass

from triage.parsing.words import any_of, table

LINE_LIMIT = 500  # characters of a line that are looked at
_DEPTH = 3  # forwards within forwards that are followed

_LABEL = {
    kind: re.compile(rf"^[\s*_>]*{any_of('label', kind)}\s?\*?\s?[:：]\*?\s*(.*)$", re.IGNORECASE)
    for kind in table("label")
}
_FORWARD = re.compile(rf"{any_of('quote', 'forwarded')}\s*(?:[-–—_:：*>].*|от .*)?$", re.IGNORECASE)
_ORIGINAL = re.compile(rf"^\s*[-_–—*=]{{2,}}\s*{any_of('quote', 'original')}\s*[-_–—*=]{{2,}}", re.IGNORECASE)
_WROTE = re.compile(rf"\b{any_of('quote', 'wrote')}\b|{any_of('quote', 'wrote_unspaced')}", re.IGNORECASE)
_DATED = re.compile(r"\d{1,4}[./年-]\s?\d{1,2}|\d{1,2}[:.]\d{2}|\b(?:19|20)\d\d\b|@")
_SENT_FROM = re.compile(any_of("quote", "sent_from"), re.IGNORECASE)
_CLOSING = re.compile(any_of("quote", "closing"), re.IGNORECASE)
_ORNAMENTS = " \t>*-–—_=~|.,:;!…"
_SIGNATURE_LINES = 18  # a signature is short; a closing word further up belongs to the text
_LAST_LINE = 70  # characters of the line below a closing that may be the writer's name


@dataclass(frozen=True)
class Block:
    """The header of a quoted or forwarded mail in the text: lines [start, end) and what its fields say."""

    start: int
    end: int
    fields: dict[str, str]


def new_text(text: str, forwarded: bool = False) -> str:
    """Return what the writer of this mail wrote, and what it forwards; all of `text` if that leaves nothing.

    `forwarded` says that the subject calls it a forward, so that a block of headers starts the inquiry and no quote.
    """
    lines = [line[:LINE_LIMIT] for line in text.split("\n")]
    kept = _new(lines, forwarded, _DEPTH)
    return "\n".join(kept).strip() or text


def forwarded_block(text: str, forwarded: bool = False) -> tuple[Block, str] | None:
    """Find the first forwarded mail in `text`: its header block and the text below it. See `new_text`."""
    lines = [line[:LINE_LIMIT] for line in text.split("\n")]
    cut = _first_cut(lines, forwarded)
    if cut is None or not cut[1]:
        return None
    block = _block(lines, cut[0])
    return (block, "\n".join(lines[block.end :])) if block else None


def _new(lines: list[str], forwarded: bool, depth: int) -> list[str]:
    cut = _first_cut(lines, forwarded)
    if cut is None:
        return without_signature(_unquoted(lines))
    start, is_forward = cut
    own = without_signature(_unquoted(_without_rule(lines[:start])))
    if not is_forward or not depth:
        return own
    block = _block(lines, start)
    end = block.end if block else start + 1
    inner = [re.sub(r"^(?:> ?)+", "", line) for line in lines[end:]] if _is_quoted(lines[end:]) else lines[end:]
    return [*own, "", *lines[start:end], *_new(inner, False, depth - 1)]


def _first_cut(lines: list[str], forwarded: bool) -> tuple[int, bool] | None:
    """Find where another mail begins: (line, whether it is forwarded); None if there is none."""
    for number, line in enumerate(lines):
        if _FORWARD.match(line.lstrip(_ORNAMENTS)):
            return number, True
        if _ORIGINAL.match(line):
            return number, forwarded or _nothing_above(lines, number)
        if _LABEL["from"].match(line) and (forwarded or not line.startswith(">")) and _block(lines, number):
            return number, forwarded or _nothing_above(lines, number)
        if (end := _attribution(lines, number)) and not _is_quoted(lines[end : end + 3]):
            return number, False
    return None


def _without_rule(lines: list[str]) -> list[str]:
    """Drop the blank and drawn lines at the end, by which a program sets a quoted mail off."""
    while lines and not lines[-1].strip(_ORNAMENTS):
        lines = lines[:-1]
    return lines


def _nothing_above(lines: list[str], number: int) -> bool:
    return not any(re.search(r"\w", line) for line in lines[:number])


def _block(lines: list[str], start: int) -> Block | None:
    """Read the lines "From: … Sent: … To: … Subject: …" at or shortly below `start`."""
    fields: dict[str, str] = {}
    first = end = start
    for number in range(start, min(start + 14, len(lines))):
        found = next(((kind, match) for kind, label in _LABEL.items() if (match := label.match(lines[number]))), None)
        if found and found[0] not in fields:
            first = first if fields else number
            fields[found[0]] = found[1][1].strip()
            end = number + 1
        elif fields and not lines[number].strip(" >") and len(fields) >= 3:
            break
        elif not fields and number > start + 3:
            return None
    return Block(first, end, fields) if "from" in fields and len(fields) >= 3 else None


def _attribution(lines: list[str], number: int) -> int:
    """The line after "On …, … wrote:", which mail programs wrap over up to three lines; 0 if there is none here."""
    if not _DATED.search(lines[number]):
        return 0
    joined = ""
    for end in range(number, min(number + 3, len(lines))):
        joined = f"{joined} {lines[end].strip()}"
        if joined.rstrip().endswith((":", "：")):
            return end + 1 if len(joined) < LINE_LIMIT and _is_attribution(joined) else 0
    return 0


def _is_attribution(line: str) -> bool:
    """Whether a line says who wrote when, by a verb or, as Gmail does in some languages, by time and address only."""
    return bool(_WROTE.search(line) or (re.search(r"\d{1,2}:\d{2}", line) and re.search(r"<\S+@\S+>", line)))


def _is_quoted(lines: list[str]) -> bool:
    """Whether the first line that says anything is quoted by ">"."""
    return next((line.lstrip().startswith(">") for line in lines if line.strip()), False)


def _unquoted(lines: list[str]) -> list[str]:
    """Drop quoted lines and the attribution above them; answers written below or between stay."""
    kept: list[str] = []
    number = 0
    while number < len(lines):
        if lines[number].lstrip().startswith(">"):
            number += 1
        elif end := _attribution(lines, number):
            number = end
        else:
            kept.append(lines[number])
            number += 1
    return kept


def without_signature(lines: list[str]) -> list[str]:
    """Cut the signature: below "-- ", or below a closing and the name, or a phone's advertisement."""
    for number, line in enumerate(lines):
        if (line.rstrip() == "--" and number) or _SENT_FROM.match(line.lstrip(_ORNAMENTS)):
            return lines[:number]
        if number and _is_closing(line) and sum(map(bool, map(str.strip, lines[number:]))) <= _SIGNATURE_LINES:
            return lines[: _after_name(lines, number + 1)]
    return lines


def _is_closing(line: str) -> bool:
    said = line.strip(_ORNAMENTS)
    return len(said) <= _LAST_LINE and bool(_CLOSING.fullmatch(said))


def _after_name(lines: list[str], start: int) -> int:
    """The line after the name that follows a closing."""
    for number in range(start, min(start + 3, len(lines))):
        if lines[number].strip():
            return number + 1 if len(lines[number]) <= _LAST_LINE else number
    return len(lines)
