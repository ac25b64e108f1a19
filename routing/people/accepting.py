"""What people do with a lead that they were told of: take it on; nothing is done to one that others have by now."""

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.models import Lead
from crm.services import record
from routing import notices
from routing.models import Assignment, Salesperson, SlackAlert
from routing.people.handover import HandoverError
from routing.slack import Buttons
from routing.turns import lock


@transaction.atomic
def still_with(assignment: int) -> Assignment:
    """The assignment with this primary key, if its lead is open and with the same person still. Raises HandoverError.

    In a transaction nobody else changes who has the lead until its end.
    """
    rows = Assignment.objects.select_related("lead__contact", "salesperson")
    row = rows.filter(pk=assignment).first()
    if row is None:
        raise HandoverError(_("There is no such lead here; nothing was changed."))
    lock(row.lead)
    current = rows.filter(lead=row.lead, active=True).first()
    if current is None or current.pk != row.pk:
        name = current.salesperson.name if current else _("nobody")
        raise HandoverError(_("This lead is with %(name)s by now; nothing was changed.") % {"name": name})
    if current.lead.stage != Lead.Stage.OPEN:
        raise HandoverError(_("This lead is closed; nothing was changed."))
    return current


@transaction.atomic
def accept(assignment: int, user: User) -> Assignment:
    """Note that whoever was given a lead takes it on; a second time changes nothing. Raises HandoverError."""
    given = still_with(assignment)
    who = given.salesperson
    if not is_theirs(given, user):
        raise HandoverError(_("Only %(name)s can accept this lead; nothing was changed.") % {"name": who.name})
    if given.accepted_at is None:
        given.accepted_at = timezone.now()
        given.save(update_fields=["accepted_at"])
        number = Assignment.objects.filter(lead=given.lead).count() - 1
        record([notices.deed_entry("accepted", given.lead, f"{who.name} takes it on", str(user), "", number)])
        notices.send([notices.rewritten(given, notices.accepted_by(given))])
    return given


def is_theirs(assignment: Assignment, user: User) -> bool:
    """Whether this login is that of whoever was given a lead: by their link, else by e-mail address."""
    who = assignment.salesperson
    return who.user_id == user.pk or (who.user_id is None and who.email == user.email.lower())


def salesperson_of(user: User) -> Salesperson | None:
    """The salesperson that this login belongs to, in the same way."""
    linked = Salesperson.objects.filter(user=user).first()
    return linked or Salesperson.objects.filter(user=None, email=user.email.lower()).first()


def closed_alert(assignment: int, outcome: str) -> tuple[str, Buttons] | None:
    """What the alert of an assignment says from now on, and the link that is left under it."""
    alert = SlackAlert.objects.filter(assignment=assignment, rewrites=None).order_by("pk").first()
    if alert is None or alert.buttons is None:
        return None
    return f"*{outcome}*\n{alert.text}", Buttons(alert.buttons.url)
