"""What others than browsers ask of us."""

from django.urls import path

from triage.running.probes import alive, ready
from triage.slack.slack_endpoint import pressed

urlpatterns = [
    path("slack/actions", pressed, name="slack_actions"),
    path("healthz", alive, name="healthz"),
    path("readyz", ready, name="readyz"),
]
