"""Mail of machines: tied to the lead that it concerns and told to whoever has it.

It answers nothing, so no owner, clock or draft moves by it. What concerns no lead that somebody has waits for a
person like all else that is not sure.
"""

from __future__ import annotations

from crm.services import note_absence, note_bounce
from routing.services import machine_wrote
from triage.decisions import Known, claim, note
from triage.models import Message, Run
from triage.parsing import automatic

# What an owner is told; of what is not here (late, delivered, read) they need not hear.
TOLD = {
    automatic.BOUNCE: "A reply to your customer did not arrive",
    automatic.CALENDAR: "Your customer's calendar wrote",
    automatic.OUT_OF_OFFICE: "Your customer is away",
    automatic.AUTO_REPLY: "Your customer's mailbox answered by itself",
}


def keep_absence(message: Message) -> None:
    """Keep when the absent sender of a message is back, if we know them; an old mail says nothing of today."""
    if not message.backfilled and message.automatic == automatic.OUT_OF_OFFICE and message.away_until:
        note_absence(message.sender_address, message.away_until)


def file_with_lead(message: Message, around: Known, *, run: Run | None) -> bool:
    """Leave automatic mail about a lead with that lead, and old automatic mail as it is; whether it was."""
    lead = around.lead
    if message.automatic and message.backfilled:
        filed = claim(message, Message.Status.ACTED, run=run)
        note(message, message.automatic, f"Automatic mail ({message.automatic}): old mail, left where it is")
        return filed
    if not (message.automatic and lead and around.owner) or not claim(message, Message.Status.ACTED, run=run):
        return False
    if message.automatic == automatic.BOUNCE:
        note_bounce(lead, message.received_at or message.created_at)
    if told := TOLD.get(message.automatic):
        machine_wrote(lead, message.bounced_ids or message.content_hash, told + until(message))
    summary = f"Automatic mail ({message.automatic}) about the lead of {lead.owner_name}: left in the inbox"
    note(message, message.automatic, summary + until(message))
    return True


def until(message: Message) -> str:
    """When an absent customer is back, as the end of a sentence."""
    return f", until {message.away_until:%-d %b %Y}" if message.away_until else ""
