import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from triage.drafts.drafting import ReplyMail, mime
from triage.drafts.smtp import Prepared

MAIL = ReplyMail(
    from_address="Acme Sales <sales@acme.example>",
    to_address="anna@kunde.example",
    subject=f"Re: {'Ünï ' * 40}",
    body="Guten Tag\n\n.\n",
    date=datetime(2026, 3, 1, 9, 30, tzinfo=UTC),
    message_id="<reply-1@acme.example>",
    in_reply_to=f"<{'x' * 150}@kunde.example>",
)


@dataclass
class Post:
    """A mail server that keeps what it is given: (recipients, bytes)."""

    taken: list[tuple[list[str], bytes]] = field(default_factory=list)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 (aiosmtpd's name)
        self.taken.append((envelope.rcpt_tos, envelope.content))
        return "250 taken"


@pytest.fixture
def post(settings) -> Iterator[Post]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    taking = Post()
    server = Controller(taking, hostname="127.0.0.1", port=port)
    server.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
    yield taking
    server.stop()


def test_the_server_gets_the_very_bytes_that_were_approved(post):
    raw = mime(MAIL)
    assert Prepared(raw, MAIL.from_address, MAIL.to_address).send() == 1
    assert post.taken == [(["anna@kunde.example"], raw)]


@pytest.mark.parametrize("backend", ["console", "filebased", "locmem"])
def test_every_backend_of_django_can_carry_it(settings, tmp_path, capsys, backend):
    settings.EMAIL_BACKEND = f"django.core.mail.backends.{backend}.EmailBackend"
    settings.EMAIL_FILE_PATH = tmp_path
    assert Prepared(mime(MAIL), MAIL.from_address, MAIL.to_address).send() == 1
