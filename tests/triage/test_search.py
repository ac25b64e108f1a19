"""Full text over the mail: what is found, in which language, and by whatever somebody types."""

import pytest

from tests import office
from triage import search
from triage.models import Message
from triage.search import matching

pytestmark = pytest.mark.django_db


def mail(subject: str, text: str = "", **fields: object) -> Message:
    return office.message(subject, text=text, **fields)


@pytest.mark.parametrize(
    "asked",
    [
        "Berta",
        "buyer berta",
        "info@nordic-pumps.example",
        "nordic-pumps.example",
        "nordic",
        "stainless",
        "STAIN",
        "Bälle valves",
        "balle",
        "M8x40",
        "4711",
    ],
)
def test_a_mail_is_found_by_name_address_domain_subject_and_words_of_the_text(asked):
    mail("Something else", "nothing of it")
    found = mail("Quote for Bälle, valves", "Stainless, M8x40, part 4711-B.", address="info@nordic-pumps.example")
    assert found.pk in matching(asked)


@pytest.mark.parametrize(
    ("subject", "asked"),
    [
        ("Angebot für Wälzlager", "walzlager"),
        ("Straße", "STRASSE"),
        ("Poptávka pružin", "pruzin"),
        ("見積をお願いいたします", "見積"),
        ("見積をお願いいたします", "願い"),
        ("見積をお願いいたします", "す"),
        ("ステンレスのバルブ", "バルブ"),
        ("请报价不锈钢阀门", "不锈钢"),
        ("ขอใบเสนอราคา", "เสนอราคา"),
        ("견적 요청드립니다", "견적"),
        ("Запрос цены", "запрос"),
        ("Ζήτηση προσφοράς", "ζητηση"),
    ],
)
def test_the_language_does_not_matter(subject, asked):
    mail("Something else")
    found = mail(subject)
    assert matching(asked) == [found.pk]


def test_all_words_must_be_there_and_the_newest_mail_comes_first():
    mail("Only valves")
    old, new = mail("Steel valves"), mail("Valves of steel")
    assert matching("valve steel") == [new.pk, old.pk]
    assert matching("valve steel", limit=1) == [new.pk]


def test_one_letter_alone_begins_no_word():
    mail("Valves")
    assert matching("v") == []
    assert matching("v valves") == []


@pytest.mark.parametrize(
    "asked",
    [
        "",
        "  ",
        "'",
        '"',
        "''' | :*",
        "a & !b",
        "NEAR(a b)",
        '"; DROP TABLE triage_message',
        "%_\\",
        "-",
        "\x00",
        "\ud800",
    ],
)
def test_whatever_is_typed_fails_nowhere(asked):
    mail("Valves")
    assert matching(asked) == []
    assert Message.objects.count() == 1


def test_a_mail_that_was_read_again_is_found_by_its_new_words_only():
    found = mail("Broken")
    found.subject, found.text = "Mended", ""
    search.index([found])
    assert matching("mended") == [found.pk]
    assert matching("broken") == []


def test_a_long_word_and_a_long_text_can_be_kept():
    found = mail("Long", "x" * 20_000 + " " + " ".join(f"{number:05d}見" for number in range(3000)))
    assert matching("02999") == [found.pk]
    assert matching("x" * 100) == [found.pk]
