import re
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.header import decode_header, make_header

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from triage.drafts import drafting
from triage.drafts.drafting import DraftError, ReplyMail, mime
from triage.drafts.slots import LINK, NAME_LENGTH

MAIL = ReplyMail(
    from_address="Acme Sales <sales@acme.example>",
    to_address="anna@kunde.example",
    to_name="Anna Müller",
    subject="Re: Anfrage Wälzlager",
    body="Guten Tag Anna,\n\nvielen Dank für Ihre Nachricht.\n\n.\nFrom here on\n",
    date=datetime(2026, 3, 1, 9, 30, tzinfo=UTC),
    message_id="<draft-1@acme.example>",
    in_reply_to="<question@kunde.example>",
    references="<first@kunde.example> <second@acme.example>",
    token="a1b2c3",
)


def draft(language="en", **slots):
    values = {"first_name": "Anna", "subject": "Price list", "owner_name": "Ben Okafor", "company_name": "Acme"}
    return drafting.text(language, **values | slots)


class TestText:
    def test_it_greets_by_first_name_names_the_subject_and_who_will_answer(self):
        assert draft().body == (
            "Dear Anna,\n\n"
            'thank you for your message. We have received your request about "Price list", '
            "and Ben Okafor will answer you personally.\n\n"
            "Kind regards\nBen Okafor\nAcme\n"
        )

    def test_without_a_name_and_a_subject_it_stays_polite(self):
        body = draft(first_name=None, subject="", owner_name="").body
        assert body.startswith("Hello,\n")
        assert "received your request, and a member of our sales team will" in body

    @pytest.mark.parametrize("language", drafting.languages())
    def test_every_shipped_language_names_subject_and_owner_and_falls_back_to_words_of_its_own(self, language):
        full, bare = draft(language), draft(language, first_name=None, subject="", owner_name="")
        assert full.language == bare.language == language
        assert "Price list" in full.body
        assert full.body.count("Ben Okafor") == 2
        assert ("Anna" in full.body) == (language not in ("cs", "pl"))
        assert "{" not in full.body + bare.body
        assert not re.search(r'"\s*"|„\s*“|«\s*»|None|  ', bare.body)
        assert not LINK.search(full.body)

    def test_at_least_ten_languages_are_shipped(self):
        assert len(drafting.languages()) >= 10

    def test_a_regional_code_finds_its_language(self):
        assert draft("de-AT").language == draft("DE_de").language == "de"
        assert draft("nb").language == "no"

    def test_an_unknown_language_gets_the_companys_language_and_english(self):
        reply = draft("xx", company_language="de")
        assert reply.language == "de"
        assert reply.body.index("Guten Tag Anna") < reply.body.index("Dear Anna")
        assert reply.body.count("Ben Okafor\nAcme") == 1

    def test_an_unknown_language_of_an_english_company_gets_english_once(self):
        assert draft("").body == draft("en").body == draft("xx", company_language="yy").body

    def test_the_signature_of_the_assignee_closes_the_reply(self):
        signature = "Ben Okafor\r\nSales engineer\r\nhttps://acme.example"
        assert draft(signature=signature).body.endswith("\nBen Okafor\nSales engineer\nhttps://acme.example\n")

    def test_a_company_without_a_name_leaves_no_gap(self):
        reply = draft(company_name="", subject="")
        assert reply.body.endswith("\nKind regards\nBen Okafor\n")
        assert reply.subject == "Re: -"

    def test_template_syntax_and_markup_in_a_slot_stay_text(self):
        assert (
            "{{ owner_name }} <b>&amp;</b> {% now %}" in draft(subject="{{ owner_name }} <b>&amp;</b> {% now %}").body
        )


hostile = st.text(
    alphabet=st.one_of(st.characters(), st.sampled_from("\r\n\0=?@:/.<>{}%\"',;\u2028\u202e")), max_size=200
) | st.sampled_from(["=?UTF-8?Q?a=0ABcc:_x@y?=", "a\r\nBcc: x@y.test", "=?utf-8?b?YQpCY2M6IHhAeQ==?=", "x\n\n<script>"])


class TestHostileSlots:
    @example(subject=".NET", name="", owner="")
    @given(subject=hostile, name=hostile, owner=hostile)
    def test_no_link_and_no_new_line_reaches_the_reply(self, subject, name, owner):
        plain = draft(subject="", first_name=None)
        reply = draft(subject=subject, first_name=name)
        assert not LINK.search(reply.body)
        assert reply.body.count("\n") == plain.body.count("\n")
        assert len(reply.body) < len(plain.body) + drafting.SUBJECT_LENGTH + NAME_LENGTH + 20
        assert draft(owner_name=owner).body.count("\n") in (plain.body.count("\n"), plain.body.count("\n") - 1)

    @given(subject=hostile, name=hostile, body=hostile, token=hostile, references=hostile)
    def test_the_mail_has_the_templates_headers_each_once_and_one_recipient(
        self, subject, name, body, token, references
    ):
        hostile_mail = replace(MAIL, subject=subject, to_name=name, body=body, token=f"t{token}", references=references)
        parsed = message_from_bytes(mime(hostile_mail), policy=policy.SMTP)
        assert sorted(parsed.keys()) == sorted(message_from_bytes(mime(MAIL)).keys())
        assert [address.addr_spec for address in parsed["To"].addresses] == ["anna@kunde.example"]
        assert "bcc" not in parsed


class TestMime:
    def test_it_answers_the_customers_mail_in_its_thread(self):
        parsed = message_from_bytes(mime(MAIL), policy=policy.SMTP)
        assert parsed["From"] == "Acme Sales <sales@acme.example>"
        assert parsed["To"] == "Anna Müller <anna@kunde.example>"
        assert parsed["Subject"] == MAIL.subject
        assert parsed["In-Reply-To"] == MAIL.in_reply_to
        assert parsed["References"] == f"{MAIL.references} {MAIL.in_reply_to}"
        assert parsed["Message-ID"] == MAIL.message_id
        assert parsed["Date"].datetime == MAIL.date
        assert parsed[drafting.TOKEN_HEADER] == "a1b2c3"
        assert parsed.get_content().replace("\r\n", "\n") == MAIL.body

    def test_our_own_address_needs_no_name(self):
        parsed = message_from_bytes(mime(replace(MAIL, from_address="sales@acme.example")))
        assert parsed["From"] == "sales@acme.example"

    def test_it_is_not_marked_as_automatic_and_copies_nobody(self):
        assert not {"auto-submitted", "cc", "bcc", "precedence"} & {
            name.lower() for name in message_from_bytes(mime(MAIL))
        }

    def test_the_same_input_gives_the_same_bytes_with_crlf_line_ends(self):
        raw = mime(MAIL)
        assert raw == mime(replace(MAIL))
        assert b"\n" not in raw.replace(b"\r\n", b"")
        assert max(map(len, raw.split(b"\r\n"))) <= 78

    def test_a_cc_is_the_salesperson_that_was_asked_for(self):
        assert message_from_bytes(mime(replace(MAIL, cc=("eva@acme.example",))))["Cc"] == "eva@acme.example"

    def test_a_mail_without_an_id_is_answered_without_thread_headers(self):
        parsed = message_from_bytes(mime(replace(MAIL, in_reply_to="", references="")))
        assert parsed["In-Reply-To"] is None
        assert parsed["References"] is None

    def test_thousands_of_references_become_the_first_and_the_newest(self):
        references = " ".join(f"<{number}@kunde.example>" for number in range(20_000))
        ids = message_from_bytes(mime(replace(MAIL, references=references)))["References"].split()
        assert len(ids) == drafting.REFERENCES
        assert (ids[0], ids[-2], ids[-1]) == ("<0@kunde.example>", "<19999@kunde.example>", MAIL.in_reply_to)

    def test_a_long_message_id_is_not_folded(self):
        answered = f"<{'x' * 150}@kunde.example>"
        assert f"In-Reply-To: {answered}\r\n".encode() in mime(replace(MAIL, in_reply_to=answered))

    def test_an_encoded_line_break_in_the_subject_makes_no_header(self):
        subject = "=?UTF-8?Q?a=0ABcc:_x@y?="
        raw = mime(replace(MAIL, subject=subject))
        assert b"\nBcc" not in raw
        for reader in (policy.compat32, policy.SMTP):
            parsed = message_from_bytes(raw, policy=reader)
            again = message_from_bytes(parsed.as_bytes(), policy=reader)
            assert again["Bcc"] is None
            assert "Bcc" in str(make_header(decode_header(str(again["Subject"]))))

    def test_a_long_foreign_subject_and_name_arrive_whole(self):
        subject, name = "Re: " + "お見積り依頼" * 20, "株式会社サンプル 営業部 田中太郎 " * 3
        parsed = message_from_bytes(mime(replace(MAIL, subject=subject, to_name=name)))
        assert str(make_header(decode_header(parsed["Subject"]))) == subject
        assert str(make_header(decode_header(parsed["To"]))) == f"{name.strip()} <anna@kunde.example>"

    def test_a_domain_in_other_letters_is_written_in_ascii(self):
        assert b"<anna@xn--mller-kva.example>" in mime(replace(MAIL, to_address="anna@müller.example"))

    @pytest.mark.parametrize(
        "change",
        [
            {"to_address": ""},
            {"to_address": "a@b.test, c@d.test"},
            {"to_address": "a@b.test\r\nBcc: c@d.test"},
            {"to_address": "sales@acme.example <evil@x.test>"},
            {"to_address": "анна@kunde.example"},
            {"from_address": "sales"},
            {"cc": ("eva@acme.example\nx: y",)},
            {"cc": ("a@b.test",) * 6},
            {"message_id": ""},
            {"message_id": "<a@b> <c@d>"},
            {"date": datetime(2026, 3, 1)},
        ],
    )
    def test_what_is_not_one_clear_mail_is_refused(self, change):
        with pytest.raises(DraftError):
            mime(replace(MAIL, **change))
