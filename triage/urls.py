"""What others than browsers ask of us."""

from django.urls import path

from triage.slack.slack_endpoint import pressed

urlpatterns = [path("actions", pressed, name="slack_actions")]
