"""What is checked of a reply before it is sent, and how its changes are shown."""

import pytest

from triage.admin.proof import changes, checks, unknown
from triage.models import Draft, Message, SentMail


def draft(body: str = "Dear Berta, thank you.", came_from: str = "b@customer.example", **fields: object) -> Draft:
    mail = Message(
        from_address=came_from,
        sender_address="b@customer.example",
        sender_name="Berta",
        language="en",
        text="We need 40 pumps.",
    )
    values = {"to_address": "b@customer.example", "language": "en", "original_body": "Dear Berta"} | fields
    return Draft(message=mail, body=body, **values)


def wrong(row: Draft, later: tuple = (), answers: tuple = ()) -> list[str]:
    return [check.says for check in checks(row, list(later), list(answers)) if not check.fine]


def test_a_plain_reply_is_in_order():
    assert wrong(draft("Dear Berta, 40 pumps are on their way.")) == []


@pytest.mark.parametrize(
    ("row", "says"),
    [
        (draft("The price list is attached."), "Mentions an attachment, none is attached"),
        (draft("Die Preisliste finden Sie im Anhang."), "Mentions an attachment, none is attached"),
        (draft("That is 1,200 EUR."), "Not in the mail: 1,200"),
        (draft("See https://evil.example/x now"), "Not in the mail: evil.example"),
        (draft(to_address="else@other.example"), "Goes to else@other.example, who did not write it"),
        (
            draft(came_from="no-reply@robots.example"),
            "Goes to b@customer.example, but the mail came from no-reply@robots.example: only Reply-To says so",
        ),
        (draft(language="de"), "Written in de, the customer wrote in en"),
    ],
)
def test_what_a_person_should_look_at_is_said(row, says):
    assert says in wrong(row)


@pytest.mark.parametrize(
    "came_from", ["ana@acme.example", "web@sub.acme.example", "no-reply@formspree.io", "x@portal.example"]
)
def test_who_wrote_through_a_colleague_or_a_form_is_believed(came_from, settings):
    settings.FORM_DOMAINS = ["portal.example"]
    row = draft("Dear Berta, thank you.", came_from=came_from)
    assert wrong(row) == []
    told = [check.says for check in checks(row, [], [])]
    assert f"Goes to b@customer.example, who wrote by way of {came_from}" in told


def test_somebody_was_faster():
    assert wrong(draft(), (Message(sender_name="Berta"),), (SentMail(from_name="Ana"),)) == [
        "Ana replied already",
        "Berta wrote again",
    ]


def test_only_what_is_new_is_unknown():
    assert unknown("40 pumps for 99 EUR", "we need 40 pumps") == {"99"}


def test_changes_are_shown_word_by_word():
    pieces = changes("Dear Sir, the list follows.", "Dear Berta, the list follows.")
    assert [(piece.kind, piece.text.strip()) for piece in pieces] == [
        ("same", "Dear"),
        ("gone", "Sir,"),
        ("new", "Berta,"),
        ("same", "the list follows."),
    ]
    assert changes("same", "same") == []
