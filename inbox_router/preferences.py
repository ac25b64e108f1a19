"""Each person's own language, time zone and way with the keyboard, while they are served.

They are read once in a session and kept there, so that no page costs a query more.
"""

import zoneinfo
from collections.abc import Callable
from contextlib import ExitStack
from functools import cache

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation

from inbox_router.models import Preferences

SESSION_KEY = "preferred"


def middleware(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Serve each request in the language and time zone of who asks."""

    def serve(request: HttpRequest) -> HttpResponse:
        if not request.user.is_authenticated:
            return get_response(request)
        language, time_zone, _one_key = preferred(request)
        with ExitStack() as shown:
            if time_zone in time_zones():
                shown.enter_context(timezone.override(time_zone))
            if language not in dict(settings.LANGUAGES):
                return get_response(request)
            shown.enter_context(translation.override(language))
            request.LANGUAGE_CODE = language
            answer = get_response(request)
            answer.headers.setdefault("Content-Language", language)
            return answer

    return serve


@cache  # looking for them reads the disk
def time_zones() -> frozenset[str]:
    """The names of all time zones."""
    return frozenset(zoneinfo.available_timezones())


def preferred(request: HttpRequest) -> tuple[str, str, bool]:
    """The language and the time zone that this person chose, empty where they chose none; whether one key acts."""
    if SESSION_KEY not in request.session:
        found = Preferences.objects.filter(pk=request.user.pk).first()
        keep(request, found or Preferences())
    language, time_zone, one_key = request.session[SESSION_KEY]
    return language, time_zone, one_key


def keep(request: HttpRequest, preferences: Preferences) -> None:
    """Let this session go on with these preferences."""
    request.session[SESSION_KEY] = preferences.language, preferences.time_zone, preferences.one_key
