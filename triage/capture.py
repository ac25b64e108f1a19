"""Is every mail on the server accounted for? Compares its UIDs with our rows."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from django.conf import settings

from routing.services import alert_managers
from triage.mailbox import ImapMailbox
from triage.models import CaptureCheck, Mailbox, MailboxDelivery, Message


@dataclass(frozen=True)
class Capture:
    """What a comparison found. `unexplained` are UIDs that the server has, or had, and nothing tells why."""

    mailbox: str
    messages: int
    in_inbox: int
    moved_by_us: int
    taken_by_people: int
    waiting: list[int] = field(default_factory=list)
    unread_rows: int = 0
    unexplained: list[int] = field(default_factory=list)

    def facts(self) -> dict[str, Any]:
        return asdict(self)


def check(mailbox: Mailbox) -> Capture:
    """Compare a mailbox with its rows. Raises MailboxError when it cannot be read."""
    with ImapMailbox.open(settings.MAILBOXES[mailbox.name]) as box:
        state, present = box.state(), set(box.uids_after(0))
    mailbox.refresh_from_db()
    rows = Message.objects.filter(mailbox=mailbox, folder=mailbox.folder, uidvalidity=state.uidvalidity)
    known = set(rows.values_list("uid", flat=True))
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
    )


def check_and_store(mailbox: Mailbox) -> Capture:
    """Compare, keep the result, and tell the managers of a gap once a day. Raises MailboxError."""
    found = check(mailbox)
    result = CaptureCheck.objects.create(
        mailbox=mailbox, messages=found.messages, unexplained=len(found.unexplained), facts=found.facts()
    )
    if found.unexplained:
        uids = ", ".join(map(str, found.unexplained[:20]))
        text = f"{mailbox}: {len(found.unexplained)} mails on the server are not accounted for (UID {uids})."
        alert_managers(f"capture:{mailbox.name}:{result.at:%Y-%m-%d}", text)
    return found
