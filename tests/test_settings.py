"""The settings: each is documented, and a misspelt one stops the program with one line that says how to write it."""

import os
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from inbox_router.environment import database, email, mailbox_account
from inbox_router.settings import DECLARED

ROOT = Path(__file__).parent.parent
NAMED_BY_THE_USER = re.compile(r"MAILBOX_\w+_URL")


def check(tmp_path: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return manage(tmp_path, "check", *arguments, **variables)


def manage(tmp_path: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a command of manage.py with these variables and none of ours."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return subprocess.run(
        [sys.executable, ROOT / "manage.py", *arguments],
        env={**kept, "ENV_FILE": "", "DATA_DIR": str(tmp_path), **variables},
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=180,
    )


def test_the_example_file_names_exactly_the_settings_that_exist():
    named = re.findall(r"^#?(\w+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)
    assert len(named) == len(set(named))
    assert {name for name in named if not NAMED_BY_THE_USER.fullmatch(name)} == {
        name for name in DECLARED if not NAMED_BY_THE_USER.fullmatch(name)
    }


def test_every_setting_in_the_example_file_has_a_comment_above_it():
    lines = (ROOT / ".env.example").read_text().splitlines()
    uncommented = [line for above, line in pairwise(lines) if re.match(r"#?\w+=", line) and not above.startswith("# ")]
    assert uncommented == []


def test_the_example_file_can_be_used_as_it_stands(tmp_path):
    result = check(tmp_path, ENV_FILE=str(ROOT / ".env.example"))
    assert result.returncode == 0, result.stderr
    assert "unknown" not in result.stderr


@pytest.mark.parametrize(
    ("name", "value", "hint"),
    [
        ("DEBUG", "ture", "DEBUG=true or DEBUG=false"),
        ("REVIEW_THRESHOLD", "70%", "from 0 to 1"),
        ("REVIEW_THRESHOLD", "70", "from 0 to 1"),
        ("REVIEW_THRESHOLD", "nan", "from 0 to 1"),
        ("TRASH_DELAY", "30s", "not a number"),
        ("LLM_TIMEOUT", "0", "from 0.1 to 120"),
        ("LLM_TIMEOUT", "121", "from 0.1 to 120"),
        ("LLM_CONCURRENCY", "2.5", "whole number"),
        ("FIRST_CONNECT_DAYS", "two", "not a number"),
        ("ARMED", "label,drafts", "unknown drafts"),
        ("ARMED", "none,label", "unknown none"),
        ("LOG_LEVEL", "verbose", "DEBUG, INFO, WARNING or ERROR"),
        ("TIME_ZONE", "Europe/Pragu", "Europe/Prague"),
        ("SITE_URL", "inbox.example.com", "http://"),
        ("DATABASE_URL", "postgress://me@host/name", "postgres://user"),
        ("DATABASE_URL", "postgres://me@host:port/name", "postgres://user"),
        ("DATABASE_URL", "postgres://me@host", "names no database"),
        ("REDIS_URL", "localhost:6379", "redis://host:6379/0"),
        ("MAILBOX_URL", "sales@example.com", "imaps://user:password@host:993/INBOX"),
        ("MAILBOX_URL", "imaps://sales:se/cret@host/INBOX", "%2F"),
        ("MAILBOX_URL", "imaps://sales@host/INBOX", "imaps://user:password@host:993/INBOX"),
        ("MAILBOX_SUPPORT_URL", "pop3://support:secret@host", "MAILBOX_SUPPORT_URL"),
        ("EMAIL_URL", "mail.example.com", "smtps://"),
        ("EMAIL_URL", "smtps://", "names no host"),
        ("LLM_API_BASE", "localhost:11434", "http"),
        ("SLACK_API_URL", "slack.com/api", "https://slack.com/api/"),
        ("GOOGLE_SHEETS_API_URL", "sheets", "https://sheets.googleapis.com"),
        ("SECRET_KEY_FILE", "/nowhere/key", "SECRET_KEY_FILE"),
        ("ENV_FILE", "/nowhere/env", "No such file"),
        ("DATA_DIR", "/dev/null/data", "DATA_DIR"),
    ],
)
def test_a_misspelt_value_gives_one_line_and_exit_status_1(tmp_path, name, value, hint):
    result = check(tmp_path, **{name: value})
    assert result.returncode == 1
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    assert name.removesuffix("_FILE") in line or name == "ENV_FILE"
    assert hint in line
    assert "cret@" not in line


def test_a_line_of_the_env_file_that_is_no_setting_is_named_without_its_content(tmp_path):
    (tmp_path / "env").write_text("DEBUG=false\nSECRET_KEY: hush\n")
    result = check(tmp_path, ENV_FILE=str(tmp_path / "env"))
    assert result.returncode == 1
    assert result.stderr == "Settings: env, line 2: write NAME=value, or # before a comment.\n"


def test_the_environment_wins_over_the_env_file(tmp_path):
    (tmp_path / "env").write_text("LOG_LEVEL=nonsense\n")
    assert check(tmp_path, ENV_FILE=str(tmp_path / "env"), LOG_LEVEL="INFO").returncode == 0


def test_a_secret_may_be_in_a_file_of_its_own(tmp_path):
    (tmp_path / "url").write_text("imaps://sales\n")
    result = check(tmp_path, MAILBOX_URL_FILE=str(tmp_path / "url"))
    assert "MAILBOX_URL is not a URL that can be used" in result.stderr


@pytest.mark.parametrize(
    ("url", "security", "port"),
    [
        ("imaps://sales%40acme.example:p%40ss%2Fw%23rd+1@mail.example/INBOX", "tls", 993),
        ("imap://sales%40acme.example:p%40ss%2Fw%23rd+1@mail.example/INBOX", "starttls", 143),
        ("imap://sales%40acme.example:p%40ss%2Fw%23rd+1@127.0.0.1:10143", "plain", 10143),
    ],
)
def test_a_mailbox_url_says_where_and_how_to_sign_in(url, security, port):
    account = mailbox_account("MAILBOX_URL", "inbox", url)
    assert (account.user, account.password) == ("sales@acme.example", "p@ss/w#rd+1")
    assert (account.security, account.port, account.folder) == (security, port, "INBOX")


def test_a_mailbox_account_does_not_show_its_password():
    account = mailbox_account("MAILBOX_URL", "inbox", "imaps://sales:hush@mail.example/Sales")
    assert "hush" not in f"{account} {account!r}"


def test_a_plus_sign_in_a_password_stays_a_plus_sign():
    assert database("postgres://me:a+b%2Fc@db.example/name", Path())["PASSWORD"] == "a+b/c"
    assert email("smtps://sales+bot%40acme.example:a+b@mail.example")["EMAIL_HOST_USER"] == "sales+bot@acme.example"


def test_a_database_url_may_hold_options():
    assert database("postgres://me@db.example:5433/name?sslmode=require", Path()) == {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "name",
        "USER": "me",
        "PASSWORD": "",
        "HOST": "db.example",
        "PORT": 5433,
        "OPTIONS": {"sslmode": "require"},
    }


@pytest.mark.parametrize(
    ("url", "port", "tls", "ssl"),
    [
        ("smtps://mail.example", 465, False, True),
        ("smtp+tls://mail.example", 587, True, False),
        ("smtp://127.0.0.1:1025", 1025, False, False),
    ],
)
def test_an_email_url_says_how_the_connection_is_encrypted(url, port, tls, ssl):
    settings = email(url)
    assert settings["EMAIL_PORT"] == port
    assert settings.get("EMAIL_USE_TLS", False) is tls
    assert settings.get("EMAIL_USE_SSL", False) is ssl
