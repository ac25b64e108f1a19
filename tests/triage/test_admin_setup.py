"""The first hour: what is done, what is next, and lines for .env that the program itself understands."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from inbox_router.environment import MailboxAccount, mailbox_account
from tests import office
from tests.routing.making import person, pool
from triage.admin.setup import next_step, steps
from triage.models import Heartbeat

pytestmark = pytest.mark.django_db
PAGE = "/admin/triage/mailbox/set-up/"
ACCOUNT = MailboxAccount("inbox", "imap.acme.example", 993, "sales@acme.example", "x", "INBOX", "tls")


def shown(client: Client, **typed: str) -> str:
    return client.get(PAGE, typed).content.decode()


def test_it_leads_from_one_step_to_the_next(boss, settings):
    settings.COMPANY_DOMAINS, settings.MAILBOXES, settings.ARMED = [], {}, frozenset()
    assert "Next: Your company" in shown(boss)
    settings.COMPANY_DOMAINS = ["acme.example"]
    assert "Next: The mailbox" in shown(boss)
    settings.MAILBOXES = {"inbox": ACCOUNT}
    assert "Next: The team" in shown(boss)
    ana = person("Ana", "en")
    assert "Next: The rotation" in shown(boss)
    pool("Inside sales", ana)
    assert "Next: The worker" in shown(boss)
    Heartbeat.objects.create(name="worker", beat_at=timezone.now())
    assert "Next: Watch it decide" in shown(boss)
    office.message()
    assert "Next: Arm it, effect by effect" in shown(boss)
    assert next_step() is None
    settings.ARMED = frozenset({"label"})
    assert "All is set up." in shown(boss)


def test_a_pool_without_people_and_a_worker_that_stopped_are_not_done(settings):
    pool("Inside sales")
    Heartbeat.objects.create(name="worker", beat_at=timezone.now() - timedelta(hours=1))
    done = {step.title: step.done for step in steps()}
    assert (done["The rotation"], done["The worker"]) == (False, False)


def test_the_lines_for_env_are_understood_by_the_program(boss):
    typed = {"company": "Acme  Inc.", "domains": "Acme.example, acme.de", "user": "DOM\\sales@acme.example",
             "host": "imap.acme.example", "folder": "INBOX/Sales"}  # fmt: skip
    lines = boss.get(PAGE, typed).context["lines"].splitlines()
    assert lines[0] == "COMPANY_NAME=Acme Inc."
    assert lines[1] == "COMPANY_DOMAINS=acme.example,acme.de"
    assert lines[3] == "ARMED=none"
    account = mailbox_account("MAILBOX_URL", "inbox", lines[2].removeprefix("MAILBOX_URL="))
    assert (account.user, account.password, account.folder) == ("DOM\\sales@acme.example", "PASSWORD", "INBOX/Sales")


def test_a_line_break_makes_no_line_of_its_own(boss):
    lines = boss.get(PAGE, {"company": "Acme\nDEBUG=true"}).context["lines"].splitlines()
    assert lines == ["COMPANY_NAME=Acme DEBUG=true", "ARMED=none"]


def test_it_asks_for_no_password(boss):
    assert 'type="password"' not in shown(boss)
    assert "never stored in the database" in shown(boss, company="Acme")


def test_the_dashboard_leads_to_it_until_all_is_set_up(boss, settings):
    settings.MAILBOXES = {}
    assert PAGE in boss.get("/admin/").content.decode().partition("Not set up yet")[2][:300]


@pytest.mark.parametrize(("role", "status"), [("Operator", 200), ("Reviewer", 403), ("Read-only", 403)])
def test_it_is_the_operators(client, role, status):
    client.force_login(office.user("somebody", role))
    assert client.get(PAGE).status_code == status
