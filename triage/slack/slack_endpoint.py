"""Where Slack posts what people press under an alert. Nobody is signed in here: Slack's signature is what counts."""

import json
import logging

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseForbidden, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from routing.services import is_signed, read_press
from triage.slack.pressing import answer

log = logging.getLogger(__name__)


@csrf_exempt
@require_POST
def pressed(request: HttpRequest) -> HttpResponse:
    """Answer a press that Slack has signed; refuse any other post."""
    if not settings.SLACK_SIGNING_SECRET:
        raise Http404("SLACK_SIGNING_SECRET is not set.")
    if not is_signed(request.body, request.headers):
        log.warning("refused a post to the Slack endpoint: not signed by Slack, or more than 5 minutes ago")
        return HttpResponseForbidden("The signature is wrong or too old.")
    try:
        press = read_press(json.loads(request.POST["payload"]))
    except (KeyError, ValueError):
        return HttpResponseBadRequest("This is no press of a button.")
    return JsonResponse(dict(answer(press))) if press else HttpResponse()
