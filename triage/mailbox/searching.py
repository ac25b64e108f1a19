"""Finding mails: new ones by UID, our own by Message-ID."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from triage.mailbox.connection import Answer, Connection
from triage.mailbox.folders import Folder
from triage.mailbox.reading import header_in

SPAN = 50_000  # messages whose UIDs fit into one SEARCH answer: imaplib refuses more than a million bytes
MESSAGE_ID = "BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)]<0.1000>"
# What can be put into a search without ambiguity. Others, of hostile or broken mail, are not searched for.
SEARCHABLE = re.compile(r"<[!#-'*-;=?-\[\]-~]{3,200}>")
IDS_AT_ONCE = 50


def uids_after(connection: Connection, folder: Folder, last_uid: int, since: date | None = None) -> list[int]:
    """The UIDs above one, of that day or later, sorted. A folder too big for one answer is searched by ranges."""
    state = connection.known(folder)
    starts = range(last_uid + 1, max(state.uidnext, last_uid + 2), SPAN) if state.messages > SPAN else [last_uid + 1]
    criteria = ["SINCE", since] if since else []
    found: set[int] = set()
    for start in starts:
        end = "*" if start == starts[-1] else str(start + SPAN - 1)
        found.update(connection.client.search([*criteria, "UID", f"{start}:{end}"]))
    return sorted(uid for uid in found if uid > last_uid)  # n:* always tells the last message, too


def uids_since(connection: Connection, moment: datetime) -> list[int]:
    """The UIDs in the open folder of what the server received since then; what people are still writing is left out.

    Servers search by days of their own time zone, and Gmail's All Mail holds drafts as well.
    """
    uids = connection.client.search(["UNDRAFT", "SINCE", (moment - timedelta(days=1)).date()])
    answers = connection.fetch(uids, ["INTERNALDATE"])
    start = moment.replace(microsecond=0)
    return sorted(uid for uid, answer in answers.items() if answer.get(b"INTERNALDATE", moment) >= start)


def by_message_id(connection: Connection, message_ids: Iterable[str]) -> dict[str, list[int]]:
    """The UIDs in the open folder of each Message-ID; one that cannot be searched for is left out."""
    wanted = sorted({message_id for message_id in message_ids if SEARCHABLE.fullmatch(message_id)})
    found: dict[str, list[int]] = {message_id: [] for message_id in wanted}
    for start in range(0, len(wanted), IDS_AT_ONCE):
        candidates = connection.client.search(_any_of(wanted[start : start + IDS_AT_ONCE]))
        # SEARCH HEADER finds substrings, so each hit is compared.
        for message_id, uids in message_ids_of(connection, candidates).items():
            if message_id in found:
                found[message_id].extend(uids)
    return {message_id: sorted(set(uids)) for message_id, uids in found.items()}


def message_ids_of(connection: Connection, uids: Sequence[int]) -> dict[str, list[int]]:
    """The UIDs by their Message-ID, of mails in the open folder."""
    found: defaultdict[str, list[int]] = defaultdict(list)
    for uid, answer in connection.fetch(uids, [MESSAGE_ID]).items():
        found[_value(answer)].append(uid)
    return dict(found)


def _value(answer: Answer) -> str:
    return b"".join(header_in(answer).partition(b":")[2].split()).decode("utf-8", "replace")


def _any_of(message_ids: Sequence[str]) -> list[Any]:
    """A search for any of them, as a tree: servers bound how deep an OR may nest."""
    if len(message_ids) == 1:
        return ["HEADER", "MESSAGE-ID", message_ids[0]]
    middle = len(message_ids) // 2
    return ["OR", _any_of(message_ids[:middle]), _any_of(message_ids[middle:])]
