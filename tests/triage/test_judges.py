"""Confidence that means something, and when the language model is asked and when not."""

from dataclasses import replace
from decimal import Decimal

import pytest

from routing.models import SlackAlert
from tests import office
from tests.servers.openai import ModelServer
from tests.triage.llm import ANNA, KEY
from triage.classifiers import Judgement
from triage.classifiers.llm import LlmClassifier
from triage.classifiers.llm.api import Endpoint
from triage.classifiers.llm.trial import Limits
from triage.classifiers.local import LocalClassifier
from triage.learning import experience
from triage.learning.calibration import ENOUGH, Curves, Record, curves, wilson
from triage.learning.experience import Seen
from triage.learning.judges import Judges
from triage.models import CachedAnswer, Classification, Message
from triage.services import decide

OTHER = replace(ANNA, subject="Price for 60 desks")


def answers(right: int, wrong: int, raw: float = 0.95, category: str = "lead") -> list[Seen]:
    return [Seen("local", category, raw, number < right) for number in range(right + wrong)]


class TestCalibration:
    def test_what_is_right_less_often_than_stated_becomes_less_sure_and_keeps_what_was_stated(self):
        told = curves(answers(60, 40)).correct(Judgement("lead", 0.95, "en"), "local")
        assert 0.58 < told.confidence < 0.72
        assert told.raw_confidence == 0.95

    def test_what_is_right_more_often_than_stated_becomes_surer(self):
        told = curves(answers(98, 2, raw=0.6)).correct(Judgement("lead", 0.6, "en"), "local")
        assert told.confidence > 0.85

    def test_few_answers_change_nothing(self):
        told = curves(answers(0, ENOUGH - 1)).correct(Judgement("lead", 0.95, "en"), "local")
        assert told.confidence == 0.95

    def test_another_judge_or_category_is_not_corrected(self):
        known = curves(answers(50, 50))
        assert known.correct(Judgement("spam", 0.95, "en"), "local").confidence == 0.95
        assert known.correct(Judgement("lead", 0.95, "en"), "gpt").confidence == 0.95

    def test_a_curve_never_falls(self):
        odd = [*answers(0, 40, raw=0.95), *answers(40, 0, raw=0.4)]
        curve = curves(odd).known["local", "lead"]
        stated = [number / 20 for number in range(21)]
        assert [curve(one) for one in stated] == sorted(curve(one) for one in stated)


class TestRecord:
    @pytest.mark.parametrize(("right", "number", "low"), [(0, 0, 0.0), (30, 30, 0.917), (98, 100, 0.943)])
    def test_the_lower_bound_is_wilsons(self, right, number, low):
        assert wilson(right, number) == pytest.approx(low, abs=0.003)

    def test_it_is_kept_by_category_and_tenth(self):
        record = Record(answers(100, 0))
        assert record.at_least("lead", 0.99) > 0.95
        assert record.at_least("lead", 0.85) == record.at_least("spam", 0.99) == 0


@pytest.mark.django_db
class TestExperience:
    def test_only_answers_that_were_asked_for_count(self):
        asked = office.message(category="newsletter", confidence=0.6)
        found = office.message(status=Message.Status.DONE, category="newsletter", confidence=0.9)
        for row in (asked, found):
            decide(row, "accounting", office.boss())
        assert experience.seen() == [Seen("local", "newsletter", 0.6, False)]

    def test_spam_for_a_newsletter_does_no_harm(self):
        decide(office.message(category="newsletter", confidence=0.6), "spam", office.boss())
        assert [one.right for one in experience.seen()] == [True]


@pytest.mark.django_db
class TestAsking:
    @pytest.fixture
    def judges(self, warm: None, model_server: ModelServer) -> Judges:
        model = LlmClassifier((Endpoint("openai/stub", model_server.url, KEY),), Limits(call=5, pause=0.01))
        return Judges(LocalClassifier.load(), model)

    def spend(self, usd: str) -> None:
        Classification.objects.create(
            message=office.message(), judge="llm", model="x", category="lead", confidence=1, cost=Decimal(usd)
        )

    def test_the_same_text_is_asked_once(self, judges, model_server):
        first, again = judges.classify([ANNA, ANNA])
        (later,) = judges.classify([ANNA])
        assert len(model_server.asked) == 1
        assert (first.spared, again.spared, later.spared) == ("", "cache", "cache")
        assert (first.category, first.reason) == (later.category, later.reason)
        assert (again.cost, later.input_tokens) == (0, 0)

    def test_an_answer_that_is_too_old_is_asked_anew(self, judges, model_server):
        judges.classify([ANNA])
        CachedAnswer.objects.update(expires_at="2020-01-01T00:00:00Z")
        judges.classify([ANNA])
        assert len(model_server.asked) == 2

    def test_without_a_cache_each_is_asked(self, judges, model_server, settings):
        settings.LLM_CACHE_DAYS = 0
        judges.classify([ANNA])
        judges.classify([ANNA])
        assert len(model_server.asked) == 2

    @pytest.mark.parametrize("name", ["LLM_DAILY_BUDGET", "LLM_MONTHLY_BUDGET"])
    def test_when_the_budget_is_spent_a_person_decides_and_the_managers_are_told_once(
        self, judges, model_server, settings, name
    ):
        setattr(settings, name, 0.5)
        settings.SLACK_MANAGER_CHANNEL = "C1"
        self.spend("0.50")
        (told,) = judges.classify([ANNA])
        judges.classify([OTHER])
        assert model_server.asked == []
        assert (told.spared, told.judge) == ("budget", "local")
        assert "budget" in told.error
        assert SlackAlert.objects.filter(text__contains="budget").count() == 1

    def test_below_the_budget_it_is_asked(self, judges, model_server, settings):
        settings.LLM_DAILY_BUDGET = 0.5
        self.spend("0.49")
        assert judges.classify([ANNA])[0].spared == ""

    def test_where_the_embedded_classifier_has_proved_itself_it_decides_alone(self, judges, model_server, settings):
        settings.LOCAL_TARGET = 0.9
        judges.learned.record = Record(answers(100, 0, raw=LocalClassifier.load().classify([ANNA])[0].confidence))
        judges.learned.curves = Curves({})
        (told,) = judges.classify([ANNA])
        assert (told.category, told.judge, told.spared) == ("lead", "local", "cascade")
        assert model_server.asked == []

    @pytest.mark.parametrize("target", [0, 0.99])
    def test_without_a_target_or_below_it_the_model_is_asked(self, judges, model_server, settings, target):
        settings.LOCAL_TARGET = target
        judges.learned.record = Record(answers(100, 0, raw=LocalClassifier.load().classify([ANNA])[0].confidence))
        assert judges.classify([ANNA])[0].judge == "llm"
