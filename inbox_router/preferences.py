"""Each person's own language and time zone, while they are served.

They are read once in a session and kept there, so that no page costs a query more.
"""

import zoneinfo
from collections.abc import Callable
from contextlib import ExitStack

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation

from inbox_router.models import Preferences

SESSION_KEY = "preferences"


def middleware(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Serve each request in the language and time zone of who asks."""

    def serve(request: HttpRequest) -> HttpResponse:
        if not request.user.is_authenticated:
            return get_response(request)
        language, time_zone = preferred(request)
        with ExitStack() as shown:
            if time_zone in zoneinfo.available_timezones():
                shown.enter_context(timezone.override(time_zone))
            if language not in dict(settings.LANGUAGES):
                return get_response(request)
            shown.enter_context(translation.override(language))
            request.LANGUAGE_CODE = language
            answer = get_response(request)
            answer.headers.setdefault("Content-Language", language)
            return answer

    return serve


def preferred(request: HttpRequest) -> tuple[str, str]:
    """The language and the time zone that this person chose; empty where they chose none."""
    if SESSION_KEY not in request.session:
        found = Preferences.objects.filter(pk=request.user.pk).first()
        keep(request, found or Preferences())
    language, time_zone = request.session[SESSION_KEY]
    return language, time_zone


def keep(request: HttpRequest, preferences: Preferences) -> None:
    """Let this session go on with these preferences."""
    request.session[SESSION_KEY] = preferences.language, preferences.time_zone
