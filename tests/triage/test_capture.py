"""Mail that came and went without a row is found where mail is moved to."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from crm.models import SheetRow
from inbox_router.delivery import work_off
from routing.models import SlackAlert
from tests import mails
from tests.servers.imap import Dovecot, ImapPeer
from triage import services
from triage.models import Mailbox
from triage.proof.capture import Capture, check_and_store

pytestmark = [pytest.mark.django_db, pytest.mark.dovecot]


@pytest.fixture
def human(dovecot: Dovecot, settings: Settings) -> Iterator[ImapPeer]:
    settings.MAILBOXES = {"inbox": dovecot.account()}
    settings.SLACK_MANAGER_CHANNEL = "C1MANAGERS"
    with ImapPeer(dovecot.account()) as peer:
        yield peer


def checked() -> Capture:
    return check_and_store(Mailbox.objects.get())


def told() -> int:
    return SlackAlert.objects.filter(key__startswith="slack:moved:").count()


def test_mail_that_was_moved_before_we_saw_it_is_told_once_with_its_place(human: ImapPeer) -> None:
    human.deliver(mails.mail("accounting", 1).raw)
    services.process()
    uid = human.deliver(mails.mail("lead", 2).raw)
    human.client.create("Archive")
    human.move(uid, "Archive")
    assert checked().moved_unseen == ["Archive UID 1"]
    assert checked().unexplained == []
    assert told() == 1


def test_mail_that_we_know_or_that_is_older_than_our_start_is_nothing_to_tell(human: ImapPeer) -> None:
    human.client.create("Archive")
    human.client.append("Archive", None, '" 3-Jan-2020 10:00:00 +0100"', mails.mail("lead", 1).raw)
    services.process()
    known = human.deliver(mails.mail("accounting", 2).raw)
    services.process()
    human.move(known, "Archive")
    human.remove(human.deliver(mails.mail("accounting", 3).raw))
    assert checked().moved_unseen == []
    assert told() == 0


def test_the_hourly_check_has_missing_rows_of_the_log_written_again(
    human: ImapPeer, settings: Settings, tmp_path: Path
) -> None:
    settings.AUDIT_CSV = str(tmp_path / "audit.csv")
    human.deliver(mails.mail("accounting", 1).raw)
    services.process()
    whole = (tmp_path / "audit.csv").read_text()
    (tmp_path / "audit.csv").write_text("".join(whole.splitlines(keepends=True)[:-1]))
    assert "1 rows to write again" in services.check()
    work_off(SheetRow)
    assert (tmp_path / "audit.csv").read_text() == whole
    (tmp_path / "audit.csv").unlink()
    (tmp_path / "audit.csv").mkdir()
    assert "spreadsheet: AUDIT_CSV" in services.check()
