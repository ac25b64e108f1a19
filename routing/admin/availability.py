"""My availability: everybody sets their own pause and leave, and nobody else's."""

from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextInputWidget

from inbox_router.admin.deeds import person
from inbox_router.admin.moments import MomentInput
from inbox_router.admin.pages import Page
from routing.admin.history import logged
from routing.models import Leave, Salesperson
from routing.people.accepting import salesperson_of


class PauseForm(forms.ModelForm):
    """Until when somebody gets no leads; empty ends the pause."""

    class Meta:
        model = Salesperson
        fields = ["paused_until"]
        labels = {"paused_until": _("Paused until")}
        widgets = {"paused_until": MomentInput()}


class LeaveForm(forms.ModelForm):
    """Days on which somebody is away."""

    class Meta:
        model = Leave
        fields = ["first_day", "last_day", "note"]
        widgets = {
            "first_day": UnfoldAdminTextInputWidget(attrs={"type": "date"}),
            "last_day": UnfoldAdminTextInputWidget(attrs={"type": "date"}),
            "note": UnfoldAdminTextInputWidget(),
        }


class AvailabilityPage(Page):
    """When I am there."""

    title = _("My availability")
    permission_required = "routing.view_assignment"
    template_name = "admin/routing/availability.html"

    def me(self) -> Salesperson | None:
        return salesperson_of(person(self.request))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        me = self.me()
        shown = {"me": me, "pause": PauseForm(instance=me), "leave": LeaveForm()} | kwargs
        return super().get_context_data(**shown) | {"leaves": me.leaves.order_by("-last_day") if me else []}

    def form(self, me: Salesperson, deed: str) -> tuple[str, forms.ModelForm]:
        """The form that was sent, and what the template calls it."""
        if deed == "pause":
            return "pause", PauseForm(self.request.POST, instance=me)
        return "leave", LeaveForm(self.request.POST, instance=Leave(salesperson=me))

    @transaction.atomic
    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        me, deed = self.me(), request.POST.get("deed", "")
        if me is None:
            messages.error(request, _("Your login belongs to no salesperson; nothing was changed."))
            return HttpResponseRedirect(request.path)
        if deed == "remove":
            key = request.POST.get("leave", "")
            if leave := me.leaves.filter(pk=int(key) if key.isdecimal() else 0).first():
                with logged(me, leave):
                    leave.delete()
            messages.success(request, _("The leave was taken out."))
            return HttpResponseRedirect(request.path)
        name, form = self.form(me, deed)
        if not form.is_valid():
            return self.render_to_response(self.get_context_data(**{name: form}))
        with logged(me, form.instance):
            form.save()
        messages.success(request, _("Saved. Leads go to the others meanwhile; nothing is owed afterwards."))
        return HttpResponseRedirect(request.path)
