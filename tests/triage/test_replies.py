"""Reply texts that people write: what may stand in them, whom they are for, how they are tried."""

import re
from email import message_from_bytes, policy

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from inbox_router.models import Halt
from inbox_router.roles import APPROVER, READ_ONLY, SALESPERSON
from routing.models import Pool
from tests import office
from tests.triage.test_smtp import Post, post  # noqa: F401 (a fixture)
from triage.drafts import wording
from triage.drafts.replies import texts_for
from triage.drafts.wording import WordingError
from triage.models import Draft, ReplyTemplate

OWN = 'Hi{% if first_name %} {{ first_name }}{% endif %}, {{ owner_name|default:"we" }} will call about {{ subject }}.'


@pytest.fixture
def manager(db: None) -> Client:
    client = Client()
    client.force_login(office.user("mona", "Sales manager"))
    return client


def saved(client: Client, **fields: str) -> str:
    """What the page says of a text that is saved; empty if it is taken."""
    answer = client.post(
        reverse("admin:triage_replytemplate_add"), {"language": "en", "pool": "", "text": OWN} | fields
    )
    return "" if answer.status_code == 302 else answer.content.decode()


def tried(client: Client, deed: str = "preview", pk: int = 0, script: str = "true", **fields: str) -> str:
    """What a browser that swaps it in is told of a text; one without a script where `script` is empty."""
    url, headers = reverse(f"admin:triage_replytemplate_{deed}", args=(pk,)), {"HX-Request": script} if script else {}
    answer = client.post(url, {"language": "en", "text": OWN} | fields, headers=headers)
    assert answer.status_code == 200
    return answer.content.decode()


class TestWhatMayStandInAText:
    @pytest.mark.parametrize("language", wording.shipped())
    def test_each_text_that_ships_is_one_that_a_person_could_save(self, language):
        wording.check(wording.shipped()[language])

    def test_slots_are_filled_and_what_is_in_them_stays_text(self):
        wording.check(OWN)
        slots = {"first_name": "{{ subject }}", "subject": "<b>{% now %}</b>", "owner_name": ""}
        assert wording.render(OWN, slots) == "Hi {{ subject }}, we will call about <b>{% now %}</b>."

    @pytest.mark.parametrize(
        ("text", "says"),
        [
            ("Hi {{ name }}", "“{{ name }}” is not known. Allowed are {{ first_name }}, {{ subject }}"),
            ("{{ subject|safe }}", "is not known"),
            ("{{ subject.upper }}", "is not known"),
            ("{% include 'x' %}", "is not known"),
            ("{% load log %}{% debug %}", "is not known"),
            ("{% if name %}x{% endif %}", "is not known"),
            ("{% if subject or first_name %}x{% endif %}", "is not known"),
            ("Hi {{ first_name }", "A brace stands alone at “Hi {{ first_name }”"),
            ("Hi {first_name}", "A brace stands alone"),
            ("a } b", "A brace stands alone"),
            ("{% if subject %}x", "needs {% endif %} at its end"),
            ("x{% endif %}", "has no {% if … %} before it"),
            ("x{% else %}", "has no {% if … %} before it"),
            ("{% if subject %}a{% else %}b{% else %}c{% endif %}", "has no {% if … %} before it"),
            ("x" * 5001, "longer than 5000"),
        ],
    )
    def test_all_else_is_refused_in_a_sentence(self, text, says):
        with pytest.raises(WordingError) as refused:
            wording.check(text)
        assert says in str(refused.value)

    def test_a_text_that_cannot_be_used_is_not_saved(self, manager):
        assert "“{{ frist_name }}” is not known" in saved(manager, text="Dear {{ frist_name }}")
        assert "two-letter code" in saved(manager, language="klingon")
        assert "No text ships for this language" in saved(manager, language="eo", text="")
        assert not ReplyTemplate.objects.exists()


def test_who_may_only_look_sees_the_text_and_how_it_reads(client, db):
    row = ReplyTemplate.objects.create(language="en", text="Ahoy {{ first_name }},\n\n{{ owner_name }} will call you.")
    client.force_login(office.user("guest", READ_ONLY))
    page = client.get(reverse("admin:triage_replytemplate_change", args=(row.pk,))).content.decode()
    assert "Ahoy {{ first_name }},\n\n" in page
    said = client.post(reverse("admin:triage_replytemplate_preview", args=(row.pk,)), headers={"HX-Request": "true"})
    assert "Ahoy Anna" in said.content.decode()


class TestWhomItIsFor:
    def test_a_pools_text_comes_before_everybodys_and_that_before_the_shipped_one(self, manager):
        pool = office.team()
        assert saved(manager) == saved(manager, pool=str(pool.pk), text="For the pool, {{ owner_name }}") == ""
        assert texts_for(pool)["en"] == "For the pool, {{ owner_name }}"
        assert texts_for(None)["en"] == texts_for(Pool(pk=0))["en"] == OWN
        assert texts_for(pool)["de"] == wording.shipped()["de"]

    def test_a_draft_is_written_from_the_text_of_the_pool_that_the_lead_went_through(self, manager):
        pool = office.team()
        saved(manager, pool=str(pool.pk), text="Pool text for {{ first_name }}")
        assert office.waiting_draft("Springs").body.startswith("Pool text for Berta\n")

    def test_a_language_that_does_not_ship_can_be_added_and_an_unknown_one_gets_the_companys_and_english(
        self, manager, settings
    ):
        settings.COMPANY_LANGUAGE = "de"
        saved(manager, language="eo", text="Saluton {{ first_name }}")
        office.team()
        known, unknown = office.message(language="eo"), office.message(language="xx")
        for mail in (known, unknown):
            office.decide(mail, "lead", office.boss())
        assert known.drafts.get().body.startswith("Saluton Berta\n")
        both = unknown.drafts.get().body
        assert both.index("Guten Tag Berta") < both.index("Dear Berta")

    def test_two_texts_for_the_same_leads_are_refused(self, manager):
        saved(manager)
        assert saved(manager, text="Another")
        assert ReplyTemplate.objects.count() == 1

    def test_what_is_saved_as_shipped_follows_what_ships(self, manager):
        assert saved(manager, text=wording.shipped()["en"]) == ""
        assert ReplyTemplate.objects.get().text == ""
        assert texts_for(None)["en"] == wording.shipped()["en"]

    def test_the_shipped_text_is_restored_and_the_history_says_by_whom(self, manager):
        saved(manager)
        row = ReplyTemplate.objects.get()
        url = reverse("admin:triage_replytemplate_restore_text", args=(row.pk,))
        manager.get(url)
        assert texts_for(None)["en"] == OWN
        manager.post(url, {"_form_submitted": "1"})
        assert texts_for(None)["en"] == wording.shipped()["en"]
        told = [(entry.text, str(entry.history_user)) for entry in row.history.order_by("pk")]
        assert told == [(OWN, "mona"), ("", "mona")]
        page = manager.get(reverse("admin:triage_replytemplate_history", args=(row.pk,)))
        assert "mona" in page.content.decode()

    def test_an_earlier_text_is_brought_back_from_the_history(self, manager):
        saved(manager)
        row = ReplyTemplate.objects.get()
        row.text = "Newer"
        row.save()
        first = row.history.order_by("pk").first()
        url = reverse("admin:triage_replytemplate_history", args=(row.pk,))
        approver = Client()
        approver.force_login(office.user("ada", APPROVER))
        assert approver.get(url).status_code == 200
        assert approver.post(url, {"version": first.pk}).status_code == 403
        manager.post(url, {"version": "0"})
        assert texts_for(None)["en"] == "Newer"
        manager.post(url, {"version": first.pk})
        assert texts_for(None)["en"] == OWN

    def test_the_audit_log_has_who_made_which_version_and_not_its_words(self, manager):
        saved(manager)
        row = ReplyTemplate.objects.get()
        page = reverse("admin:triage_replytemplate_change", args=(row.pk,))
        manager.post(page, {"text": OWN})
        manager.post(page, {"text": "Newer"})
        manager.post(reverse("admin:triage_replytemplate_restore_text", args=(row.pk,)), {"_form_submitted": "1"})
        first, _same, newer, shipped = row.history.order_by("pk").values_list("pk", flat=True)
        manager.post(reverse("admin:triage_replytemplate_history", args=(row.pk,)), {"version": first})
        assert [(told, who) for told, _, who in office.edits(row)] == [
            (f"en: version {first} of the reply text", "mona"),
            (f"en: version {newer} of the reply text", "mona"),
            (f"en: version {shipped}, the text that ships", "mona"),
            (f"en: version {row.history.latest('pk').pk} of the reply text", "mona"),
        ]


class TestTrying:
    def test_the_text_on_the_page_is_shown_with_a_sample_and_with_a_real_lead_and_nothing_is_saved(self, manager):
        draft = office.waiting_draft("Springs")
        assert "Hi Anna, Ben Okafor will call about Price for 40 pumps." in tried(manager)
        real = tried(manager, occasion=str(draft.message_id))
        assert f"Hi Berta, {draft.owner_name} will call about Springs." in real
        assert not ReplyTemplate.objects.exists()

    def test_a_browser_without_javascript_gets_a_page_that_carries_the_unsaved_text_along(self, manager):
        page = tried(manager, script="", text="Hi {{ first_name }} <b>")
        assert "Hi Anna &lt;b&gt;" in page
        assert '<textarea name="text" rows="14">Hi {{ first_name }} &lt;b&gt;</textarea>' in page
        assert "is not known" in tried(manager, script="", text="{{ nope }}")
        assert "No mail server is set" in tried(manager, "test", script="")
        assert not ReplyTemplate.objects.exists()

    def test_a_text_that_cannot_be_used_says_so_at_once(self, manager):
        assert "is not known" in tried(manager, text="{{ nope }}")

    def test_what_a_mail_says_is_escaped(self, manager):
        draft = office.waiting_draft(office.NASTY)
        assert "<script>" not in tried(manager, occasion=str(draft.message_id))

    def test_trying_by_a_link_is_refused_and_so_is_whoever_may_not(self, manager):
        office.user("sam", SALESPERSON)
        office.user("ada", APPROVER)
        for deed in ("preview", "test"):
            assert manager.get(reverse(f"admin:triage_replytemplate_{deed}", args=(0,))).status_code == 405
        for name, deed in (("sam", "preview"), ("sam", "test"), ("ada", "test")):
            other = Client()
            other.force_login(User.objects.get(username=name))
            assert (
                other.post(reverse(f"admin:triage_replytemplate_{deed}", args=(0,)), {"text": OWN}).status_code == 403
            )


class TestSendingToOneself:
    @pytest.fixture
    def armed(self, settings, post: Post) -> Post:  # noqa: F811
        settings.EMAIL_URL = "smtp://127.0.0.1"
        office.mailbox()
        return post

    def test_it_goes_to_the_own_address_only_whatever_the_form_says(self, manager, armed):
        page = tried(manager, "test", to="evil@other.example", email="evil@other.example")
        assert "Sent to mona@acme.example." in page
        ((recipients, raw),) = armed.taken
        assert recipients == ["mona@acme.example"]
        mail = message_from_bytes(raw, policy=policy.SMTP)
        assert (mail["To"], mail["From"]) == ("mona@acme.example", "sales@acme.example")
        assert mail["Subject"] == "[Test] Re: Price for 40 pumps"
        assert "Hi Anna, Ben Okafor will call" in mail.get_content()
        assert not Draft.objects.exists()

    @pytest.mark.parametrize(
        ("change", "says"),
        [
            ({"EMAIL_URL": "consolemail://"}, "No mail server is set. Set EMAIL_URL"),
            ({"ARMED": frozenset()}, "Nothing is sent in shadow mode"),
            ({"EMAIL_PORT": 1}, "cannot reach the mail server of EMAIL_URL"),
        ],
    )
    def test_where_nothing_can_be_sent_one_sentence_says_why(self, manager, armed, settings, change, says):
        for name, value in change.items():
            setattr(settings, name, value)
        assert says in tried(manager, "test")
        assert armed.taken == []

    def test_an_account_without_an_address_and_the_kill_switch_are_told(self, manager, armed):
        Halt.begin("mona")
        assert "while all effects are stopped" in tried(manager, "test")
        Halt.end("mona")
        User.objects.update(email="")
        assert "Your account has no e-mail address" in tried(manager, "test")
        assert armed.taken == []


def test_no_link_number_or_address_comes_into_a_reply_but_from_the_text_or_the_mail(manager):
    saved(manager, text="Hi {{ first_name }}, {{ subject }}")
    office.team()
    mail = office.message("Offer https://evil.example/pay 0900-CANARY call@evil.example", text="Please quote.")
    mail.classifications.update(sender_first_name="www.evil.example 555")
    office.decide(mail, "lead", office.boss())
    body = mail.drafts.get().body
    assert not re.search("evil|555|@|http", body)
    assert "0900-CANARY" in body, "the customer's own words stay"
