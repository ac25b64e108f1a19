import imaplib
import json
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.utils import parsedate_to_datetime
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.parse import urlencode

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from inbox_router.environment import without_settings
from tests.servers import imap
from triage.demo.mails import FOLDER, demo_mails
from triage.demo.running import facts_file
from triage.demo.stage import SALESPERSON

NOW = datetime(2027, 5, 3, 8, 30, tzinfo=UTC)
MAILS = demo_mails(NOW)
ANOTHER = FOLDER.parent / "another-lead.eml"


def inbox():
    return [mail for mail in MAILS if mail.unread]


class TestMails:
    def test_about_sixty_new_mails_some_old_ones_and_what_colleagues_sent(self):
        places = [(mail.folder, mail.unread) for mail in MAILS]
        assert 55 <= places.count(("INBOX", True)) <= 75
        assert places.count(("INBOX", False)) >= 3
        assert places.count(("Sent", False)) >= 2

    def test_new_mail_came_within_the_two_days_that_a_first_connect_takes(self):
        ages = [NOW - mail.received_at for mail in inbox()]
        assert timedelta(0) < min(ages) < timedelta(hours=1)
        assert max(ages) < timedelta(hours=40)

    def test_old_mail_is_older_than_that(self):
        assert min(NOW - mail.received_at for mail in MAILS if not mail.unread) > timedelta(days=3)

    def test_the_dates_in_the_headers_are_moved_along(self):
        dates = [message_from_bytes(mail.raw)["Date"] for mail in MAILS]
        readable = [date for date in dates if date and "15. January" not in date]
        assert len(readable) == len(MAILS) - 2
        assert {parsedate_to_datetime(date).year for date in readable} == {2027}

    def test_each_is_as_it_comes_from_a_server(self):
        for mail in MAILS:
            assert b"\n" not in mail.raw.replace(b"\r\n", b"")
            assert b"\r" not in mail.raw.replace(b"\r\n", b"")

    def test_no_address_or_link_in_them_can_exist(self):
        for mail in MAILS:
            parts = [part.get_payload(decode=True) or b"" for part in message_from_bytes(mail.raw).walk()]
            text = b"\n".join([mail.raw.partition(b"\r\n\r\n")[0], *parts])
            hosts = re.findall(rb"(?:@|://)[\w.-]*\.([a-z]+)\b", text)
            assert {host.decode() for host in hosts} <= {"example", "test"}

    def test_conversations_hold_together(self):
        ids = {message_from_bytes(mail.raw)["Message-ID"] for mail in MAILS}
        answered = {message_from_bytes(mail.raw)["In-Reply-To"] for mail in MAILS} - {None}
        assert len(ids) == len(MAILS)
        assert len(answered) >= 4
        assert answered <= ids

    def test_they_come_in_many_languages_and_charsets_and_shapes(self):
        parsed = [message_from_bytes(mail.raw) for mail in inbox()]
        parts = [part for mail in parsed for part in mail.walk()]
        charsets = {part.get_content_charset() for part in parts}
        assert {"utf-8", "windows-1252", "iso-8859-2", "shift_jis", "iso-2022-jp", "gb2312"} <= charsets
        types = {part.get_content_type() for part in parts}
        assert {"text/html", "application/pdf", "text/calendar", "message/delivery-status"} <= types
        headers = {name for mail in parsed for name in mail.keys()}  # noqa: SIM118
        assert {"List-Unsubscribe", "Precedence", "Auto-Submitted", "Reply-To", "Authentication-Results"} <= headers

    def test_the_colleagues_in_them_are_in_the_demo_team(self):
        team = (FOLDER.parent / "team.toml").read_text()
        for mail in MAILS:
            if mail.folder == "Sent":
                assert re.search("<(.+)>", message_from_bytes(mail.raw)["From"])[1] in team
        assert SALESPERSON in team


class TestSendingAnotherMail:
    def test_without_a_demo_it_says_how_to_start_one(self):
        with pytest.raises(CommandError, match="No demo is running"):
            call_command("send_demo_mail", str(ANOTHER))

    def test_a_file_that_is_not_there_is_named(self, tmp_path):
        with pytest.raises(CommandError, match=r"none\.eml cannot be read: No such file"):
            call_command("send_demo_mail", str(tmp_path / "none.eml"))

    @pytest.mark.parametrize("content", [b"", b"just some words\n", b"\x89PNG\r\n\x1a\n\0\0", b"Remark: no mail\n\nx"])
    def test_a_file_that_is_no_mail_is_refused(self, tmp_path, content):
        path = tmp_path / "note.eml"
        path.write_bytes(content)
        with pytest.raises(CommandError, match="is no mail"):
            call_command("send_demo_mail", str(path))

    def test_a_demo_that_has_gone_is_noticed(self, free_port):
        account = {"name": "inbox", "host": "127.0.0.1", "port": free_port, "user": "u", "password": "p"}
        facts = {"url": "http://127.0.0.1:1", "mailbox": {**account, "folder": "INBOX", "security": "plain"}}
        facts_file().write_text(json.dumps(facts))
        try:
            with pytest.raises(CommandError, match="does not answer"):
                call_command("send_demo_mail", str(ANOTHER))
        finally:
            facts_file().unlink()


@pytest.fixture
def free_port():
    return imap.free_port()


@pytest.fixture
def environment(tmp_path):
    """A clean environment with a data folder of its own and settings that a demo must not use."""
    secret = {"SLACK_BOT_TOKEN": "xoxb-real", "MAILBOX_URL": "imaps://real:real@mail.test/INBOX", "ARMED": "none"}
    own = {"DJANGO_SETTINGS_MODULE": "inbox_router.settings", "ENV_FILE": "", "DATA_DIR": str(tmp_path)}
    return without_settings() | own | secret


def demo(environment, *words, **options):
    return subprocess.Popen(
        [sys.executable, "manage.py", "demo", *words],
        cwd=settings.BASE_DIR,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


class TestCommand:
    def test_a_port_that_is_taken_is_named(self, environment):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            said = demo(environment, "--port", str(listener.getsockname()[1])).communicate()[1]
        assert re.fullmatch(r"CommandError: Port \d+ cannot be used. Name another: .+ --port 8001\n", said)

    def test_it_serves_the_product_and_ends_cleanly(self, environment, free_port, tmp_path):
        with demo(environment, "--port", str(free_port), start_new_session=True) as running:
            try:
                said = read_until(running, "Ctrl+C ends it.")
                assert ", 0 unexplained" in said
                assert_can_sign_in(free_port, re.search(r"admin +(\S+)", said)[1])
                assert_takes_another_mail(environment, tmp_path)
                assert_refuses_a_second_one(environment)
            finally:
                running.send_signal(signal.SIGTERM)
            assert "The demo has ended." in running.communicate()[0]
        assert running.returncode == 0
        assert not (tmp_path / "demo.json").exists()
        assert still_running(tmp_path) == []
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", free_port))


def still_running(folder):
    """The processes that were started with this data folder (seen on Linux only)."""
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):
            if f"DATA_DIR={folder}\0".encode() in path.read_bytes():
                found.append(path.parent.name)
    return found


def read_until(running, end):
    lines = []
    for line in running.stdout:
        lines.append(line)
        if end in line:
            return "".join(lines)
    raise AssertionError("".join(lines) + running.stderr.read())


def assert_can_sign_in(port, password):
    cookies = CookieJar()
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(cookies))
    url = f"http://127.0.0.1:{port}/admin/login/?next=/admin/"
    browser.open(url).read()
    token = next(cookie.value for cookie in cookies if cookie.name == "csrftoken")
    form = {"username": "admin", "password": password, "csrfmiddlewaretoken": token}
    page = browser.open(url, urlencode(form).encode())
    assert page.status == 200
    assert "/login/" not in page.url


def assert_takes_another_mail(environment, folder):
    words = [sys.executable, "manage.py", "send_demo_mail", str(ANOTHER)]
    subprocess.run(words, cwd=settings.BASE_DIR, env=environment, check=True, capture_output=True)
    account = json.loads((folder / "demo.json").read_text())["mailbox"]
    with imaplib.IMAP4(account["host"], account["port"]) as client:
        client.login(account["user"], account["password"])
        found = []
        for place in ("INBOX", "Archive"):  # the scheduler may have been here already
            client.select(place, readonly=True)
            found += client.search(None, "HEADER", "Message-ID", "another-lead@adler-brewing.example")[1][0].split()
    assert len(found) == 1


def assert_refuses_a_second_one(environment):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert "A demo is running already" in demo(environment, "--port", str(port)).communicate()[1]
