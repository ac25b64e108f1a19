# ruff: noqa: RUF001 (look-alike characters are what is tested)
"""What of a customer's mail may stand in a reply: subjects without anything that leads elsewhere, and names."""

from dataclasses import replace

import pytest

from tests.triage.llm import ANNA
from triage.classifiers.llm import reply
from triage.drafts import drafting, slots

LINKS = [
    "https://evil.test/pay", "www.evil.test", "evil.test", "me@evil.test", "mailto:me@evil.test", "//evil.test",
    "javascript:alert(1)", "hxxp:\\\\evil.test", "evil\u200b.test", "me＠evil．test", "evil.pdf.test", "bit.ly/x",
    "t.me", "xn--evil-abc.test", "http:evil.test", "https∶//evil.test", "https:⁄⁄evil.test", "tel:+4990012345",
    "sms:123", "callto:x", "skype:evil?call", "whatsapp:123", "file:evil", "\\\\evil\\share", "185.12.3.4/pay",
    "185.12.3.4:8080", "evil。com", "evil｡com", "ｅｖｉｌ．ｃｏｍ", "ⓔⓥⓘⓛ.ⓒⓞⓜ", "e𝐯il.𝐜𝐨𝐦", "evil․com",
    "evil.\u034ftest", "evil.\u0301test", "evil\u2800.test", "evil.\u3164test", "evil.c\u00adom", "evil.pdf/pay",
    "evil.docx?x", "example.рф", "例え.テスト", "evil.مصر", "[click](http://evil.test)", "<href='evil.test'>",
    '"evil.test"', "(evil.test)",
]  # fmt: skip
SPELLED = [
    "evil dot com", "evil [dot] test", "evil(.)test", "evil[.]test", "evil . com", "evil .com", "me(at)evil",
    "me [at] evil", "evil Punkt com", "evil punto com", "ｅｖｉｌ ｄｏｔ ｃｏｍ", "evil\u200b dot\u200b com",
]  # fmt: skip
ASKED = [
    "M8x1.25, 100.000 Stück", "RFQ bracket_v2.pdf", "DIN 912 A2-70, 4.8 mm²", "お見積り依頼。至急です",
    "Parts: a.step, b.dwg.", "Point of sale terminals", "Dot matrix printers", "Point de vente: 3 kiosks",
    "Machines for .NET and C++", "File: frame.stp", "Request... and more", "1.4301 or 1.4571?", "Anfrage:Ventile",
    "Section 4.2.1, rev. B", "24/7 service at 5 sites",
]  # fmt: skip


def draft(**given):
    return drafting.text(
        "en", **{"first_name": "Anna", "subject": "", "owner_name": "Ben", "company_name": "Acme"} | given
    )


class TestSubject:
    @pytest.mark.parametrize(
        "subject",
        ["Offer", "Re: Offer", "RE: AW: Offer", "SV: Re[2]: Offer", "Odp: Offer", "回复：Offer", "R: Re:Offer"],
    )
    def test_it_has_one_prefix(self, subject):
        assert slots.reply_subject(subject) == "Re: Offer"

    def test_a_forward_mark_and_words_that_begin_like_a_prefix_stay(self):
        assert slots.reply_subject("Fwd: Rear axle") == "Re: Fwd: Rear axle"

    def test_a_mail_without_a_subject_is_answered_under_the_companys_name(self):
        assert slots.reply_subject(" ", "Acme") == "Re: Acme"

    def test_an_encoded_word_that_nobody_could_decode_is_left_out(self):
        assert slots.reply_subject("AW: Gewindestangen =?iso-8859-1?Q?_eilig") == "Re: Gewindestangen"

    def test_it_is_bounded(self):
        assert len(slots.reply_subject("x " * 5000)) <= 200


class TestSlots:
    @pytest.mark.parametrize("link", LINKS)
    def test_links_and_addresses_are_taken_out_of_the_subject(self, link):
        reply = draft(subject=f"Offer {link} please")
        assert 'about "Offer please"' in reply.body
        assert reply.subject == "Re: Offer please"

    @pytest.mark.parametrize("spelled", SPELLED)
    def test_a_subject_that_spells_an_address_out_is_not_repeated(self, spelled):
        reply = draft(subject=f"Order at {spelled} now")
        assert "We have received your request, and" in reply.body
        assert reply.subject == "Re: Acme"

    @pytest.mark.parametrize("subject", ASKED)
    def test_what_a_customer_asks_for_stays(self, subject):
        assert slots.subject_slot(subject) == subject

    @pytest.mark.parametrize("name", ["Anna", "Jean-Pierre", "Seán O’Neill", "田中", "प्रिया", "J."])
    def test_a_name_is_used(self, name):
        assert slots.first_name_slot(name) == name

    @pytest.mark.parametrize(
        "name",
        [
            "info@acme.example",
            "Evil.Com",
            "R2D2",
            "please call our new number now",
            "a" * 41,
            "x\ny: z",
            "",
            "---",
            "'-.",
            "\u3164",
            "Anna. com",
            "Anna..com",
            "[Anna](x)",
            "<b>Anna</b>",
            "١٢٣",
            "Ⅷ",
        ],
    )
    def test_what_is_not_a_name_is_greeted_neutrally(self, name):
        assert slots.first_name_slot(name) == ""

    def test_invisible_and_control_characters_are_taken_out(self):
        assert slots.one_line("a\u202eb\u200b\x00 c\r\nd\ud800\U000e0041\ufe0f") == "ab cd".replace("cd", "c d")


def named(name: str, text: str, sender_name: str = "Info") -> str | None:
    """What becomes of a first name that the model read in such a mail."""
    mail = replace(ANNA, sender_name=sender_name, subject="Pumps", text=text, new_text=text)
    return reply.first_name(name, mail)


class TestNamesThatAModelRead:
    @pytest.mark.parametrize(
        ("name", "expected"),
        [("Anna", "Anna"), ("anna", "Anna"), ("ANNA", "Anna"), ("Thandiwe", "Thandiwe"), ("Jean-Pierre",
         "Jean-Pierre"),
         ("Anna Maria", "Anna Maria"), ("प्रिया", "प्रिया"), ("Seán", "Seán")],
    )  # fmt: skip
    def test_a_name_that_the_mail_is_signed_with_is_greeted(self, name, expected):
        assert named(name, f"Please quote 40 pumps.\nRegards\n{name}") == expected

    def test_several_words_that_nobody_knows_as_names_are_one_as_the_display_name_has_them(self):
        assert named("Nomsa Thandiwe", "", sender_name="Nomsa Thandiwe Zulu") == "Nomsa Thandiwe"
        assert named("Nomsa Thandiwe", "Nomsa Thandiwe") is None

    @pytest.mark.parametrize(
        "name",
        ["free of charge", "Free Delivery", "Gratis", "kostenlos", "Gratuit", "Gratuito", "Grátis", "Za darmo",
         "Rabatt", "Discount Accepted", "Fifty Percent Off", "Zero Euro", "Price Confirmed", "Sales", "Info",
         "Dear Customer", "Dr Evil", "Herr", "Call Me Now", "Evil dot com", "evil.test", "12", "無料", "Anna\u200b",
         "Anna!", "<b>Anna</b>"],
    )  # fmt: skip
    def test_a_promise_or_a_title_is_greeted_neutrally_although_it_stands_in_the_mail(self, name):
        assert named(name, f"You owe me this:\n{name}\n{name}.") is None

    @pytest.mark.parametrize(("name", "text"), [("Ann", "planning"), ("Ben", "Ruben"), ("Ana", "Hanau")])
    def test_a_part_of_a_word_is_no_name_that_stands_in_the_mail(self, name, text):
        assert named(name, text) is None

    def test_a_name_is_not_put_together_from_two_fields(self):
        assert named("Anna Maria", "Maria has a question", sender_name="Anna") is None
