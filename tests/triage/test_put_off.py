"""Mail that the model was not asked about for want of budget is judged later, once, unless a person was faster."""

from collections.abc import Callable
from typing import Any

import pytest

from crm.models import AuditEntry
from tests import mails, office
from tests.servers.imap import ImapPeer
from tests.servers.openai import Answer, ModelServer, verdict
from tests.triage.llm import KEY
from triage import services
from triage.classifiers.llm import LlmClassifier
from triage.classifiers.llm.api import Endpoint
from triage.classifiers.llm.trial import Limits
from triage.classifiers.local import LocalClassifier
from triage.learning import put_off
from triage.learning.judges import Judges
from triage.models import Aside, Category, Claim, Draft, MailboxDelivery, Message, Queue
from triage.people.held import hold_decision

pytestmark = [pytest.mark.django_db, pytest.mark.dovecot]
NUMBER, PAID = 6, 3


@pytest.fixture
def judges(settings: Any, warm: None, model_server: ModelServer) -> Judges:
    """A model whose answers cost 10 cents each, where a day has 30."""
    settings.LLM_MODEL, settings.LLM_OUTPUT_PRICE, settings.LLM_DAILY_BUDGET = "openai/stub", 1000, PAID / 10
    model_server.answer = lambda asked: Answer(verdict(), output_tokens=100)
    limits = Limits(call=10, pause=0.01)
    model = LlmClassifier((Endpoint("openai/stub", model_server.url, KEY),), limits, concurrency=1)
    return Judges(LocalClassifier.load(), model)


@pytest.fixture
def put_aside(human: ImapPeer, run: Callable, judges: Judges) -> list[Message]:
    """What waits for a person because the budget was spent, the oldest first."""
    for number in range(NUMBER):
        human.deliver(mails.mail("lead", number).raw)
    run(judges)
    waiting = list(put_off.unasked().order_by("received_at", "pk"))
    assert len(waiting) == NUMBER - PAID
    return waiting


def stands(message: Message) -> str:
    return str(Message.objects.get(pk=message.pk).status)


def test_when_there_is_a_budget_again_the_model_judges_it_once_and_all_follows(
    put_aside: list[Message], run: Callable, judges: Judges, model_server: ModelServer, settings: Any, human: ImapPeer
) -> None:
    settings.LLM_DAILY_BUDGET = 5
    for _ in range(3):
        run(judges)
    assert len(model_server.asked) == NUMBER
    assert {stands(message) for message in put_aside} == {Message.Status.DONE}
    assert Draft.objects.count() == NUMBER
    assert not put_off.unasked().exists()
    for message in put_aside:
        about = AuditEntry.objects.filter(subject=f"message:{message.pk}").values_list("action", flat=True)
        assert sorted(about).count("classified") == 2
        assert "judged again" in about
    labels = MailboxDelivery.objects.filter(message=put_aside[0]).order_by("position").values_list("deed", "state")
    assert [label for label in labels if "label" in label[0]][:2] == [("label", "done"), ("unlabel", "done")]
    assert sorted(human.uids("Archive"))


def test_as_long_as_the_budget_is_spent_nothing_moves(put_aside: list[Message], run: Callable, judges: Judges) -> None:
    before = list(Message.objects.order_by("pk").values("pk", "status", "version", "review_reason"))
    entries = AuditEntry.objects.count()
    run(judges)
    run(judges)
    assert list(Message.objects.order_by("pk").values("pk", "status", "version", "review_reason")) == before
    assert AuditEntry.objects.count() == entries


def test_it_takes_as_much_as_the_budget_pays_for_the_oldest_first(
    put_aside: list[Message], run: Callable, judges: Judges, model_server: ModelServer, settings: Any
) -> None:
    settings.LLM_DAILY_BUDGET = (PAID + 1) / 10
    run(judges)
    assert len(model_server.asked) == PAID + 1
    assert [stands(message) for message in put_aside] == [Message.Status.DONE, "review", "review"]


def test_what_somebody_looks_at_decided_or_put_aside_stays_theirs(
    put_aside: list[Message], run: Callable, judges: Judges, model_server: ModelServer, settings: Any
) -> None:
    looked_at, decided, skipped = put_aside
    Claim.take(Queue.REVIEWS, looked_at.pk, office.boss())
    hold_decision(decided, Category.ACCOUNTING, office.boss())
    Aside.objects.create(queue=Queue.REVIEWS, row=skipped.pk, person=office.boss(), why="In Czech")
    settings.LLM_DAILY_BUDGET = 5
    run(judges)
    assert len(model_server.asked) == PAID
    assert [stands(message) for message in put_aside] == ["review"] * 3
    office.time_passes()
    decided.refresh_from_db()
    assert decided.category == Category.ACCOUNTING


def test_a_press_of_a_person_who_saw_it_before_is_refused_when_the_model_was_faster(
    put_aside: list[Message], run: Callable, judges: Judges, settings: Any
) -> None:
    settings.LLM_DAILY_BUDGET = 5
    run(judges)
    with pytest.raises(services.Conflict):
        hold_decision(put_aside[0], Category.SPAM, office.boss())


def test_new_mail_comes_first(
    put_aside: list[Message],
    run: Callable,
    judges: Judges,
    model_server: ModelServer,
    settings: Any,
    human: ImapPeer,
) -> None:
    human.deliver(mails.mail("lead", 70).raw)
    settings.LLM_DAILY_BUDGET = (PAID + 1) / 10
    run(judges)
    assert model_server.asked[-1].mail["subject"].startswith("lead number 70")
    assert {stands(message) for message in put_aside} == {"review"}
