"""Approving several replies at once: only those that nobody edited and whose checks are all in order."""

import uuid
from typing import Any

from django.contrib import messages
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from inbox_router.admin.deeds import person
from inbox_router.admin.pages import Page
from triage.admin.approval import checks_of
from triage.admin.waiting import draft_queue
from triage.models import Aside, Claim, Decision, Draft, Queue
from triage.services import Conflict, hold_approval

AT_ONCE = 20
LOOKED_AT = 100  # drafts, the oldest first


class SeveralPage(Page):
    """Lists the replies that need no second look, to be approved by one press; each can still be undone."""

    title = gettext_lazy("Approve several")
    permission_required = "triage.change_draft"
    template_name = "admin/triage/several.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {"rows": self.sound()}

    def sound(self) -> list[Draft]:
        """The waiting drafts that nobody edited, has open or put aside, and whose checks are all in order."""
        user = person(self.request)
        taken = Claim.of_others(Queue.DRAFTS, user).values("row")
        rows = draft_queue().filter(version=1).exclude(pk__in=taken)
        rows = rows.exclude(pk__in=Aside.hidden_from(Queue.DRAFTS, user).values("row"))
        found = list(rows.select_related("message").defer("message__raw", "message__headers")[:LOOKED_AT])
        checks = checks_of(found)
        return [row for row in found if all(check.fine for check in checks[row.pk])][:AT_ONCE]

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Approve what was ticked, as far as it is still as it was shown; each by itself."""
        ticked, press, approved = request.POST.getlist("each"), uuid.uuid4(), 0
        for row in self.sound():
            if f"{row.pk}:{row.version}" in ticked:
                try:
                    hold_approval(row, Decision.Answer.APPROVE, person(request), request=press)
                    approved += 1
                except Conflict as conflict:
                    messages.error(request, f"{row.subject}: {conflict}")
        cache.delete(f"badge:triage.admin.waiting.{Queue.DRAFTS}")
        if left := len(ticked) - approved:
            messages.warning(request, _("%(left)d were changed or decided meanwhile and wait.") % {"left": left})
        if not ticked:
            messages.error(request, _("Tick at least one; nothing was done."))
        return HttpResponseRedirect(reverse("admin:triage_draft_approve"))
