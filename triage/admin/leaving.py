"""Somebody leaves the team: what that touches, and who gets their open leads."""

from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from inbox_router.admin.pages import Page
from routing.models import Salesperson
from routing.services import HandoverError, deactivate, hand_over_leads, open_leads, touched_by
from triage.leads import draft_for


class LeavingForm(forms.Form):
    """Who gets the open leads of somebody who leaves, and why they leave."""

    to = forms.ModelChoiceField(
        Salesperson.objects.none(),
        label=_("Give the open leads to"),
        required=False,
        widget=UnfoldAdminSelectWidget(),
        empty_label=_("the next person of each pool"),
    )
    keep = forms.BooleanField(label=_("Leave the open leads where they are"), required=False)
    why = forms.CharField(label=_("Why"), max_length=300, widget=UnfoldAdminTextInputWidget())

    def __init__(self, leaving: Salesperson, data: Any = None) -> None:
        super().__init__(data)
        self.fields["to"].queryset = Salesperson.objects.filter(active=True).exclude(pk=leaving.pk)  # type: ignore[attr-defined]


class LeavingPage(Page):
    """What a person's leaving touches, and the deed."""

    title = _("Leaves the team")
    permission_required = ("routing.change_salesperson", "routing.change_assignment")
    template_name = "admin/triage/leaving.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        who = get_object_or_404(Salesperson, pk=self.kwargs["pk"])
        leads = open_leads(who).select_related("lead__contact", "pool").order_by("pk")
        said = gettext("%(who)s leaves the team") % {"who": who}
        shown = {"who": who, "touched": touched_by(who), "leads": leads, "title": said}
        return {"form": LeavingForm(who)} | super().get_context_data(**kwargs) | shown

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        who = get_object_or_404(Salesperson, pk=pk)
        form = LeavingForm(who, request.POST)
        if not form.is_valid():
            return self.render_to_response(self.get_context_data(form=form))
        try:
            told = leave(who, str(request.user), **form.cleaned_data)
        except HandoverError as refusal:
            messages.error(request, str(refusal))
            return redirect(request.path)
        messages.success(request, told)
        return redirect("admin:routing_salesperson_change", who.pk)


@transaction.atomic
def leave(who: Salesperson, by: str, why: str, to: Salesperson | None = None, *, keep: bool = False) -> str:
    """Make somebody inactive and hand their open leads over, drafts included; what was done. Raises HandoverError."""
    deactivate(who, by, why, hand_over=False)
    new = [] if keep else hand_over_leads(who, by, why, to)
    for assignment in new:
        draft_for(assignment)
    told = {"who": who, "count": len(new), "left": open_leads(who).count()}
    if told["left"]:
        return gettext("%(who)s has left; leads handed over: %(count)s. Still with %(who)s: %(left)s.") % told
    return gettext("%(who)s has left; leads handed over: %(count)s.") % told
