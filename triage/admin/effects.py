"""What each answer about a mail would lead to, told on its button. Nothing is locked or written to know it."""

from collections.abc import Mapping

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.models import Contact, Lead
from crm.services import normalised
from routing.models import Rule
from routing.services import foretell
from triage.leads import facts, is_answerable, is_nobodys
from triage.models import Category, Message
from triage.stages.act import known

ALWAYS: Mapping[Category, object] = {
    Category.ACCOUNTING: gettext_lazy("Labelled, left in the inbox"),
    Category.NEWSLETTER: gettext_lazy("To Trash on the next run"),
    Category.SPAM: gettext_lazy("To Trash on the next run"),
    Category.UNCERTAIN: gettext_lazy("Left in the inbox, nothing follows"),
}


def effect(category: Category, message: Message) -> str:
    """What follows if a person says that the message is of this category."""
    if message.backfilled:
        told = _("CRM record; as it is old mail, nobody is assigned and nothing is drafted")
        return told if category == Category.LEAD else _("Kept on record; old mail stays where it is")
    return of_lead(message) if category == Category.LEAD else str(ALWAYS[category])


def of_lead(message: Message) -> str:
    """Who would get it and by which rule, as things stand now."""
    around = known([message])[message.pk]
    if around.lead and not is_nobodys(around.lead):
        return _("Belongs to the lead of %(who)s: no new assignment") % {
            "who": around.lead.owner_name or _("nobody yet")
        }
    if colleague := around.in_conversation:
        return _("In conversation with %(who)s: no assignment, no draft") % {"who": around.team[colleague.email].name}
    address = normalised(message.sender_address)
    contact = Contact(address=address, domain=address.rpartition("@")[2])
    decision = foretell(Lead(contact=contact, thread_id=message.thread_id, **facts(message)))
    if decision.salesperson is None:
        return _("CRM record; waits for an owner: %(why)s") % {"why": decision.reason}
    why = decision.reason.rstrip(".")
    if decision.rule == Rule.ROTATION:
        why = _("next in %(pool)s") % {"pool": next(iter(decision.turns)).name}
    parts = [_("Assign to %(who)s (%(why)s)") % {"who": decision.salesperson.name, "why": why}]
    if decision.cc:
        parts.append(_("CC %(who)s") % {"who": decision.cc.name})
    return ", ".join([*parts, _("draft") if is_answerable(message) else _("no draft"), _("CRM record")])
