"""What really lies in a mailbox, read from the files of the Maildir: none of our code, no IMAP."""

import hashlib
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from email.parser import BytesHeaderParser
from pathlib import Path

TOKEN = "X-Inbox-Router-Draft"
FLAGS = {"S": "\\Seen", "F": "\\Flagged", "R": "\\Answered", "T": "\\Deleted", "D": "\\Draft"}


@dataclass(frozen=True)
class Letter:
    """One mail in one folder. `digest` names its bytes; `token` marks a draft of ours."""

    folder: str
    uid: int
    uidvalidity: int
    digest: str
    message_id: str
    subject: str
    token: str
    answers: str
    flags: frozenset[str]
    keywords: frozenset[str]


class Maildir:
    """The folders of one user. Files never change, so each is read once."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._read: dict[str, tuple[str, ...]] = {}

    def letters(self) -> list[Letter]:
        found = [letter for folder in self._folders() for letter in self._in(folder)]
        return sorted(found, key=lambda letter: (letter.folder, letter.uid))

    def _folders(self) -> Iterator[Path]:
        yield self.path
        yield from sorted(path for path in self.path.glob(".*") if (path / "cur").is_dir())

    def _in(self, folder: Path) -> Iterator[Letter]:
        files = [path for part in ("cur", "new") for path in (folder / part).iterdir()]
        validity, uids = numbers(folder / "dovecot-uidlist")
        names = keyword_names(folder / "dovecot-keywords") if files else {}
        for path in files:
            base, _, letters = path.name.partition(":2,")
            yield Letter(
                folder.name[1:] if folder != self.path else "INBOX",
                uids.get(base, 0),
                validity,
                *self._facts(base, path),
                frozenset(FLAGS[letter] for letter in letters if letter in FLAGS),
                frozenset(names[letter] for letter in letters if letter in names),
            )

    def _facts(self, base: str, path: Path) -> tuple[str, ...]:
        if base not in self._read:
            raw = path.read_bytes().replace(b"\r\n", b"\n")
            head = BytesHeaderParser().parsebytes(raw)
            told = (str(head.get(name, "")).strip() for name in ("Message-ID", "Subject", TOKEN, "In-Reply-To"))
            self._read[base] = (hashlib.sha256(raw).hexdigest()[:16], *told)
        return self._read[base]

    def renumber(self, validity: int) -> None:
        """Number the inbox anew under another UIDVALIDITY, as a restored mailbox has it. Nobody may be signed in."""
        listed = self.path / "dovecot-uidlist"
        _, uids = numbers(listed)
        present = {path.name.partition(":2,")[0] for part in ("cur", "new") for path in (self.path / part).iterdir()}
        order = [base for base in uids if base in present]
        lines = [f"3 V{validity} N{len(order) + 1}", *(f"{uid} :{base}" for uid, base in enumerate(order, 1))]
        listed.write_text("\n".join(lines) + "\n")
        for index in self.path.glob("dovecot.index*"):
            index.unlink()

    def remove(self) -> None:
        shutil.rmtree(self.path.parent, ignore_errors=True)


def numbers(listed: Path) -> tuple[int, dict[str, int]]:
    """UIDVALIDITY, and the UIDs by the files' names."""
    if not listed.exists():
        return 0, {}
    head, *lines = listed.read_text().splitlines()
    validity = int(next(word for word in head.split() if word.startswith("V"))[1:])
    return validity, {line.partition(":")[2].partition(":2,")[0]: int(line.split()[0]) for line in lines}


def keyword_names(path: Path) -> dict[str, str]:
    """The keywords by their letter in a file's name."""
    lines = path.read_text().split("\n") if path.exists() else []
    return {chr(ord("a") + int(number)): name for number, _, name in (line.partition(" ") for line in lines if line)}


def counted(letters: Sequence[Letter]) -> Counter[str]:
    return Counter(letter.digest for letter in letters)
