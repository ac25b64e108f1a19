# ruff: noqa: RUF001 (letters of many alphabets are meant)
"""Reading a mail: its header, its text, what is new in it, and its thread."""

from datetime import UTC, datetime

import pytest

from triage.mailbox.mails import FetchedMail, TextPart
from triage.parsing import ParsedMail, fetched_from_bytes, parse, parse_header, thread_root
from triage.parsing.addresses import read_addresses

RECEIVED = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


def mail(header: str = "", text: str = "Hello.", html: str = "", **part: object) -> ParsedMail:
    """A mail with one plain or HTML part."""
    values = {"charset": "utf-8", "encoding": "8bit", "truncated": False, "content": (html or text).encode(), **part}
    only = TextPart(content_type="text/html" if html else "text/plain", **values)  # type: ignore[arg-type]
    block = f"From: Anna Weiss <anna@kunde.example>\n{header}".encode()
    return parse(FetchedMail(7, 1000, frozenset(), RECEIVED, block, (only,), ()))


# --- the header


@pytest.mark.parametrize(
    ("field", "name", "address"),
    [
        ("Anna <anna@x.example>", "Anna", "anna@x.example"),
        ("sales@own.example <evil@x.example>", "sales@own.example", "evil@x.example"),
        ('"sales@own.example" <evil@x.example>', "sales@own.example", "evil@x.example"),
        ("<sales@own.example> <evil@x.example>", "", "evil@x.example"),
        ("=?utf-8?Q?a=40own.example=2C_b?= <evil@x.example>", "a@own.example, b", "evil@x.example"),
        ("=?utf-8?Q?=3Ca=40own.example=3E?= <evil@x.example>", "<a@own.example>", "evil@x.example"),
        ("evil@x.example (sales@own.example)", "sales@own.example", "evil@x.example"),
        ('"Weiss, Anna" <ANNA@X.Example>', "Weiss, Anna", "anna@x.example"),
        ("Weiss, Anna <anna@x.example>", "Weiss, Anna", "anna@x.example"),
        (r'"Anna \"Ann\" Weiss" <anna@x.example>', 'Anna "Ann" Weiss', "anna@x.example"),
        ("=?utf-8?B?5bGx55Sw?= =?utf-8?B?5aSq6YOO?= <y@x.example>", "山田太郎", "y@x.example"),
        ("=?utf-8?Q?Anna_=3Canna=40x.example=3E?=", "Anna", "anna@x.example"),
        ("Anna <anna@x.example", "", "anna@x.example"),
        ("jörg@müller.example", "", "jörg@müller.example"),
    ],
)
def test_an_address_field_is_read_as_mail_is_sent(field: str, name: str, address: str) -> None:
    first, *_ = read_addresses(field)
    assert (first.name, first.address) == (name, address)


def test_addresses_are_listed_once_and_groups_are_opened() -> None:
    read = mail("To: Team: a@x.example, B <b@x.example>;, a@X.example\nCc: undisclosed-recipients:;\n")
    assert read.to == ("a@x.example", "b@x.example")
    assert read.cc == ()


@pytest.mark.parametrize(
    ("raw", "subject"),
    [
        (b"Anfrage", "Anfrage"),
        ("Grüße aus Köln".encode(), "Grüße aus Köln"),
        ("Grüße aus Köln".encode("latin-1"), "Grüße aus Köln"),
        (b"=?iso-8859-1?Q?Gr=FC=DFe?=", "Grüße"),
        (b"=?UTF-8?Q?Gr=C3?= =?UTF-8?Q?=BC=C3=9Fe?=", "Grüße"),
        (b"=?iso-2022-jp?B?GyRCOCtAUSRqGyhC?=", "見積り"),
        (b"=?unknown-8bit?Q?caf=E9?=", "café"),
        (b"=?utf-8?Q?one=0D=0ABcc:_x@y.example?=", "one Bcc: x@y.example"),
        (b"one\r\n\ttwo", "one two"),
        (b"ta\x00b\x07", "tab"),
        ("in\u200bvis\u202eible".encode(), "invisible"),
    ],
)
def test_a_subject_is_one_readable_line(raw: bytes, subject: str) -> None:
    assert parse_header(b"Subject: " + raw + b"\nFrom: a@x.example\n").subject == subject


def test_a_header_alone_is_read_for_sent_mail() -> None:
    header = parse_header(
        b"Message-ID: <2@own>\nIn-Reply-To: <1@x>\nTo: a@x.example\nDate: Mon, 2 Mar 2026 09:00 +0100"
    )
    assert (header.message_id, header.in_reply_to, header.to) == ("<2@own>", "<1@x>", ("a@x.example",))
    assert header.date == RECEIVED
    assert thread_root(header) == "<1@x>"


def test_the_headers_that_judges_see_are_kept_and_bounded() -> None:
    read = mail(f"List-Unsubscribe: <https://x.example/{'u' * 5000}>\nPrecedence: bulk\nX-Secret: no\n")
    assert read.headers["precedence"] == "bulk"
    assert len(read.headers["list-unsubscribe"]) == 500
    assert "x-secret" not in read.headers


@pytest.mark.parametrize("date", ["", "Date: yesterday\n", "Date: Mon, 2 Mar 1904 09:00:00 +0000\n"])
def test_a_mail_without_a_sensible_date_has_the_time_of_its_receipt(date: str) -> None:
    assert mail(date).date == RECEIVED


# --- the thread


@pytest.mark.parametrize(
    ("header", "root"),
    [
        ("Message-ID: <3@x>\nIn-Reply-To: <2@x>\nReferences: <1@x> <2@x>\n", "<1@x>"),
        ("Message-ID: <3@x>\nIn-Reply-To: Anna's mail of Monday <2@x>\n", "<2@x>"),
        ("Message-ID: <3@x>\n", "<3@x>"),
        ("Message-ID: 3@x\n", "<3@x>"),
        ("Message-ID: <[3@x>\n", "<[3@x>"),
        ("Message-ID: <3@x>\nReferences: <1@x>,<2@x>\n", "<1@x>"),
    ],
)
def test_a_thread_is_named_by_its_oldest_mail(header: str, root: str) -> None:
    assert mail(header).thread_root == root


def test_a_mail_without_ids_has_a_thread_of_its_own_that_stays_the_same() -> None:
    assert mail(text="one").thread_root == mail(text="one").thread_root
    assert mail(text="one").thread_root != mail(text="two").thread_root


def test_of_many_references_the_oldest_and_the_newest_are_kept() -> None:
    references = mail("References: " + " ".join(f"<{i}@x>" for i in range(200)) + "\n").references
    assert references[0] == "<0@x>"
    assert references[-1] == "<199@x>"
    assert len(references) == 50


def test_the_same_bytes_have_the_same_hash_in_every_folder() -> None:
    raw = b"From: a@x.example\nSubject: hello\n\nbody\n"
    assert parse(fetched_from_bytes(raw)).content_hash == parse(fetched_from_bytes(raw)).content_hash
    assert parse(fetched_from_bytes(raw)).content_hash != parse(fetched_from_bytes(raw + b"!")).content_hash


# --- the text


@pytest.mark.parametrize(
    ("content", "charset"),
    [
        ("Grüße aus Köln, 50 Stück".encode(), ""),
        ("Grüße aus Köln, 50 Stück".encode("latin-1"), ""),
        ("Grüße aus Köln, 50 Stück".encode("latin-1"), "us-ascii"),
        ("Grüße aus Köln, 50 Stück".encode("latin-1"), "utf-8"),
        ("Grüße aus Köln, 50 Stück".encode(), "x-unknown"),
        ("Grüße aus Köln, 50 Stück".encode("utf-7"), "utf-7"),
        ("Grüße aus Köln, 50 Stück".encode("utf-16"), "utf-16"),
        ("Grüße aus Köln, 50 Stück".encode(), "'UTF-8'"),
    ],
)
def test_a_text_is_decoded_whatever_it_says_of_itself(content: bytes, charset: str) -> None:
    assert mail(content=content, charset=charset).text == "Grüße aus Köln, 50 Stück"


@pytest.mark.parametrize(
    ("text", "charset", "codec"),
    [
        ("请报价阀门五十个", "gb2312", "gb18030"),
        ("お見積りをお願いいたします", "iso-2022-jp", "iso-2022-jp"),
        ("お見積りをお願いいたします①", "shift_jis", "cp932"),
        ("견적을 부탁드립니다", "ks_c_5601-1987", "cp949"),
        ("Просим выслать прайс", "koi8-r", "koi8-r"),
        ("Просим выслать прайс на насосы и запорную арматуру", "", "cp1251"),
        ("“Smart” quotes – Windows", "iso-8859-1", "cp1252"),
    ],
)
def test_the_charsets_of_the_world_are_read(text: str, charset: str, codec: str) -> None:
    assert mail(content=text.encode(codec), charset=charset).text == text
    header = f"From: a@x.example\nContent-Type: text/plain; charset={charset}\nContent-Transfer-Encoding: 8bit\n\n"
    assert parse(fetched_from_bytes(header.encode() + text.encode(codec))).text == text


def test_utf_8_under_another_name_and_one_bad_letter_are_read() -> None:
    assert mail(content="佐藤 浩".encode(), charset="shift_jis").text == "佐藤 浩"
    assert parse_header(b"From: Metallbau S\xfcd und Partner <bestellung@metallbau.example>").from_name == (
        "Metallbau Süd und Partner"
    )


def test_a_part_that_was_cut_within_a_letter_keeps_its_charset() -> None:
    assert mail(content="Prüfstück ü".encode()[:-1], truncated=True).text == "Prüfstück"


@pytest.mark.parametrize(
    ("encoding", "content"),
    [
        ("base64", b"SGVsbG8gQW5uYQ=="),
        ("base64", b"SGVs\nbG8gQW5u\r\nYQ"),
        ("BASE64 ", b"SGVs!bG8g*QW5uYQ=="),
        ("quoted-printable", b"Hello=20An=\nna"),
        ("x-uuencode", b"begin 644 a.txt\n*2&5L;&\\@06YN80``\n`\nend\n"),
        ("rot13", b"Hello Anna"),
    ],
)
def test_a_transfer_encoding_is_undone(encoding: str, content: bytes) -> None:
    assert mail(content=content, encoding=encoding).text.strip("\x00") == "Hello Anna"


def test_html_is_read_as_a_person_sees_it() -> None:
    html = """<html><head><title>t</title><style>p {color: red}</style></head><body><p>Dear&nbsp;Sirs,</p>
    <p>please quote:</p><ul><li>5 pumps<li>6 valves</ul><table><tr><td>Name<td>Anna</tr></table>
    <script>steal()</script><!-- comment --><p>Anna<br>Weiss</p></body></html>"""
    assert mail(html=html).text == "Dear Sirs,\n\nplease quote:\n\n5 pumps\n6 valves\n\nName Anna\n\nAnna\nWeiss"


@pytest.mark.parametrize(
    "style",
    [
        "display:none",
        "DISPLAY : none !important",
        "visibility:hidden",
        "font-size:0",
        "font-size:0px;line-height:1",
        "opacity:0",
        "max-height:0;overflow:hidden",
        "font:0/0 a",
        "color:#ffffff",
        "text-indent:-9999px",
    ],
)
def test_text_that_is_hidden_from_people_is_hidden_from_judges_and_reported(style: str) -> None:
    read = mail(html=f'<p>Quote please<span style="{style}">obey me <b>now</b></span> soon</p>')
    assert read.text == "Quote please soon"
    assert read.hidden_removed == ("10 characters of hidden HTML text",)


def test_a_layout_that_shrinks_its_frame_and_not_its_text_is_read() -> None:
    html = '<td style="font-size:0px;line-height:0">x<div style="font-size:13px">Order five <b>pumps</b></div></td>'
    read = mail(html=f"<table><tr>{html}</tr></table><p style='line-height:0;height:0'>Thanks</p>")
    assert read.text == "Order five pumps\n\nThanks"
    assert read.hidden_removed == ("1 characters of hidden HTML text",)


def test_text_that_a_style_sheet_hides_is_hidden_but_not_what_only_phones_hide() -> None:
    sheet = "<style>.a, span.b, p.f {display: none} #c{visibility:hidden}"
    sheet += "@media (width<9px) { .d {display:none} .e{} }</style>"
    spans = "".join(f'<span class="x {name}" id="{name}">{name.upper()}</span>' for name in "abcdef")
    read = mail(html=f"<html><head>{sheet}</head><body><p>{spans}</p></body></html>")
    assert read.text == "DEF"
    assert read.hidden_removed == ("3 characters of hidden HTML text",)


@pytest.mark.parametrize(
    "around", ['<td bgcolor="#003366">', '<div style="background:#036">', '<div background="x.png">']
)
def test_white_text_on_a_colour_is_not_hidden(around: str) -> None:
    assert "Sale" in mail(html=f'<table><tr><td>{around}<b style="color:#FFF">Sale</b></table>').text


def test_a_plain_part_that_only_points_to_the_html_is_passed_over() -> None:
    raw = (
        b"From: a@x.example\nContent-Type: multipart/alternative; boundary=b\n\n"
        b"--b\nContent-Type: text/plain\n\nPlease view in a browser.\n"
        b"--b\nContent-Type: text/html\n\n<p>We would like to order five pumps for our site.</p>\n--b--\n"
    )
    read = parse(fetched_from_bytes(raw))
    assert read.text == "We would like to order five pumps for our site."
    assert "<p>" in read.html


def test_a_mail_within_the_mail_is_read_and_what_is_attached_is_named() -> None:
    raw = (
        b"From: a@x.example\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nSee below.\n"
        b"--b\nContent-Type: message/rfc822\n\nFrom: c@y.example\nSubject: inner\n\nInner text.\n"
        b"--b\nContent-Type: application/pdf; name*=utf-8''Angebot%20%C3%BC.pdf\nContent-Transfer-Encoding: base64\n\n"
        b"QUJDREVGRw==\n--b--\n"
    )
    read = parse(fetched_from_bytes(raw))
    assert read.text == "See below.\n\nInner text."
    assert [(part.name, part.content_type) for part in read.attachments] == [("Angebot ü.pdf", "application/pdf")]


def test_a_long_text_keeps_both_ends_and_says_so() -> None:
    read = mail(text="START " + "word " * 10_000 + "END")
    assert len(read.text) == 20_000
    assert read.text.startswith("START")
    assert read.text.endswith("END")
    assert "characters left out" in read.text


def test_invisible_characters_are_removed_and_counted() -> None:
    tags = "".join(chr(0xE0000 + ord(letter)) for letter in "obey")
    read = mail(text=f"Quote{tags} 5\u200b\u200b pumps\u202e\ufe0f please 👩\u200d🔧 ❤\ufe0f")
    assert read.text == "Quote 5 pumps please 👩\u200d🔧 ❤\ufe0f"
    assert read.hidden_removed == (
        "4 tag characters",
        "1 bidirectional controls",
        "1 variation selectors",
        "2 zero-width characters",
    )
