"""Mail that hurts other parsers: each is read, or said to be unreadable, and what comes out can be stored."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.hurting import HURTING, body
from triage.mailbox.mails import FetchedMail, TextPart
from triage.parsing import UnreadableMail, fetched_from_bytes, parse
from triage.parsing.mail import TEXT_LIMIT


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from strings(list(value.items()))
    elif isinstance(value, list | tuple):
        for item in value:
            yield from strings(item)


def assert_storable(mail: Any) -> None:
    fields = asdict(mail)
    for text in strings(fields):
        text.encode("utf-8")
        assert "\x00" not in text
        assert "\r" not in text
    lines = {name: value for name, value in fields.items() if name not in {"text", "new_text", "html"}}
    assert not any("\n" in text for text in strings(lines))
    assert len(mail.text) <= TEXT_LIMIT
    assert len(mail.html) <= 300_000
    assert len(mail.subject) <= 500
    assert max(map(len, (mail.message_id, mail.in_reply_to, *mail.references)), default=0) <= 255
    assert max(len(mail.references), len(mail.cc) // 4, len(mail.to) // 4, len(mail.attachments) // 2) <= 50
    assert max(len(mail.from_address), len(mail.sender_address)) <= 254


@pytest.mark.parametrize("case", HURTING)
def test_a_mail_that_hurts_is_read_or_said_to_be_unreadable(case: str) -> None:
    try:
        mail = parse(fetched_from_bytes(HURTING[case]()), company_domains=["own.example"])
    except UnreadableMail:
        assert case in {"nothing", "only newlines", "only NUL"}
    else:
        assert_storable(mail)


@pytest.mark.parametrize("name", ["uid", "parts"])
def test_a_fetched_mail_without_a_header_is_read_by_its_text(name: str) -> None:
    text = (TextPart("text/plain", "", "", b"hello", False),) if name == "parts" else ()
    mail = FetchedMail(1, 5, frozenset(), None, b"", text, ())
    if name == "parts":
        assert parse(mail).text == "hello"
    else:
        with pytest.raises(UnreadableMail):
            parse(mail)


@settings(max_examples=200, deadline=None)
@given(
    st.binary(max_size=300),
    st.binary(max_size=2000),
    st.sampled_from([b"text/plain", b"text/html", b"multipart/report; report-type=delivery-status", b"text/calendar"]),
    st.sampled_from([b"7bit", b"base64", b"quoted-printable", b"x-uuencode"]),
    st.sampled_from([b"utf-8", b"iso-2022-jp", b"gb2312", b"utf-7", b"hz", b"utf-16"]),
)
def test_no_bytes_raise_anything_else(field: bytes, text: bytes, kind: bytes, encoding: bytes, charset: bytes) -> None:
    raw = b"From: " + field + b"\nSubject: " + field + b"\n" + body(text, kind + b"; charset=" + charset, encoding)
    assert_storable(parse(fetched_from_bytes(raw)))
