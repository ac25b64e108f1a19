"""Trash needs the language model and the embedded classifier, or a rule, or a person."""

from dataclasses import replace

import pytest

from tests import mails, office
from tests.servers.openai import Answer, ModelServer, verdict
from tests.triage.llm import ANNA, KEY
from triage.classifiers.llm import LlmClassifier
from triage.classifiers.llm.api import Endpoint
from triage.classifiers.llm.trial import Limits
from triage.classifiers.local import LocalClassifier
from triage.decisions import Known
from triage.learning.judges import Judges
from triage.learning.memory import Memory
from triage.models import Classification
from triage.stages.act import review_reason

Judge = Classification.Judge
RUBBISH = replace(ANNA, subject="You won", text=mails.RUBBISH["spam"], new_text=mails.RUBBISH["spam"])


@pytest.fixture
def judges(warm: None, model_server: ModelServer) -> Judges:
    model = LlmClassifier((Endpoint("openai/stub", model_server.url, KEY),), Limits(call=5, pause=0.01))
    return Judges(LocalClassifier.load(), model)


@pytest.mark.django_db
class TestJudges:
    def test_a_model_that_calls_everything_spam_gets_no_second_key_for_an_inquiry(self, judges, model_server):
        model_server.answer = lambda asked: Answer(verdict(category="spam", confidence=1.0))
        inquiry, rubbish = judges.classify([ANNA, RUBBISH])
        assert (inquiry.category, inquiry.judge, inquiry.may_trash) == ("spam", "llm", False)
        assert (rubbish.category, rubbish.judge, rubbish.may_trash) == ("spam", "llm", True)

    def test_what_the_embedded_classifier_says_is_kept_beside_it(self, judges):
        (judged,) = judges.classify([RUBBISH])
        (own,) = judged.before
        assert (own.judge, own.category) == ("local", "spam")

    def test_the_model_is_told_what_people_said_of_the_sender(self, judges, model_server):
        judges.learned.memory = Memory([(ANNA.sender_address, "lead")])
        judges.classify([ANNA])
        assert model_server.asked[-1].mail["evidence"] == ["People took earlier mail of this sender for: 1 lead"]

    def test_without_a_model_the_embedded_classifier_decides(self):
        inquiry, rubbish = Judges(LocalClassifier.load()).classify([ANNA, RUBBISH])
        assert (inquiry.category, inquiry.judge) == ("lead", "local")
        assert (rubbish.category, rubbish.may_trash, rubbish.before) == ("spam", True, ())


@pytest.mark.django_db
class TestActing:
    def reason(self, judge: str, *, may_trash: bool = False) -> str:
        said = Classification(judge=judge, category="spam", confidence=1.0, may_trash=may_trash)
        return review_reason(office.message(), said, Known())

    @pytest.mark.parametrize("judge", [Judge.LLM, Judge.LOCAL])
    def test_one_key_leads_to_a_person_and_two_to_the_trash(self, judge):
        assert "does not hold trashing it for safe" in self.reason(judge)
        assert self.reason(judge, may_trash=True) == ""

    def test_a_rule_needs_no_second_key(self):
        assert self.reason(Judge.RULE) == ""

    def test_no_low_threshold_gets_around_the_second_key(self, settings):
        settings.REVIEW_THRESHOLD = 0.1
        assert "does not hold trashing it for safe" in self.reason(Judge.LOCAL)
