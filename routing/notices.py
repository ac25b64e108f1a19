"""What is written down and told when a lead changes hands: audit entries and Slack alerts."""

import hashlib
from collections.abc import Iterable
from datetime import datetime

from django.conf import settings

from crm.models import Lead
from crm.services import Entry
from inbox_router.shown import office
from routing.card import Card, escaped, mrkdwn, one_line
from routing.models import SYSTEM, Assignment, Hold, Salesperson, SlackAlert
from routing.models.alerts import lead_url

CARD_IN_SLACK = 2400  # characters; a section of a Slack message holds 3000, and the lead itself is in it too
CARD_IN_A_CELL = 500  # what an entry's reason holds


def name_of(lead: Lead) -> str:
    """What a lead is called in keys: made from its thread, so it is the same after a restored backup."""
    return hashlib.sha256(lead.thread_id.encode()).hexdigest()[:16]


def headline(lead: Lead) -> str:
    """The lead in Slack's mrkdwn: its subject and who wrote it."""
    subject = escaped(lead.subject)[:150] or "no subject"
    writer = escaped(lead.contact.name or lead.contact.address)[:100]
    return f"<{lead_url(lead.pk)}|{subject}> from {writer}"


def tell(
    key: str, text: str, *, to: Salesperson | None = None, assignment: Assignment | None = None
) -> SlackAlert | None:
    """An unsaved alert to a person, or to the managers' channel; None where there is no such channel."""
    channel = "" if to else settings.SLACK_MANAGER_CHANNEL
    if to is None and not channel:
        return None
    return SlackAlert.owe(
        effect="slack", key=key, stream=key, salesperson=to, channel=channel, assignment=assignment, text=text
    )


def send(alerts: Iterable[SlackAlert | None]) -> None:
    """Owe the alerts; one that is owed already is left as it is."""
    SlackAlert.objects.bulk_create([alert for alert in alerts if alert], ignore_conflicts=True)


def alert_managers(key: str, text: str) -> None:
    """Owe the managers' channel a message, once for each key."""
    send([tell(f"slack:{key}", escaped(text))])


def customer_wrote(lead: Lead, mail: str) -> None:
    """Tell whoever has the lead that the customer wrote in its thread; once for each `mail`."""
    owner = Salesperson.objects.filter(email=lead.owner_email, active=True).first()
    name = hashlib.sha256(mail.encode()).hexdigest()[:16]
    if owner:
        send([tell(f"slack:wrote:{name}", f"*Your customer wrote:* {headline(lead)}", to=owner)])


def machine_wrote(lead: Lead, key: str, text: str) -> None:
    """Tell whoever has the lead of automatic mail about it, or the managers if nobody has it; once for each `key`."""
    owner = Salesperson.objects.filter(email=lead.owner_email, active=True).first()
    name = hashlib.sha256(key.encode()).hexdigest()[:16]
    send([tell(f"slack:machine:{name}", f"*{escaped(text)}:* {headline(lead)}", to=owner)])


def assigned_alert(assignment: Assignment, number: int) -> SlackAlert | None:
    """Tells the new owner, with the decision card."""
    why = mrkdwn(Card.read(assignment.card), CARD_IN_SLACK)
    text = f"*New lead for you:* {headline(assignment.lead)}\n{why}"
    key = f"slack:assigned:{name_of(assignment.lead)}:{number}"
    return tell(key, text, to=assignment.salesperson, assignment=assignment)


def held_alert(hold: Hold, number: int) -> SlackAlert | None:
    """Tells the managers that a lead waits."""
    text = f"*Nobody can take a lead:* {headline(hold.lead)}\n{escaped(hold.reason)}"
    return tell(f"slack:held:{name_of(hold.lead)}:{number}", text)


def taken_alert(old: Assignment, new: Assignment, number: int) -> SlackAlert | None:
    """Tells the old owner."""
    text = f"*No longer yours:* {headline(old.lead)}\nNow with {escaped(new.salesperson.name)}. {escaped(new.reason)}"
    return tell(f"slack:taken:{name_of(old.lead)}:{number}", text, to=old.salesperson, assignment=new)


def rewritten(assignment: Assignment, outcome: str) -> SlackAlert | None:
    """Says in what the owner was told of an assignment what came of it, and takes the buttons off; None if nobody was.

    The lead is to be locked: the rewritings of one alert are numbered, and done in this order.
    """
    told = SlackAlert.objects.filter(assignment=assignment, salesperson=assignment.salesperson_id, rewrites=None)
    alert = told.order_by("pk").first()
    if alert is None:
        return None
    number = alert.rewritten_by.count() + 1
    return SlackAlert.owe(
        effect="slack",
        key=f"{alert.key}:rewritten:{number}",
        stream=alert.stream,
        position=number,
        salesperson=alert.salesperson,
        assignment=assignment,
        rewrites=alert,
        text=f"*{outcome}*\n{alert.text}",
    )


def accepted_by(assignment: Assignment) -> str:
    """What the alert of an assignment that was taken on says."""
    return f"Accepted by {escaped(assignment.salesperson.name)}, {clock(assignment.accepted_at)}"


def given_to(new: Assignment) -> str:
    """What the alert of an assignment says after somebody else got the lead."""
    by = "" if new.by == SYSTEM else f" by {escaped(new.by)}"
    return f"Given to {escaped(new.salesperson.name)}{by}, {clock(new.at)}"


def clock(at: datetime | None) -> str:
    return f"{office(at):%H:%M}"


def reminder(assignment: Assignment, number: int) -> SlackAlert | None:
    """Tells the owner that an answer is due."""
    text = f"*Still without an answer:* {headline(assignment.lead)}"
    return tell(f"slack:reminded:{name_of(assignment.lead)}:{number}", text, to=assignment.salesperson)


def escalation(assignment: Assignment, number: int) -> SlackAlert | None:
    """Tells the managers that nobody answers."""
    owner = escaped(assignment.salesperson.name)
    text = f"*Nobody answers a lead:* {headline(assignment.lead)}\nWith {owner}, passed on {assignment.hops} times."
    return tell(f"slack:escalated:{name_of(assignment.lead)}:{number}", text)


def deed_entry(action: str, lead: Lead, what: str, by: str, why: str, number: int = 0) -> Entry:
    """The audit entry of something that was done to a lead; once for each number."""
    return Entry(
        key=f"{action.replace(' ', '-')}:{name_of(lead)}:{number}",
        action=action,
        subject=f"lead:{lead.pk}",
        summary=f"{lead.subject or 'no subject'}: {what}",
        reason=why,
        actor=by,
        actor_kind="system" if by == SYSTEM else "person",
        sender=lead.contact.address,
        mail_subject=lead.subject,
    )


def assigned_entry(assignment: Assignment, number: int) -> Entry:
    """The audit entry of an assignment."""
    lead = assignment.lead
    copy = f", CC {assignment.cc.name}" if assignment.cc else ""
    return Entry(
        key=f"assigned:{name_of(lead)}:{number}",
        action="assigned",
        subject=f"lead:{lead.pk}",
        summary=f"{lead.subject or 'no subject'}: {assignment.salesperson.name}{copy}",
        reason=one_line(Card.read(assignment.card), CARD_IN_A_CELL),
        actor=assignment.by,
        actor_kind="system" if assignment.by == SYSTEM else "person",
        sender=lead.contact.address,
        mail_subject=lead.subject,
    )


def held_entry(hold: Hold, number: int) -> Entry:
    """The audit entry of a lead that waits."""
    return Entry(
        key=f"held:{name_of(hold.lead)}:{number}",
        action="held",
        subject=f"lead:{hold.lead.pk}",
        summary=f"{hold.lead.subject or 'no subject'}: waits, nobody can take it",
        reason=hold.reason,
        sender=hold.lead.contact.address,
        mail_subject=hold.lead.subject,
    )
