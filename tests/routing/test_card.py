"""The decision card: one text for the admin, Slack and the spreadsheet."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone

from crm.models import AuditEntry
from routing.card import Card, Ledger, Skipped, Stood, mrkdwn, one_line, text
from routing.models import Leave, Pool, Rule, SlackAlert
from routing.services import colleagues, reassign
from tests.routing.making import give, person, pool

CROWD = Ledger(
    pool="Inside",
    version=7,
    stood=tuple(Stood(f"Person {number}", 1, 0.0, 0.05, 0.05) for number in range(60)),
    skipped=tuple(Skipped(f"Absent {number}", "is on leave until 2 Dec") for number in range(60)),
)
CARD = Card(
    rule=Rule.ROTATION,
    chosen="Ana",
    reason="Next in Inside.",
    pool="Inside",
    conditions="Takes mail in de.",
    cc="Fay",
    evidence=("Ben was only CC'd on 3 Mar",),
    classification="lead 93 % by the embedded classifier #12",
    main=Ledger(
        "Inside",
        4,
        (Stood("Ana", 2, 0.0, 0.67, -0.33), Stood("Cleo", 1, 0.0, 0.33, 0.33)),
        (Skipped("Ben", "is on leave until 22 Nov"),),
    ),
    copies=Ledger("Field", 2, (Stood("Fay", 1, 0.0, 1.0, 0.0),), ()),
)
TOLD = [
    "Ana: Next in Inside.",
    "Rule: next in the rotation",
    "CC: Fay",
    "Pool Inside. Takes mail in de.",
    "Ben was only CC'd on 3 Mar",
    "Credit in Inside (version 4), before, with this turn's share, after:",
    "1. Ana +0.00; +0.67; -0.33 (weight 2)",
    "2. Cleo +0.00; +0.33; +0.33",
    "skipped: Ben is on leave until 22 Nov",
    "Credit in Field (version 2), before, with this turn's share, after:",
    "1. Fay +0.00; +1.00; +0.00",
    "Rests on lead 93 % by the embedded classifier #12",
]


def test_all_three_renderings_tell_the_same() -> None:
    assert [line.strip() for line in text(CARD).splitlines()] == TOLD
    assert [line.removeprefix("• ") for line in mrkdwn(CARD, 3000).splitlines()] == TOLD
    cell = one_line(CARD, 3000)
    assert "\n" not in cell
    assert [line for line in TOLD if line not in cell] == []


def test_what_others_wrote_makes_no_mention_in_slack() -> None:
    told = mrkdwn(replace(CARD, reason="Given by <!channel> & co."), 3000)
    assert "Given by &lt;!channel&gt; &amp; co." in told


@pytest.mark.parametrize("limit", [500, 2400])
def test_of_a_crowd_the_first_ones_are_told_and_what_it_rests_on_stays(limit: int) -> None:
    card = replace(CARD, main=CROWD)
    for told in (mrkdwn(card, limit), one_line(card, limit)):
        assert len(told) <= limit
        assert "1. Person 0" in told
        assert "Absent 59" not in told
        assert "Rests on lead 93 %" in told
        assert "the rest stands on the lead's page" in told
    assert "Absent 59" in text(card), "the admin shows all of it"


@pytest.fixture
def inside() -> Pool:
    field = pool("Field", person("Fay"), person("Fritz"), kind="cc")
    return pool("Inside", person("Ana", "en"), person("Ben", "en"), person("Cleo", "en", "fr"), cc_pool=field)


@pytest.mark.django_db
def test_the_card_of_an_assignment_is_on_its_page_in_slack_and_in_the_sheet(inside: Pool) -> None:
    today = timezone.now().date()
    Leave.objects.create(
        salesperson=colleagues()["ben@acme.example"], first_day=today, last_day=today + timedelta(days=1)
    )
    given = give(classification="lead 93 % by local #1", background=["Ben was only CC'd on 3 Mar"])
    page = text(Card.read(given.card)).splitlines()
    assert page[0] == "Ana: Next in Inside."
    assert "  1. Ana +0.00; +0.50; -0.50" in page
    assert "  2. Cleo +0.00; +0.50; +0.50" in page
    assert "Ben was only CC'd on 3 Mar" in page
    assert any(line.startswith("  skipped: Ben is on leave until") for line in page)
    slack, sheet = SlackAlert.objects.get().text, AuditEntry.objects.get().reason
    for line in page:
        assert line.strip() in slack
        assert line.strip() in sheet


@pytest.mark.django_db
def test_the_card_of_a_handover_tells_whose_turn_goes_where(inside: Pool) -> None:
    given = give()
    new = reassign(given.lead, colleagues()["cleo@acme.example"], "Mia", "Cleo knows pumps")
    assert text(Card.read(new.card)).splitlines() == [
        "Cleo: Given by Mia: Cleo knows pumps",
        "Rule: given by hand",
        "CC: Fay",
        "Pool Inside. Takes everything that no pool before it takes.",
        "Credit in Inside (version 4), before, with this turn's share, after:",
        "  1. Cleo +0.33; +0.33; -0.67",
        "  2. Ana -0.67; -0.67; +0.33",
    ]
