"""Model calls per mail are at most three; what they cost stays within the cap, and a person decides the rest."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db.models import Sum

from tests import mails, office
from tests.servers.imap import ImapPeer
from tests.servers.openai import Answer, ModelServer, verdict
from tests.triage.llm import KEY
from triage.classifiers.llm import LlmClassifier
from triage.classifiers.llm.api import Endpoint
from triage.classifiers.llm.trial import MAX_CALLS, Limits
from triage.classifiers.local import LocalClassifier
from triage.learning.judges import Judges
from triage.models import Classification, Message

pytestmark = [pytest.mark.django_db, pytest.mark.dovecot]
NUMBER = 6


@pytest.fixture
def judges(warm: None, model_server: ModelServer) -> Judges:
    """A model that is asked about one mail after the other."""
    model = LlmClassifier((Endpoint("openai/stub", model_server.url, KEY),), Limits(call=5, pause=0.01), concurrency=1)
    return Judges(LocalClassifier.load(), model)


@pytest.fixture
def delivered(human: ImapPeer) -> None:
    for number in range(NUMBER):
        human.deliver(mails.mail("lead", number).raw)


@pytest.mark.usefixtures("delivered")
@pytest.mark.parametrize("name", ["LLM_DAILY_BUDGET", "LLM_MONTHLY_BUDGET"])
def test_money_stays_within_the_cap_and_the_rest_waits_for_a_person(
    judges: Judges, model_server: ModelServer, run: Callable, settings: Any, name: str
) -> None:
    settings.LLM_OUTPUT_PRICE = 1000  # USD for a million tokens: an answer of 100 costs 10 cents
    setattr(settings, name, 0.3)
    model_server.answer = lambda asked: Answer(verdict(category="lead"), output_tokens=100)
    run(judges)
    run(judges)
    assert Classification.objects.aggregate(cost=Sum("cost"))["cost"] == Decimal("0.3")
    assert len(model_server.asked) == 3
    waiting = Message.objects.filter(status=Message.Status.REVIEW).values_list("review_reason", flat=True)
    assert len(waiting) == NUMBER - 3
    assert all("budget" in reason for reason in waiting)


@pytest.mark.usefixtures("delivered")
@pytest.mark.parametrize("known", [True, False])
def test_the_cap_holds_where_several_mails_are_asked_about_at_once(
    judges: Judges, model_server: ModelServer, run: Callable, settings: Any, known: bool
) -> None:
    settings.LLM_OUTPUT_PRICE, settings.LLM_DAILY_BUDGET = 1000, 0.35
    model_server.answer = lambda asked: Answer(verdict(category="lead"), output_tokens=100)
    at_once = LlmClassifier(judges.model.endpoints, judges.model.limits, concurrency=8) if judges.model else None
    if known:
        Classification.objects.create(
            message=office.message(), judge="llm", model="x", category="lead", confidence=1, cost=Decimal("0.10")
        )
    run(Judges(judges.embedded, at_once))
    spent = Classification.objects.aggregate(cost=Sum("cost"))["cost"]
    assert Decimal("0.35") <= spent < Decimal("0.45")
    assert len(model_server.asked) == (3 if known else 4)


@pytest.mark.usefixtures("delivered")
def test_the_cap_holds_also_where_the_server_tells_no_tokens(
    judges: Judges, model_server: ModelServer, run: Callable, settings: Any
) -> None:
    settings.LLM_INPUT_PRICE, settings.LLM_DAILY_BUDGET = 100, 0.3  # a question of about 1,500 tokens costs 15 cents
    model_server.answer = lambda asked: Answer(verdict(category="lead"), input_tokens=0, output_tokens=0)
    run(judges)
    run(judges)
    assert 1 <= len(model_server.asked) < NUMBER
    rows = Classification.objects.filter(judge="llm")
    assert all(row.estimated and row.input_tokens > 500 and row.cost > 0 for row in rows)
    assert Message.objects.filter(review_reason__contains="budget").count() == NUMBER - len(model_server.asked)


@pytest.mark.usefixtures("delivered")
def test_the_cap_holds_also_where_no_answer_can_be_read(
    judges: Judges, model_server: ModelServer, run: Callable, settings: Any
) -> None:
    settings.LLM_INPUT_PRICE, settings.LLM_DAILY_BUDGET = 100, 0.3
    model_server.answer = lambda asked: Answer(body=b"<html>Sign in</html>")
    run(judges)
    run(judges)
    assert 1 <= len(model_server.asked) < NUMBER
    assert Classification.objects.filter(judge="llm", estimated=True, cost__gt=0).exclude(error="").exists()
    assert Message.objects.filter(status=Message.Status.REVIEW).count() == NUMBER


@pytest.mark.usefixtures("delivered")
def test_a_mail_is_asked_about_three_times_at_most_whatever_the_model_answers(
    judges: Judges, model_server: ModelServer, run: Callable
) -> None:
    model_server.answer = lambda asked: Answer("no JSON at all")
    run(judges)
    run(judges)
    assert NUMBER <= len(model_server.asked) <= MAX_CALLS * NUMBER
    assert Message.objects.filter(status=Message.Status.REVIEW).count() == NUMBER
