"""My settings: everybody chooses their own language, time zone and shortcuts."""

import zoneinfo
from functools import cache
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import translation
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget

from inbox_router.admin.deeds import person
from inbox_router.admin.pages import Page
from inbox_router.models import Preferences
from inbox_router.preferences import keep


@cache
def time_zones() -> list[tuple[str, str]]:
    """The places of the world that have a time zone, by name; not the old names without a place."""
    places = sorted(name for name in zoneinfo.available_timezones() if "/" in name and not name.startswith("Etc/"))
    return [("UTC", "UTC"), *((name, name.replace("_", " ")) for name in places)]


class PreferencesForm(forms.ModelForm):
    """The language, the time zone and the shortcuts of one person."""

    class Meta:
        model = Preferences
        fields = ["language", "time_zone", "one_key"]
        labels = {"one_key": _("One-key shortcuts are on")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["language"] = choice(_("Language"), _("As the browser asks for"), list(settings.LANGUAGES))
        as_installed = _("As the installation has it (%(zone)s)") % {"zone": settings.TIME_ZONE}
        self.fields["time_zone"] = choice(_("Time zone"), as_installed, time_zones())


def choice(label: Any, empty: Any, choices: list[tuple[str, str]]) -> forms.ChoiceField:
    return forms.ChoiceField(
        label=label, required=False, choices=[("", empty), *choices], widget=UnfoldAdminSelectWidget()
    )


class PreferencesPage(Page):
    """How I want the admin shown."""

    title = _("My settings")
    template_name = "admin/preferences.html"

    def has_permission(self) -> bool:
        return bool(self.request.user.is_active and self.request.user.is_staff)

    def mine(self) -> Preferences:
        me = person(self.request)
        return Preferences.objects.filter(pk=me.pk).first() or Preferences(user=me)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**({"form": PreferencesForm(instance=self.mine())} | kwargs))

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        form = PreferencesForm(request.POST, instance=self.mine())
        if not form.is_valid():
            return self.render_to_response(self.get_context_data(form=form))
        chosen = form.save()
        keep(request, chosen)
        with translation.override(chosen.language or translation.get_language()):
            messages.success(request, _("Saved."))
        return HttpResponseRedirect(request.path)
