"""The doctor: each connection is tried for real, and what is wrong is said with what to do about it."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from django.utils import timezone

from inbox_router.doctor import Finding, Result, check, examine, names
from tests.servers.http import Fault
from tests.servers.imap import Dovecot, free_port
from tests.servers.openai import Answer, ModelServer, verdict
from tests.servers.sheets import SHEET_ID, SheetsServer
from tests.servers.slack import APP_TOKEN, TOKEN, SlackServer
from tests.test_settings import manage
from triage.classifiers.llm.guide import shipped
from triage.learning.guides import in_force
from triage.models import CategoryGuide, Heartbeat

SECRETS = ("hush-hush", TOKEN, "PRIVATE KEY")


class Nobody:
    """A mail server that lets nobody in and takes no mail."""

    async def handle_MAIL(self, *args: object) -> str:  # noqa: N802 (aiosmtpd's name)
        raise AssertionError("the doctor sends no mail")


@pytest.fixture
def smtp() -> Iterator[Controller]:
    server = Controller(
        Nobody(),
        hostname="127.0.0.1",
        port=free_port(),
        auth_require_tls=False,
        authenticator=lambda server, session, envelope, way, login: AuthResult(
            success=login.password == b"right", handled=False
        ),
    )
    server.start()
    yield server
    server.stop()


def found(name: str, **variables: str) -> list[Finding]:
    """What one check finds in a fresh installation with these settings."""
    folder = Path(variables.pop("folder"))
    result = manage(folder, "doctor", "--json", "--only", name, **variables)
    assert "Traceback" not in result.stderr
    assert not [secret for secret in SECRETS if secret in result.stdout + result.stderr]
    findings = [Finding(**one) for one in json.loads(result.stdout)]
    assert result.returncode == any(one.result == Result.FAIL for one in findings)
    return findings


def only(name: str, folder: Path, **variables: str) -> Finding:
    (finding,) = found(name, folder=str(folder), **variables)
    return finding


# --- the whole ----------------------------------------------------------------------------------------------


def test_a_fresh_installation_is_told_step_by_step_what_is_missing(tmp_path: Path) -> None:
    result = manage(tmp_path, "doctor")
    assert result.returncode == 1
    assert "Run: manage.py migrate" in result.stdout
    assert "Set MAILBOX_URL" in result.stdout
    assert result.stderr == "CommandError: 3 OK, 1 WARN, 2 FAIL, 4 SKIP. Look at: database, mailbox.\n"


@pytest.mark.dovecot
def test_an_installation_in_which_all_is_well_passes(tmp_path: Path, dovecot: Dovecot, smtp: Controller) -> None:
    assert manage(tmp_path, "migrate", "--verbosity=0").returncode == 0
    with ModelServer() as model, SlackServer() as slack, SheetsServer() as sheets:
        result = manage(
            tmp_path, "doctor",
            COMPANY_DOMAINS="acme.example",
            MAILBOX_URL=dovecot.url(),
            LLM_MODEL="openai/m", LLM_API_BASE=model.url, LLM_API_KEY="hush-hush",
            SLACK_BOT_TOKEN=TOKEN, SLACK_API_URL=slack.api_url,
            GOOGLE_SERVICE_ACCOUNT_FILE=sheets.account_file(tmp_path), GOOGLE_SHEET_ID=SHEET_ID,
            GOOGLE_SHEETS_API_URL=sheets.url,
            EMAIL_URL=f"smtp://sales:right@127.0.0.1:{smtp.port}",
        )  # fmt: skip
    assert result.returncode == 0, result.stdout + result.stderr
    assert not [secret for secret in SECRETS if secret in result.stdout]
    for line in (
        "signed in at 127.0.0.1 as sales@acme.example",
        "Drafts is Drafts",
        "labels are kept as keywords",
        "new mail is announced (IDLE)",
        "openai/m answered in",
        "connected as inbox-router in Acme",
        "alerts have no buttons but the link",
        "mirrored to the tab Audit, still empty",
        "answers 250, signed in",
    ):
        assert line in result.stdout
    assert slack.posts == []
    assert result.stdout.rstrip().endswith("Nothing is broken.")


class TestModel:
    @pytest.fixture
    def model(self, settings: Any) -> Iterator[ModelServer]:
        with ModelServer() as server:
            settings.LLM_MODEL, settings.LLM_API_BASE, settings.LLM_API_KEY = "openai/stub", server.url, "key"
            yield server

    @pytest.mark.django_db
    def test_it_is_told_the_definitions_in_force(self, model: ModelServer) -> None:
        CategoryGuide.objects.create(definitions={"lead": "Whoever asks for benches."}, live_at=timezone.now())
        (finding,) = examine("model")
        assert finding.result == Result.OK
        assert in_force().version in finding.found
        assert "- lead: Whoever asks for benches." in model.asked[0].chat[0]["content"]

    @pytest.mark.django_db
    def test_a_server_that_tells_no_tokens_and_a_price_that_nobody_knows_are_said(
        self, model: ModelServer, settings: Any
    ) -> None:
        model.answer = lambda asked: Answer(verdict(), input_tokens=0, output_tokens=0)
        settings.LLM_DAILY_BUDGET = 5
        works, tokens, price = examine("model")
        assert (works.result, tokens.result, price.result) == (Result.OK, Result.WARN, Result.WARN)
        assert "cost and budget go by the length of the texts" in tokens.found
        assert price.hint == "Set LLM_INPUT_PRICE and LLM_OUTPUT_PRICE."
        settings.LLM_INPUT_PRICE = 1
        assert [one.found for one in examine("model")][1:] == [tokens.found]

    def test_without_a_database_it_is_told_what_ships(self, model: ModelServer, tmp_path: Path) -> None:
        finding = only("model", tmp_path, LLM_MODEL="openai/stub", LLM_API_BASE=model.url, LLM_API_KEY="hush-hush")
        assert shipped().version in finding.found


def test_the_checks_of_all_apps_are_there_in_a_sensible_order() -> None:
    assert names() == ["settings", "database", "disk", "queue", "sheet", "slack", "mailbox", "model", "mail", "worker"]


def test_a_check_that_does_not_exist_is_told_with_those_that_do(tmp_path: Path) -> None:
    result = manage(tmp_path, "doctor", "--only", "mailx")
    assert result.returncode == 1
    assert result.stderr.startswith("CommandError: There is no check mailx. Choose from settings, database")


def test_a_check_that_breaks_stops_no_other_and_tells_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inbox_router.doctor._checks", {})

    @check("broken")
    def broken() -> Iterator[Finding]:
        yield Finding("broken", Result.OK, "the first step")
        raise ValueError("hush-hush")

    @check("other")
    def other() -> Iterator[Finding]:
        yield Finding("other", Result.OK, "fine")

    shown = [(one.name, one.result, one.found) for one in examine()]
    assert shown == [
        ("broken", Result.OK, "the first step"),
        ("broken", Result.FAIL, "failed unexpectedly (ValueError)"),
        ("other", Result.OK, "fine"),
    ]


# --- each connection ----------------------------------------------------------------------------------------


def test_settings_that_contradict_each_other_fail(tmp_path: Path) -> None:
    finding = next(one for one in found("settings", folder=str(tmp_path), LLM_MODEL="gpt-4o") if one.result == "FAIL")
    assert finding.hint.startswith("Set LLM_API_KEY")


def test_a_database_that_cannot_be_reached(tmp_path: Path) -> None:
    finding = only("database", tmp_path, DATABASE_URL="postgres://me:hush-hush@127.0.0.1:1/name")
    assert (finding.result, finding.hint) == (Result.FAIL, "Check DATABASE_URL and its server.")


@pytest.mark.redis
def test_a_redis_that_answers(tmp_path: Path, redis_url: str) -> None:
    assert only("queue", tmp_path, REDIS_URL=redis_url).result == Result.OK


@pytest.mark.dovecot
def test_a_mailbox_without_the_usual_folders_and_without_announcements(tmp_path: Path) -> None:
    with Dovecot(special={"Entwürfe": "\\Drafts"}, capability="IMAP4rev1 UIDPLUS MOVE LITERAL+") as server:
        findings = found("mailbox", folder=str(tmp_path), MAILBOX_URL=server.url())
        made = {path.name for path in server.maildir().glob(".*") if path.is_dir()}
    assert made <= {".Entw&APw-rfe"}
    said = [one.found for one in findings]
    assert "Drafts is Entwürfe" in said
    assert "Archive is made when it is first needed" in said
    assert [one.found for one in findings if one.result == Result.WARN] == ["new mail is not announced"]


def test_a_slack_token_that_is_not_accepted(tmp_path: Path) -> None:
    with SlackServer() as slack:
        finding = only("slack", tmp_path, SLACK_BOT_TOKEN="xoxb-hush-hush", SLACK_API_URL=slack.api_url)
    assert (finding.result, finding.hint) == (Result.FAIL, "Mend SLACK_BOT_TOKEN.")


@pytest.mark.parametrize(
    ("variables", "result", "told"),
    [
        ({"SLACK_SIGNING_SECRET": "s"}, "WARN", "Slack posts to https only"),
        ({"SLACK_SIGNING_SECRET": "s", "SITE_URL": "https://in.acme.example"}, "OK", "in.acme.example/slack/actions"),
        ({"SLACK_APP_TOKEN": APP_TOKEN}, "OK", "listen_to_slack"),
        ({"SLACK_APP_TOKEN": "xapp-wrong"}, "FAIL", "scope connections:write"),
    ],
)
def test_whether_buttons_in_slack_can_be_heard(variables: dict, result: str, told: str, tmp_path: Path) -> None:
    with SlackServer() as slack:
        there = {"SLACK_BOT_TOKEN": TOKEN, "SLACK_API_URL": slack.api_url}
        _, buttons = found("slack", folder=str(tmp_path), **there, **variables)
    assert (buttons.result, told in f"{buttons.found} {buttons.hint}") == (result, True)


def test_a_slack_that_is_down(tmp_path: Path) -> None:
    with SlackServer() as slack:
        slack.fail("auth.test", Fault(status=503, text="{}"))
        finding = only("slack", tmp_path, SLACK_BOT_TOKEN=TOKEN, SLACK_API_URL=slack.api_url)
    assert (finding.result, finding.hint) == (Result.FAIL, "Try again in a minute.")


def test_a_spreadsheet_that_is_not_shared_with_us(tmp_path: Path) -> None:
    with SheetsServer() as sheets:
        sheets.shared = False
        settings = {"GOOGLE_SERVICE_ACCOUNT_FILE": sheets.account_file(tmp_path), "GOOGLE_SHEET_ID": SHEET_ID}
        finding = only("sheet", tmp_path, GOOGLE_SHEETS_API_URL=sheets.url, **settings)
    assert finding.result == Result.FAIL
    assert "share the spreadsheet with robot@acme.example" in finding.found


def test_a_mail_server_that_refuses_the_password(tmp_path: Path, smtp: Controller) -> None:
    finding = only("mail", tmp_path, EMAIL_URL=f"smtp://sales:hush-hush@127.0.0.1:{smtp.port}")
    assert (finding.result, finding.hint) == (Result.FAIL, "Check user and password in EMAIL_URL.")


def test_a_mail_server_that_is_not_there(tmp_path: Path) -> None:
    finding = only("mail", tmp_path, EMAIL_URL="smtp://127.0.0.1:1")
    assert finding.found == "127.0.0.1:1 cannot be used (ConnectionRefusedError)"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("age", "result", "told"),
    [
        (timedelta(seconds=3), Result.OK, "last sign of life "),
        (timedelta(minutes=5), Result.FAIL, "last sign of life 5 min ago"),
        (timedelta(days=3), Result.FAIL, "last sign of life 3 days ago"),
        (None, Result.WARN, "has never run"),
    ],
)
def test_a_worker_is_judged_by_its_last_sign_of_life(age: timedelta | None, result: Result, told: str) -> None:
    if age is not None:
        Heartbeat.objects.create(beat_at=timezone.now() - age)
    (finding,) = examine("worker")
    assert finding.result == result
    assert finding.found.startswith(told)
