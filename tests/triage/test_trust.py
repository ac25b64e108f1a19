"""What the dashboard says of confidence, of other lines, and of senders that could have a rule."""

import pytest
from django.test import Client
from django.urls import reverse

from crm.models import AuditEntry
from inbox_router import roles
from tests import office
from triage import services
from triage.admin import figures
from triage.learning import experience
from triage.learning.lines import Line, tenths, what_if
from triage.learning.suggestions import suggestions
from triage.models import Category, Classification, Message, SenderRule

pytestmark = pytest.mark.django_db
SENDER = "news@shop.example"


def corrected(category: str = "accounting", *, times: int = 1, address: str = SENDER, **fields: object) -> Message:
    """Mails that a machine took for leads and a person for something else; the last of them."""
    for _ in range(times):
        row = office.message(address=address, **fields)
        services.decide(row, category, office.boss())
    return row


def press(client: Client, category: str = "accounting", address: str = SENDER) -> str:
    told = {"address": address, "category": category}
    answer = client.post(reverse("admin:triage_senderrule_suggested"), told, follow=True)
    return answer.content.decode() if answer.status_code == 200 else str(answer.status_code)


class TestSuggestedRules:
    def test_three_same_corrections_of_a_sender_suggest_a_rule(self):
        corrected(times=2)
        assert suggestions() == []
        newest = corrected()
        (one,) = suggestions()
        assert (one.address, one.category, one.corrections, one.message) == (SENDER, "accounting", 3, newest.pk)

    def test_a_sender_whose_mail_is_of_two_kinds_gets_none(self):
        corrected(times=3)
        corrected("newsletter")
        assert suggestions() == []

    def test_agreeing_with_the_machine_is_no_correction(self):
        corrected("lead", times=3)
        assert suggestions() == []

    def test_what_was_taken_back_does_not_count(self):
        last = corrected(times=3)
        services.take_back(Message.objects.get(pk=last.pk), office.boss())
        assert suggestions() == []

    def test_a_sender_with_a_rule_is_suggested_none_even_if_it_is_switched_off(self):
        corrected(times=3)
        SenderRule.objects.create(pattern=SENDER, scope="address", kind="always", category="spam", active=False)
        assert suggestions() == []

    def test_one_press_makes_the_rule_and_is_logged(self, client: Client):
        corrected(times=3)
        client.force_login(office.boss())
        assert SENDER in client.get(reverse("admin:index")).content.decode()
        assert "From now on" in press(client)
        rule = SenderRule.objects.get(pattern=SENDER)
        assert (rule.scope, rule.kind, rule.category, rule.active) == ("address", "always", "accounting", True)
        entry = AuditEntry.objects.get(action="sender rule")
        assert (entry.actor, SENDER in entry.summary) == ("boss", True)

    def test_what_is_not_suggested_is_not_made(self, client: Client):
        corrected(times=3)
        client.force_login(office.boss())
        assert "not suggested any more" in press(client, "spam")
        assert "not suggested any more" in press(client, address="other@shop.example")
        assert not SenderRule.objects.exists()

    def test_those_who_may_not_make_rules_neither_see_nor_make_it(self, client: Client):
        corrected(times=3)
        client.force_login(office.user("reader", roles.READ_ONLY))
        assert "Suggested rules" not in client.get(reverse("admin:index")).content.decode()
        assert press(client) == "403"
        assert not SenderRule.objects.exists()

    def test_following_a_link_makes_nothing(self, client: Client):
        client.force_login(office.boss())
        assert client.get(reverse("admin:triage_senderrule_suggested")).status_code == 405


class TestAnotherLine:
    def test_it_says_how_many_more_would_be_decided_alone_and_how_right_that_was(self):
        for sure, category in ((0.66, "lead"), (0.68, "spam"), (0.60, "lead")):
            corrected(category, confidence=sure)
        office.message(confidence=0.67)
        rows = experience.acted(figures.since(7))
        assert what_if(rows, 0.7, [0.65, 0.6]) == [Line(0.65, 3, 2, 1), Line(0.6, 4, 3, 2)]

    def test_a_higher_line_decides_fewer(self):
        office.message(confidence=0.75, status=Message.Status.DONE)
        rows = experience.acted(figures.since(7))
        assert what_if(rows, 0.7, [0.8, 0.75]) == [Line(0.8, -1, 0, 0), Line(0.75, 0, 0, 0)]

    def test_what_no_line_would_decide_is_left_out(self):
        office.message(category=Category.UNCERTAIN, confidence=0.66)
        office.message(category=Category.SPAM, confidence=0.66)
        assert experience.acted(figures.since(7)) == []

    def test_the_dashboard_shows_it(self, client: Client):
        corrected("lead", confidence=0.66)
        client.force_login(office.boss())
        page = client.get(reverse("admin:index")).content.decode()
        assert '<td class="whole">65 %</td><td class="number">+1</td><td class="number">100 % (1 of 1)</td>' in page


class TestHowRightItWas:
    def test_answers_are_counted_by_tenths_of_what_was_stated(self):
        assert tenths([(0.61, True), (0.69, False), (1.0, True)])[6:] == [(1, 2), (0, 0), (0, 0), (1, 1)]

    def test_the_dashboard_has_a_chart_and_the_same_numbers_as_a_table(self, client: Client):
        corrected("lead", confidence=0.66)
        corrected("accounting", confidence=0.64)
        client.force_login(office.boss())
        page = client.get(reverse("admin:index")).content.decode()
        assert '<tr><td class="whole">60 to 70 %</td><td class="number">1 of 2</td></tr>' in page
        assert "50.0" in page

    def test_changes_that_nobody_asked_for_or_that_were_taken_back_are_no_overrides(self):
        corrected(status=Message.Status.DONE, confidence=0.9)
        undone = corrected(confidence=0.6)
        services.take_back(Message.objects.get(pk=undone.pk), office.boss())
        corrected(confidence=0.6)
        (row,) = figures.overrides(figures.judged(figures.since(7)))
        assert (row.judged, row.seen, row.changed, row.became) == (3, 1, 1, "1 accounting")
        assert Classification.objects.filter(judge="person").count() == 3
