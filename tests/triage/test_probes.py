"""The two addresses that a supervisor asks: alive without the database, ready with it and the worker."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from triage.models import Heartbeat


def test_alive_is_answered_without_the_database(client: Client) -> None:
    answer = client.get("/healthz")  # this test may not use the database
    assert (answer.status_code, answer.content) == (200, b"alive\n")


@pytest.mark.django_db
def test_ready_needs_a_worker_that_gave_a_sign_of_life_not_long_ago(client: Client) -> None:
    assert client.get("/readyz").status_code == 503
    heart = Heartbeat.objects.create(name="worker", beat_at=timezone.now())
    assert (client.get("/readyz").status_code, client.get("/readyz").content) == (200, b"ready\n")
    Heartbeat.objects.filter(pk=heart.pk).update(beat_at=timezone.now() - timedelta(hours=1))
    answer = client.get("/readyz")
    assert (answer.status_code, answer.content) == (503, b"the worker gives no sign of life\n")


@pytest.mark.django_db
def test_ready_says_that_the_database_cannot_be_used_and_no_more(client: Client) -> None:
    def refuse(*args: object) -> object:
        raise DatabaseError("could not connect to server: password=secret")

    with connection.execute_wrapper(refuse):
        answer = client.get("/readyz")
    assert (answer.status_code, answer.content) == (503, b"the database cannot be used\n")


def test_a_probe_is_not_sent_to_https_where_all_else_is(client: Client, settings: Settings) -> None:
    settings.SECURE_SSL_REDIRECT = True
    assert client.get("/healthz").status_code == 200
    assert client.get("/slack/actions").status_code == 301
