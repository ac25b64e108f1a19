"""A rule that follows from people's corrections of one sender, made by one press on the dashboard."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from inbox_router.admin.deeds import person
from triage.learning.suggestions import Suggestion, suggestions
from triage.models import Message
from triage.services import always_treat

RIGHTS = ("triage.add_senderrule", "triage.view_message")


def shown(request: HttpRequest) -> list[Suggestion]:
    """The suggestions for those who may follow them; for others none."""
    return suggestions() if request.user.has_perms(RIGHTS) else []


@require_POST
def accept(request: HttpRequest) -> HttpResponse:
    """Make the suggestion with this address a rule, if it is one still."""
    if not request.user.has_perms(RIGHTS):
        raise PermissionDenied
    told = (request.POST.get("address"), request.POST.get("category"))
    one = next((each for each in suggestions() if (each.address, each.category.value) == told), None)
    if one is None:
        messages.error(request, _("This is not suggested any more; nothing was changed."))
    else:
        with transaction.atomic():
            always_treat(Message.objects.get(pk=one.message), one.category, person(request))
        sentence = _("From now on, mail of %(address)s is always: %(category)s.")
        messages.success(request, sentence % {"address": one.address, "category": one.category.label})
    return HttpResponseRedirect(reverse("admin:index"))
