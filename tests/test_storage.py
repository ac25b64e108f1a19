"""The databases and the queue that the settings can name."""

import pytest
from django.conf import settings
from django.db import connection

from tests.test_settings import manage


@pytest.mark.skipif("sqlite3" not in settings.DATABASES["default"]["ENGINE"], reason="about SQLite")
@pytest.mark.django_db
def test_readers_of_a_sqlite_database_do_not_wait_for_a_writer():
    with connection.cursor() as cursor:
        assert cursor.execute("PRAGMA journal_mode").fetchone() == ("wal",)


@pytest.mark.postgres
def test_a_postgresql_database_is_set_up_from_its_url(tmp_path, postgres_url):
    assert manage(tmp_path, "migrate", "--verbosity=0", DATABASE_URL=postgres_url).returncode == 0
    result = manage(tmp_path, "migrate", "--check", DATABASE_URL=postgres_url)
    assert result.returncode == 0, result.stderr


def test_a_database_that_cannot_be_reached_is_no_silent_sqlite_file(tmp_path):
    result = manage(tmp_path, "migrate", DATABASE_URL="postgres://me:secret@127.0.0.1:1/name")
    assert result.returncode != 0
    assert "secret" not in result.stderr


@pytest.mark.redis
def test_the_scheduler_uses_redis_when_its_url_is_set(tmp_path, redis_url):
    code = "from django_q.brokers import get_broker; broker = get_broker(); print(broker.info(), broker.ping())"
    result = manage(tmp_path, "shell", "--no-imports", "-c", code, REDIS_URL=redis_url)
    assert "Redis" in result.stdout, result.stderr
    assert result.stdout.strip().endswith("True")
