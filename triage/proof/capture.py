"""Is every mail on the server accounted for? Compares its UIDs with our rows.

A mail may have come and gone without a row: a person or a rule of the server moved it within a minute, or it was
handled before an older backup of the database was restored. Such mails are looked for where mail is moved to.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from django.conf import settings
from django.db.models import Max

from routing.services import alert_managers
from triage.leads import DRAFT
from triage.mailbox import ImapMailbox, Role
from triage.models import CaptureCheck, Mailbox, MailboxDelivery, Message, SentMail
from triage.proof.canary import CANARY

OURS = (f"<{DRAFT}", f"<{CANARY}")  # how the Message-IDs of what we put into a mailbox begin


@dataclass(frozen=True)
class Capture:
    """What a comparison found. `unexplained` are UIDs that the server has and nothing tells why.

    `moved_unseen` tells where mails lie that came in, were moved, and are unknown to our database. `canary` is the
    Message-ID of the test mail that was put in along with the comparison.
    """

    mailbox: str
    messages: int
    in_inbox: int
    moved_by_us: int
    taken_by_people: int
    waiting: list[int] = field(default_factory=list)
    unread_rows: int = 0
    unexplained: list[int] = field(default_factory=list)
    moved_unseen: list[str] = field(default_factory=list)
    canary: str = ""

    def facts(self) -> dict[str, Any]:
        return asdict(self)


def check(mailbox: Mailbox) -> Capture:
    """Compare a mailbox with its rows. Raises MailboxError when it cannot be read."""
    with ImapMailbox.open(settings.MAILBOXES[mailbox.name]) as box:
        state, present = box.state(), set(box.uids_after(0))
        mailbox.refresh_from_db()
        rows = Message.objects.filter(mailbox=mailbox, folder=mailbox.folder, uidvalidity=state.uidvalidity)
        known = set(rows.values_list("uid", flat=True))
        gaps = sum(uid not in known and uid not in present for uid in range(start_uid(mailbox) + 1, state.uidnext))
        unseen = moved_unseen(box, mailbox) if gaps else []
    moves = (MailboxDelivery.Deed.ARCHIVE, MailboxDelivery.Deed.TRASH)
    ours = MailboxDelivery.objects.filter(deed__in=moves, state=MailboxDelivery.State.DONE, message__in=rows)
    moved = set(ours.values_list("message__uid", flat=True))
    missing = present - known
    return Capture(
        mailbox=mailbox.name,
        messages=len(known | present),
        in_inbox=len(present & known),
        moved_by_us=len(moved - present),
        taken_by_people=len(known - present - moved),
        # Above the cursor: came in since the last run, which is not late yet.
        waiting=sorted(uid for uid in missing if uid > mailbox.last_uid or state.uidvalidity != mailbox.uidvalidity),
        unread_rows=rows.filter(status=Message.Status.FOUND).count(),
        unexplained=sorted(
            uid for uid in missing if uid <= mailbox.last_uid and state.uidvalidity == mailbox.uidvalidity
        ),
        moved_unseen=unseen,
    )


def start_uid(mailbox: Mailbox) -> int:
    """The last UID that was there when this mailbox was first connected: what is missing below was never ours."""
    first = mailbox.runs.order_by("pk").first()
    begun = mailbox.messages.filter(uidvalidity=mailbox.uidvalidity or 0, first_run=first)
    return int(begun.aggregate(last=Max("uid"))["last"] or 0)


def moved_unseen(box: ImapMailbox, mailbox: Mailbox) -> list[str]:
    """Where mails lie, in Archive and Trash, that came in since we watch and that no row knows."""
    if mailbox.started_at is None:
        return []
    found: list[str] = []
    for role in (Role.ARCHIVE, Role.TRASH):
        there = box.message_ids_since(role, mailbox.started_at)
        known = known_ids(there)
        strange = {message_id: uids for message_id, uids in there.items() if message_id and message_id not in known}
        found += [f"{role} UID {uid}" for message_id, uids in strange.items() for uid in uids]
    return found


def known_ids(message_ids: Collection[str]) -> set[str]:
    """Those that our rows know, and those that we made ourselves."""
    known = {message_id for message_id in message_ids if message_id.startswith(OURS)}
    ordered = sorted(message_ids)
    for start in range(0, len(ordered), 500):
        for model in (Message, SentMail):
            rows = model._default_manager.filter(message_id__in=ordered[start : start + 500])
            known.update(rows.values_list("message_id", flat=True))
    return known


def check_and_store(mailbox: Mailbox, *, canary: str = "") -> Capture:
    """Compare, keep the result, and tell the managers of a gap once a day. Raises MailboxError."""
    found = replace(check(mailbox), canary=canary)
    result = CaptureCheck.objects.create(
        mailbox=mailbox, messages=found.messages, unexplained=len(found.unexplained), facts=found.facts()
    )
    if found.unexplained:
        uids = ", ".join(map(str, found.unexplained[:20]))
        text = f"{mailbox}: {len(found.unexplained)} mails on the server are not accounted for (UID {uids})."
        alert_managers(f"capture:{mailbox.name}:{result.at:%Y-%m-%d}", text)
    if found.moved_unseen:
        tell_of_moved(mailbox, found.moved_unseen)
    return found


def tell_of_moved(mailbox: Mailbox, places: Collection[str]) -> None:
    """Tell the managers of mails that were moved before we saw them, once for the same ones."""
    which = hashlib.sha256("\n".join(sorted(places)).encode()).hexdigest()[:16]
    named = ", ".join(sorted(places)[:20])
    text = (
        f"{mailbox}: {len(places)} mails were moved out of the inbox before we saw them, or before the backup of the "
        f"database that is in use now ({named}). Move back into the inbox what is to be handled: nothing is done twice."
    )
    alert_managers(f"moved:{mailbox.name}:{which}", text)
