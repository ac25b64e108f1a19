"""Who would get a lead if a mail were one: the rules of `decisions` as they stand now; nothing is locked or written."""

from django.db.models import Q

from crm.models import Contact, Lead
from routing.models import Hold, Rule
from routing.rules.decisions import Decision, asked_for, decide, pools_of
from routing.rules.matching import Inquiry, all_pools, choose
from routing.turns import Desk


def foretell(lead: Lead) -> Decision:
    """What would be decided of a lead that is not stored; its contact need not be stored either."""
    lead.contact = Contact.objects.filter(address=lead.contact.address).first() or lead.contact
    inquiry = Inquiry.of(lead)
    pool = choose(all_pools(), inquiry)
    desk = Desk.look(pools_of(pool), asked_for(pool, inquiry))
    decision = decide(lead, pool, desk)
    in_line = Q(pool=pool, resolved_at=None, owner=None, for_person=False)
    if decision.turns and (ahead := Hold.objects.filter(in_line).count()):
        return Decision(Rule.ROTATION, None, f"{ahead} held before it in {pool}.")
    return decision
