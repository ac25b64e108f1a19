"""What people say of mail teaches the embedded classifier, and is forgotten when it is taken back."""

import pytest
from django.test import Client

from tests import office
from tests.triage.test_admin_work import do
from triage import services
from triage.learning import refitting, verdicts
from triage.learning.judges import judge
from triage.models import Category, Classification, Lesson, Message
from triage.stages.classify import mail_text

pytestmark = pytest.mark.django_db
REPORT = "Chlorine level 0.4, pump {n} ran {n} hours, filter washed. Next reading on Thursday. Pool number {n}."


def reading(number: int) -> Message:
    return office.message(f"Reading {number}", text=REPORT.format(n=number), address="pool@q.example")


def decide(row: Message, category: str) -> None:
    services.decide(Message.objects.get(pk=row.pk), category, office.boss())


def judged(row: Message) -> str:
    return judge().classify([mail_text(row)])[0].category


class TestVerdicts:
    def test_each_decision_in_review_is_an_example_that_was_asked_for(self):
        row = reading(1)
        decide(row, "accounting")
        (verdict,) = verdicts.live()
        assert (verdict.message, verdict.category, str(verdict.person)) == (row, "accounting", "boss")
        assert verdict.asked

    def test_a_change_of_filed_mail_is_an_example_that_nobody_asked_for(self):
        row = office.message(status=Message.Status.DONE, category="newsletter", confidence=0.9)
        decide(row, "accounting")
        assert [verdict.asked for verdict in verdicts.live()] == [False]

    def test_of_two_decisions_the_last_one_counts(self):
        row = reading(1)
        decide(row, "newsletter")
        decide(row, "accounting")
        assert [one.category for one in verdicts.corrections()] == ["accounting"]

    def test_what_is_taken_back_teaches_nothing_and_waits_for_a_person_again(self):
        row = reading(1)
        decide(row, "accounting")
        services.take_back(Message.objects.get(), office.boss())
        assert verdicts.corrections() == []
        assert Message.objects.get().status == Message.Status.REVIEW
        assert Classification.objects.get(judge="person").undone_at

    def test_a_lead_that_is_taken_back_is_nobodys(self):
        office.team()
        row = office.message("Pumps")
        decide(row, "lead")
        services.take_back(Message.objects.get(), office.boss())
        assert Message.objects.get().drafts.get().state == "rejected"

    def test_what_nobody_decided_cannot_be_taken_back(self):
        with pytest.raises(services.Conflict):
            services.take_back(reading(1), office.boss())

    def test_that_a_machines_mail_is_none_of_the_four_is_no_lesson_about_its_owner(self):
        away = office.message("Away", address="berta@customer.example", automatic="out-of-office")
        decide(away, "uncertain")
        assert (verdicts.corrections(), verdicts.senders(), verdicts.subjects()) == ([], [], [])
        decide(away, "lead")
        assert [one.category for one in verdicts.corrections()] == ["lead"]

    def test_taking_back_is_a_deed_of_the_message(self, client: Client):
        client.force_login(office.boss())
        row = reading(1)
        decide(row, "accounting")
        assert "Taken back" in do(client, row, "take_back")
        assert not verdicts.live().exists()


class TestLessons:
    def test_none_of_the_four_is_learned_as_such_and_costs_no_lead(self):
        *first, last = [reading(number) for number in range(6)]
        asks = office.message("Request for quotation", text="Dear sirs, please quote 40 pumps DN 50, delivery to Brno.")
        for row in first:
            decide(row, "uncertain")
        refitting.learn()
        assert judged(last) == Category.UNCERTAIN
        assert judged(asks) == Category.LEAD

    def test_similar_mail_is_judged_as_people_judged(self):
        *first, last = [reading(number) for number in range(6)]
        assert judged(last) != Category.ACCOUNTING
        for row in first:
            decide(row, "accounting")
        assert refitting.run().startswith("learned from 5 verdicts")
        assert judged(last) == Category.ACCOUNTING
        assert judge().classify([mail_text(last)])[0].model == "starter+5"

    def test_without_news_nothing_is_fitted(self):
        assert refitting.run() == "nothing new"
        decide(reading(1), "accounting")
        refitting.run()
        assert refitting.run() == "nothing new"
        assert Lesson.objects.count() == 1

    def test_a_verdict_that_is_taken_back_leaves_no_trace(self):
        kept, wrong = reading(1), reading(2)
        decide(kept, "accounting")
        refitting.learn()
        decide(wrong, "spam")
        refitting.learn()
        services.take_back(Message.objects.get(pk=wrong.pk), office.boss())
        refitting.learn()
        first, second, third = (bytes(lesson.change) for lesson in Lesson.objects.order_by("pk"))
        assert first == third != second

    def test_corrections_that_are_taken_back_in_the_admin_change_nothing_any_more(self, client: Client):
        client.force_login(office.boss())
        *corrected, last = [reading(number) for number in range(6)]
        before = judge().classify([mail_text(last)])[0]
        for row in corrected:
            assert "Accounting" in do(client, row, "decide", category="accounting")
        office.time_passes()
        refitting.learn()
        assert judged(last) == Category.ACCOUNTING
        for row in corrected:
            assert "Taken back" in do(client, Message.objects.get(pk=row.pk), "take_back")
        refitting.learn()
        assert judge().classify([mail_text(last)])[0] == before

    def test_when_all_is_taken_back_the_shipped_weights_judge(self):
        decide(reading(1), "accounting")
        refitting.learn()
        services.take_back(Message.objects.get(), office.boss())
        refitting.learn()
        assert judge().classify([mail_text(reading(2))])[0].model == "starter"

    def test_a_lesson_for_other_shipped_weights_is_not_used_but_learned_anew(self):
        decide(reading(1), "accounting")
        refitting.learn()
        Lesson.objects.update(starter="of an earlier version")
        assert judge().classify([mail_text(reading(2))])[0].model == "starter"
        assert refitting.learn()
        assert judge().classify([mail_text(reading(2))])[0].model == "starter+1"

    def test_only_the_last_lessons_are_kept(self):
        for number in range(refitting.KEPT + 2):
            decide(reading(number), "accounting")
            refitting.learn()
        assert Lesson.objects.count() == refitting.KEPT
