"""`manage.py check` names settings that are missing or contradict each other, with a hint."""

import json

import pytest
from django.core.checks import Error, Info

from inbox_router.checks import check_production, check_settings
from inbox_router.environment import email, mailbox_account
from tests.test_settings import check

PRODUCTION = {
    "SECRET_KEY": "kVn0-w2Qz8_tYb5Lr7Xc3Hd9Jf1Ms6Pg4Ua0Ei2Ko8Nv5Rq7Tz",
    "SITE_URL": "https://inbox.acme.example",
    "MAILBOX_URL": "imaps://sales%40acme.example:secret@mail.acme.example:993/INBOX",
    "COMPANY_DOMAINS": "acme.example",
    "COMPANY_NAME": "Acme",
    "EMAIL_URL": "smtps://sales%40acme.example:secret@mail.acme.example:465",
}


@pytest.fixture
def configured(settings):
    """Settings without any complaint; each test breaks one."""
    settings.MAILBOXES = {"inbox": mailbox_account("MAILBOX_URL", "inbox", PRODUCTION["MAILBOX_URL"])}
    settings.COMPANY_DOMAINS = ["acme.example"]
    settings.COMPANY_NAME = "Acme"
    settings.ALLOWED_HOSTS = ["127.0.0.1"]
    assert check_settings(None) == []
    return settings


def only(messages):
    (message,) = messages
    assert message.hint
    return message


@pytest.mark.parametrize(
    ("change", "number", "named"),
    [
        ({"UNKNOWN_SETTINGS": {"REVEIW_THRESHOLD"}}, "W001", "Did you mean REVIEW_THRESHOLD?"),
        ({"UNKNOWN_SETTINGS": {"XYZZY"}}, "W001", ".env.example"),
        ({"MAILBOXES": {}}, "W002", "MAILBOX_URL=imaps://"),
        ({"COMPANY_DOMAINS": []}, "W003", "COMPANY_DOMAINS="),
        ({"COMPANY_NAME": ""}, "W014", "COMPANY_NAME="),
        ({"LLM_API_KEY": "key"}, "W004", "LLM_MODEL="),
        ({"LLM_FALLBACK_MODELS": ["gpt-4o"]}, "W004", "LLM_MODEL="),
        ({"LLM_MODEL": "gpt-4o-mini"}, "E001", "LLM_API_KEY"),
        ({"SLACK_MANAGER_CHANNEL": "C1"}, "E002", "SLACK_BOT_TOKEN"),
        ({"SLACK_BOT_TOKEN": "xoxp-1"}, "W005", "xoxb-"),
        ({"SLACK_SIGNING_SECRET": "secret"}, "W012", "SLACK_BOT_TOKEN"),
        ({"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_APP_TOKEN": "xoxb-2"}, "W013", "xapp-"),
        ({"GOOGLE_SHEET_ID": "1a"}, "E003", "GOOGLE_SERVICE_ACCOUNT_FILE"),
        ({"ARMED": frozenset()}, "I001", "label,draft"),
        ({"ALLOWED_HOSTS": ["other.example"]}, "W008", "127.0.0.1"),
    ],
)
def test_a_setting_that_is_missing_or_contradicts_another_is_named_with_a_hint(configured, change, number, named):
    for name, value in change.items():
        setattr(configured, name, value)
    message = only(check_settings(None))
    assert message.id == f"inbox_router.{number}"
    assert named in message.hint


@pytest.mark.parametrize(
    "change",
    [
        {"LLM_MODEL": "gpt-4o-mini", "LLM_API_KEY": "key"},
        {"LLM_MODEL": "ollama/llama3.1"},
        {"LLM_MODEL": "openai/local", "LLM_API_BASE": "http://127.0.0.1:8080/v1"},
        {"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_MANAGER_CHANNEL": "C1"},
        {"ARMED": frozenset({"label"}), "TRASH_DELAY": 0.0},
    ],
)
def test_settings_that_agree_are_not_complained_about(configured, change):
    for name, value in change.items():
        setattr(configured, name, value)
    assert check_settings(None) == []


@pytest.mark.parametrize(
    ("content", "why"),
    [(None, "No such file"), ("{", "not JSON"), ("{}", "not the key of a service account")],
)
def test_a_key_file_that_cannot_be_used_is_an_error_that_says_why(configured, tmp_path, content, why):
    file = tmp_path / "key.json"
    if content is not None:
        file.write_text(content)
    configured.GOOGLE_SHEET_ID, configured.GOOGLE_SERVICE_ACCOUNT_FILE = "1a", str(file)
    message = only(check_settings(None))
    assert (message.id, type(message)) == ("inbox_router.E004", Error)
    assert why in message.msg


def test_a_key_file_without_a_sheet_is_an_error(configured, tmp_path):
    file = tmp_path / "key.json"
    file.write_text(json.dumps({"client_email": "a", "private_key": "b", "token_uri": "c"}))
    configured.GOOGLE_SERVICE_ACCOUNT_FILE = str(file)
    assert "GOOGLE_SHEET_ID" in only(check_settings(None)).msg


def test_a_mailbox_whose_user_is_no_address_needs_a_sender(configured):
    account = mailbox_account("MAILBOX_URL", "inbox", "imaps://sales:secret@mail.acme.example")
    configured.MAILBOXES = {"inbox": account}
    assert "MAIL_FROM=" in only(check_settings(None)).hint
    configured.MAIL_FROM = "sales@acme.example"
    assert check_settings(None) == []


def test_a_mail_password_in_clear_is_an_error_unless_it_stays_on_this_machine(configured):
    for name, value in email("smtp://me:secret@mail.acme.example").items():
        setattr(configured, name, value)
    assert "smtps://" in only(check_settings(None)).hint
    configured.EMAIL_HOST = "127.0.0.1"
    assert check_settings(None) == []


def test_debug_on_a_public_site_is_an_error(configured):
    configured.DEBUG, configured.SITE_URL, configured.ALLOWED_HOSTS = True, "https://inbox.acme.example", ["*"]
    assert only(check_settings(None)).hint == "Set DEBUG=false."


def test_a_trial_installation_is_told_what_production_needs():
    hints = " ".join(message.hint for message in check_production(None))
    assert "SITE_URL=https://" in hints
    assert "EMAIL_URL=smtps://" in hints


def test_an_origin_that_forms_would_be_refused_from_is_named(configured):
    configured.SITE_URL, configured.EMAIL_URL = "https://inbox.acme.example", "smtps://mail.acme.example"
    configured.CSRF_TRUSTED_ORIGINS = ["https://other.example"]
    assert "https://inbox.acme.example" in only(check_production(None)).hint


def test_trash_without_time_to_object_is_no_production_setting(configured):
    configured.SITE_URL, configured.EMAIL_URL = "https://inbox.acme.example", "smtps://mail.acme.example"
    configured.CSRF_TRUSTED_ORIGINS, configured.TRASH_DELAY = ["https://inbox.acme.example"], 0.0
    assert "TRASH_DELAY" in only(check_production(None)).hint


def test_shadow_mode_is_no_complaint(configured):
    configured.ARMED = frozenset()
    assert isinstance(only(check_settings(None)), Info)


def test_the_documented_production_settings_pass_the_deployment_check(tmp_path):
    result = check(tmp_path, "--deploy", "--fail-level", "WARNING", **PRODUCTION)
    assert result.returncode == 0, result.stderr
    assert "no issues" in result.stdout


def test_a_trial_installation_does_not_pass_the_deployment_check(tmp_path):
    result = check(tmp_path, "--deploy", "--fail-level", "WARNING")
    assert result.returncode == 1
    assert "SECRET_KEY" in result.stderr


def test_a_misspelt_name_in_the_env_file_is_reported(tmp_path):
    (tmp_path / "env").write_text("REVEIW_THRESHOLD=0.9\n")
    result = check(tmp_path, ENV_FILE=str(tmp_path / "env"))
    assert result.returncode == 0
    assert "REVEIW_THRESHOLD in the .env file is no setting.\n\tHINT: Did you mean REVIEW_THRESHOLD?" in result.stderr
