"""The spreadsheet beside the log: what still waits, whether all stands there, and writing again what does not."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from crm.mirror import SheetError
from crm.models import SheetRow
from crm.services import mirror_state, resend_missing, rows_waiting
from inbox_router.admin.pages import Page


class MirrorPage(Page):
    """How the spreadsheet compares with the log."""

    title = gettext_lazy("Spreadsheet")
    permission_required = "crm.view_sheetrow"
    template_name = "admin/crm/mirror.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {
            "waiting": rows_waiting(),
            "last": SheetRow.objects.filter(state=SheetRow.State.DONE).order_by("-line").first(),
            "trouble": SheetRow.in_trouble().order_by("-pk").first(),
            "may_mend": self.request.user.has_perm("crm.change_sheetrow"),
        }

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Compare, or write again what is missing. Both read the whole spreadsheet."""
        if not request.user.has_perm("crm.change_sheetrow"):
            raise PermissionDenied
        try:
            tell = resent() if request.POST.get("deed") == "resend" else compared()
            messages.success(request, tell)
        except SheetError as error:
            messages.error(request, _("The spreadsheet could not be read: %(error)s") % {"error": error})
        return HttpResponseRedirect(request.path)


def compared() -> str:
    """How many rows were written and stand there, in one sentence. Raises SheetError."""
    state = mirror_state()
    told = {"here": state.here, "there": state.there, "missing": state.here - state.there, "waiting": state.waiting}
    if told["missing"]:
        return _("%(missing)s of the %(here)s rows that were written are missing there.") % told
    return _("All %(here)s rows that were written stand there; %(waiting)s are still to be written.") % told


def resent() -> str:
    """Owe the missing rows again; how many, in one sentence. Raises SheetError."""
    number = resend_missing()
    said = ngettext("%(number)s row is written again.", "%(number)s rows are written again within a minute.", number)
    return said % {"number": number} if number else _("No row is missing there; nothing was changed.")
