"""The health page: each connection tried for real, with what was typed, which is never kept or shown."""

import pytest
from django.contrib.sessions.models import Session

from tests import office
from triage.admin.health import CONNECTIONS, known
from triage.mailbox.embedded import EmbeddedImap

pytestmark = pytest.mark.django_db
PAGE = "/admin/triage/heartbeat/health/"
PASSWORD = "p%C3%A4ssword%2Fwith%40signs"  # that of the embedded server, as it stands in a URL


def test_a_mailbox_that_was_typed_is_tried_step_by_step_and_forgotten(boss, embedded_imap: EmbeddedImap):
    url = f"imap://sales%40acme.example:{PASSWORD}@127.0.0.1:{embedded_imap.port}/INBOX"
    page = boss.post(PAGE, {"check": "mailbox", "MAILBOX_URL": url}).content.decode()
    assert "It works." in page
    assert "signed in at 127.0.0.1 as sales@acme.example" in page
    assert "folder INBOX has 0 messages" in page
    assert PASSWORD not in page
    assert "pässword" not in page
    assert PASSWORD not in boss.get(PAGE).content.decode()
    assert not [row for row in Session.objects.all() if PASSWORD in str(row.get_decoded())]


def test_the_step_that_fails_is_named_with_what_to_do(boss, embedded_imap: EmbeddedImap):
    url = f"imap://sales%40acme.example:wrong-secret@127.0.0.1:{embedded_imap.port}/INBOX"
    page = boss.post(PAGE, {"check": "mailbox", "MAILBOX_URL": url}).content.decode()
    assert 'class="result-fail">FAIL' in page
    assert "Mend MAILBOX_URL." in page
    assert "wrong-secret" not in page


@pytest.mark.parametrize("typed", ["imap.acme.example", "http://x:hush-hush@y/", "imaps://user:hush-hush@host:port/"])
def test_a_misspelt_value_is_told_and_not_repeated(boss, typed):
    page = boss.post(PAGE, {"check": "mailbox", "MAILBOX_URL": typed}).content.decode()
    assert "MAILBOX_URL is not a URL that can be used" in page
    assert "hush-hush" not in page
    assert "Traceback" not in page


def test_what_is_set_is_tested_when_nothing_is_typed(boss):
    page = boss.post(PAGE, {"check": "model"}).content.decode()
    assert "the embedded classifier judges" in page


def test_each_connection_has_a_card(boss):
    page = boss.get(PAGE).content.decode()
    assert [one.check for one in CONNECTIONS if f'id="{one.check}"' not in page] == []


def test_of_a_secret_only_its_end_is_shown(settings):
    settings.SLACK_BOT_TOKEN = "xoxb-1234567890-hush-3f"
    settings.EMAIL_URL = "smtps://user:hush@mail.acme.example"
    settings.LLM_MODEL = "gpt-4o-mini"
    assert [known(name) for name in ("SLACK_BOT_TOKEN", "EMAIL_URL", "LLM_MODEL", "LLM_API_KEY")] == [
        "set, ends in …3f",
        "set, smtps",
        "gpt-4o-mini",
        "not set",
    ]


@pytest.mark.parametrize(
    ("role", "sees", "tries"), [("Operator", 200, 200), ("Read-only", 200, 403), ("Reviewer", 403, 403)]
)
def test_only_an_operator_has_it_connect_to_what_they_type(client, role, sees, tries):
    client.force_login(office.user("somebody", role))
    assert client.get(PAGE).status_code == sees
    assert client.post(PAGE, {"check": "queue"}).status_code == tries


def test_an_unknown_check_is_refused(boss):
    assert boss.post(PAGE, {"check": "rm -rf"}).status_code == 403


def test_the_report_tells_all_as_text_without_secrets(boss, settings):
    settings.EMAIL_URL, settings.LLM_API_KEY = "smtps://u:hush-hush@mail.acme.example", "sk-hush-hush"
    office.waiting_draft()
    assert "?report" in boss.get(PAGE).content.decode()
    answer = boss.get(PAGE, {"report": ""})
    told = answer.content.decode()
    assert answer.headers["Content-Type"].startswith("text/plain")
    for line in (
        "Version: ",
        "Worker's last sign of life: ",
        "Tasks in the queue: 0",
        "owed, the oldest since",
        "database: ",
    ):
        assert line in told
    assert "disk: DATA_DIR has" in told
    assert "hush-hush" not in told
