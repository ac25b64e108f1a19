"""What is done outside, in words: the chip in the header of every page."""

from pathlib import Path

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext as _

from inbox_router.models import Halt


def chip(request: HttpRequest) -> tuple[str, str]:
    """What this installation does to the outside, and the colour for it."""
    said, colour = armed()
    if Path(str(settings.DATABASES["default"]["NAME"])).name == "demo.sqlite3":
        said = " · ".join([_("Demo data"), said])
    return said, colour


def armed() -> tuple[str, str]:
    """Stopped, nothing, some effects or all."""
    if Halt.in_force().exists():
        return _("Stopped: nothing goes out"), "danger"
    if not settings.ARMED:
        return _("Shadow mode"), "info"
    if missing := [effect for effect in settings.EFFECTS if effect not in settings.ARMED]:
        return _("Off: %(effects)s") % {"effects": ", ".join(missing)}, "warning"
    return _("All armed"), "success"
