"""Full text over the mail: sender, subject and text, by the database's own index of words.

The words are made here and not by the database, so that PostgreSQL (a GIN index over a tsvector) and SQLite (FTS5)
find the same mails whatever locale they were set up with: case and accents do not matter ("muller" finds "Müller"), no
language's grammar is needed because the beginning of a word is enough, and scripts that are written without spaces
(Chinese, Japanese, Thai) are cut into overlapping pairs of signs, so that any part of a sentence is found.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator

from django.db import connection

from triage.models.message import Message

TABLE = "triage_message_words"
WORD = 64  # characters of a word count
FOUND = 1000  # as many mails are found at most, the newest
UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"  # Thai, Lao, Burmese, Khmer
UNSPACED += "\u3005\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # kana, Han
RUN = re.compile(f"[{UNSPACED}]+|[^\\W_{UNSPACED}]+")
IS_UNSPACED = re.compile(f"[{UNSPACED}]")


def index(messages: Iterable[Message]) -> None:
    """Make these mails findable; to be called in the transaction that stores what was read of them."""
    rows = [(message.pk, sorted(words(whole(message)))) for message in messages]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.executemany(
                f"INSERT INTO {TABLE} (message_id, words) VALUES (%s, array_to_tsvector(%s::text[])) "  # noqa: S608
                "ON CONFLICT (message_id) DO UPDATE SET words = excluded.words",
                rows,
            )
        else:
            joined = [(pk, " ".join(found)) for pk, found in rows]
            cursor.executemany(f"INSERT OR REPLACE INTO {TABLE} (rowid, words) VALUES (%s, %s)", joined)  # noqa: S608


def matching(asked: str, limit: int = FOUND) -> list[int]:
    """The primary keys of the newest mails in which each of these words is, or begins one; the newest first."""
    terms = list(dict.fromkeys(wanted(asked)))
    if not terms:
        return []
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            found = f"SELECT message_id FROM {TABLE} WHERE words @@ %s::tsquery ORDER BY message_id DESC LIMIT %s"  # noqa: S608
            query = " & ".join(f"'{term}'{':*' * begins}" for term, begins in terms)
        else:
            found = f"SELECT rowid FROM {TABLE} WHERE {TABLE} MATCH %s ORDER BY rowid DESC LIMIT %s"  # noqa: S608
            query = " AND ".join(f'"{term}"{" *" * begins}' for term, begins in terms)
        cursor.execute(found, (query, limit))
        return [pk for (pk,) in cursor.fetchall()]


def whole(message: Message) -> str:
    """What of a mail is searched."""
    who = f"{message.sender_name} {message.sender_address} {message.from_name} {message.from_address}"
    return f"{who} {message.subject} {message.text}"


# --- pure ---


def words(text: str) -> set[str]:
    """The words of a text as they are kept: folded, and pairs of signs where no spaces are written."""
    found = set()
    for run in runs(text):
        if IS_UNSPACED.match(run):
            found |= {run[place : place + 2] for place in range(len(run))}
        else:
            found.add(run[:WORD])
    return found


def wanted(asked: str) -> Iterator[tuple[str, bool]]:
    """Each word that was asked for, and whether the beginning of one is enough; of a single letter it is not."""
    for run in runs(asked):
        if not IS_UNSPACED.match(run):
            yield run[:WORD], len(run) > 1
        elif len(run) == 1:
            yield run, True
        else:
            yield from ((run[place : place + 2], False) for place in range(len(run) - 1))


def runs(text: str) -> list[str]:
    """The unbroken runs of letters and digits of one kind of script, without case and accents."""
    bare = (sign for sign in unicodedata.normalize("NFKD", text) if not unicodedata.combining(sign))
    return RUN.findall(unicodedata.normalize("NFKC", "".join(bare)).casefold())
