"""A mail as it was designed: its looks, and nothing that could do anything or tell anybody that it was read."""

import pytest
from django.urls import reverse

from tests import office
from triage.admin.designed import cleaned
from triage.models import Message

pytestmark = pytest.mark.django_db
NASTY = [
    "<script>alert(1)</script>",
    "<img src=https://tracker.example/p.gif>",
    "<img src=x onerror=alert(1)>",
    "<a href='https://phish.example/'>Pay</a>",
    "<a href='javascript:alert(1)'>x</a>",
    "<form action='https://phish.example'><input name=password></form>",
    "<iframe src=https://evil.example></iframe>",
    "<link rel=stylesheet href=https://evil.example/a.css>",
    "<style>@import 'https://evil.example/a.css'</style>",
    '<p style="background:url(https://tracker.example/p)">x</p>',
    '<p style="background-color:url(https://tracker.example/p)">x</p>',
    "<meta http-equiv=refresh content='0;url=https://evil.example'>",
    "<base href=https://evil.example>",
    "<svg><script>alert(1)</script></svg>",
    "<table background=https://tracker.example/p><tr><td>x</table>",
    "<video src=https://tracker.example/v poster=https://tracker.example/p></video>",
    "<object data=https://evil.example></object><embed src=https://evil.example>",
    "<div onclick=alert(1)>x</div>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
]


def page(mail: Message, part: str) -> str:
    return reverse("admin:triage_message_designed", args=(mail.pk, part))


def test_text_tables_and_looks_are_kept():
    html = '<table width="90%"><tr><td bgcolor="#eee" style="color:red">Our <b>offer</b></td></tr></table>'
    shown = cleaned(html)
    assert 'bgcolor="#eee"' in shown
    assert "color:red" in shown
    assert "<b>offer</b>" in shown


@pytest.mark.parametrize("html", NASTY)
def test_nothing_is_loaded_run_or_sent(html):
    shown = cleaned(f"<p>Before</p>{html}").lower()
    assert "before" in shown
    for wrong in (
        "<script",
        "<img",
        "href",
        "src=",
        "onerror",
        "onclick",
        "<form",
        "<input",
        "<iframe",
        "<link",
        "@import",
    ):
        assert wrong not in shown
    for wrong in ("<meta", "<base", "<svg", "<style", "<object", "<embed", "<video", "poster", "action="):
        assert wrong not in shown
    assert "://" not in shown


def test_it_is_shown_in_a_sandboxed_frame_with_a_policy_of_its_own(boss):
    mail = office.message("Pumps", html="<b>Hello</b><script>x</script>")
    outer = boss.get(page(mail, "page")).content.decode()
    assert f'<iframe class="designed" sandbox referrerpolicy="no-referrer" src="{page(mail, "frame")}"' in outer
    inner = boss.get(page(mail, "frame"))
    assert "<b>Hello</b>" in inner.content.decode()
    assert "script" not in inner.content.decode()
    policy = inner["Content-Security-Policy"]
    assert policy.startswith("default-src 'none';")
    assert policy.endswith("sandbox")
    assert inner["X-Frame-Options"] == "SAMEORIGIN"


def test_a_message_leads_to_it_only_if_it_has_html(boss):
    plain, designed = office.message("Plain"), office.message("Designed", html="<b>x</b>")
    assert page(designed, "page") in boss.get(f"/admin/triage/message/{designed.pk}/change/").content.decode()
    assert page(plain, "page") not in boss.get(f"/admin/triage/message/{plain.pk}/change/").content.decode()
    assert boss.get(page(plain, "page")).status_code == 404
    assert boss.get(page(plain, "frame")).status_code == 404


def test_only_those_who_may_see_mail_see_it(client):
    mail = office.message("Pumps", html="<b>Hello</b>")
    client.force_login(office.user("nobody"))
    assert [client.get(page(mail, part)).status_code for part in ("page", "frame")] == [403, 403]
