"""What the program asked a mail server to do, from the server's own record of it, and what it must never ask.

Dovecot writes down each session (its `rawlog_dir`). A person's mail client names itself at the start of its session;
all else is the program, or a part of it that a test uses alone.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

PERSON = '("name" "a person")'  # what a person's client says with ID
LINE = re.compile(r"^\d+\.\d+ (?:([A-P]{4})(\d+) ([^\r\n]+)|(.*))")
FOLDER = r'(?:"[^"]+"|[^" ]+)'
UIDS = r"[\d,:*]+"
OWN_KEYWORDS = r"\([\w.-]+\)"  # no system flag has a name without a backslash, no registered keyword one without a $

HARMLESS = re.compile(
    rf"CAPABILITY|NOOP|LOGOUT|IDLE|NAMESPACE|ID .*|ENABLE .*|LIST .*|STATUS .*|(?:SELECT|EXAMINE|CREATE) .*"
    rf"|(?:UID )?SEARCH .*|UID FETCH {UIDS} (?!.*(?:BODY\[|RFC822(?!\.SIZE)|BINARY\[)).*"
)
OWN_FOLDERS = r"(?:\[Google Mail\]/)?(?:Drafts|Sent|Sent Mail|Entw&APw-rfe|Gesendete Objekte)"
OWN_CHANGES = re.compile(
    rf'APPEND (?:{OWN_FOLDERS}|"{OWN_FOLDERS}") .*|UID (?:MOVE|COPY) {UIDS} {FOLDER}'
    rf"|UID STORE {UIDS} [+-]FLAGS(?:\.SILENT)? {OWN_KEYWORDS}"
)
INTO_THE_INBOX = re.compile(r'APPEND "?INBOX"? \(\\Seen\) \{\d+\+?\}')
CANARY = re.compile(r"\nMessage-ID:\s+<canary-")
TAKEN_AWAY = re.compile(rf"UID STORE ({UIDS}) \+FLAGS\.SILENT \(\\Deleted\)")
EXPUNGED = re.compile(rf"UID EXPUNGE ({UIDS})")


@dataclass(frozen=True)
class Session:
    """The commands of one connection, each with the literal that came with it after a newline."""

    commands: tuple[str, ...]

    @property
    def is_a_persons(self) -> bool:
        return any(command.startswith("ID ") and PERSON in command for command in self.commands[:3])

    def forbidden(self, *, lossy: bool = False) -> Iterator[str]:
        """The commands that the program must not send; `lossy`: where commands and answers are lost on the way."""
        for number, command in enumerate(self.commands):
            first, _, literal = command.partition("\n")
            if taken := TAKEN_AWAY.fullmatch(first):  # our own copy is good: the original goes, by its UID, at once
                following = self.commands[number + 1 : number + 2]  # nothing, if the line broke in between
                good = following in ((), (f"UID EXPUNGE {taken[1]}",)) or (lossy and following == ("LOGOUT",))
            elif expunged := EXPUNGED.fullmatch(first):
                before = TAKEN_AWAY.fullmatch(self.commands[number - 1]) if number else None
                copied = any(one.startswith(f"UID COPY {expunged[1]} ") for one in self.commands[:number])
                good = bool(before and before[1] == expunged[1]) or (lossy and copied)
            elif INTO_THE_INBOX.fullmatch(first):  # or the line broke before it was sent
                good = bool(CANARY.search(f"\n{literal}")) or not literal
            else:
                good = bool(HARMLESS.fullmatch(first) or OWN_CHANGES.fullmatch(first))
            if not good:
                yield first


def sessions(folder: Path) -> Iterator[Session]:
    """All sessions that a server wrote down."""
    for path in sorted(folder.glob("*.in")):
        yield session(path.read_bytes().decode("utf-8", "replace").split("\n"))


def session(lines: Sequence[str]) -> Session:
    """One session from its record. Its tags tell commands apart from what is in a literal."""
    found: list[str] = []
    tag = ""
    for line in lines:
        if not (said := LINE.match(line.rstrip("\r"))):
            continue
        tag = tag or said[1] or ""
        if said[1] and said[1] == tag:
            found.append(said[3])
        elif found:
            found[-1] += f"\n{line.partition(' ')[2].rstrip()}"
        else:
            found.append(said[4] or line)
    return Session(tuple(found))


@dataclass
class Record:
    """What a server wrote down until now: of the program how many sessions, commands by verb, and forbidden ones."""

    sessions: int
    commands: Counter[str]
    forbidden: list[str]

    @classmethod
    def of(cls, folder: Path, *, lossy: bool = False) -> "Record":
        record = cls(0, Counter(), [])
        for one in sessions(folder):
            if not one.is_a_persons:
                record.sessions += 1
                record.commands.update(verb(command) for command in one.commands)
                record.forbidden += one.forbidden(lossy=lossy)
        return record


def verb(command: str) -> str:
    words = command.split()
    return " ".join(words[:2] if words[:1] == ["UID"] else words[:1]).upper()
