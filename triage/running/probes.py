"""What a supervisor or a load balancer asks: does the process answer, and is all there that it needs? No details."""

from datetime import timedelta

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from triage.models import Heartbeat
from triage.running.watchdog import STALE


def alive(request: HttpRequest) -> HttpResponse:
    """That this process answers; nothing else is looked at."""
    return said("alive")


def ready(request: HttpRequest) -> HttpResponse:
    """That the database answers and the worker gives signs of life; 503 and which of both is missing if not."""
    since = timezone.now() - timedelta(seconds=STALE)
    try:
        works = Heartbeat.objects.filter(name="worker", beat_at__gte=since).exists()
    except DatabaseError:
        return said("the database cannot be used", status=503)
    return said("ready") if works else said("the worker gives no sign of life", status=503)


def said(words: str, status: int = 200) -> HttpResponse:
    headers = {"Cache-Control": "no-store"}
    return HttpResponse(f"{words}\n", content_type="text/plain; charset=utf-8", status=status, headers=headers)
