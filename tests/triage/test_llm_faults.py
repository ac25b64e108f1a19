"""Whatever goes wrong on the way to the language model: three calls at most, in bounded time, then a person."""

import socket
import time
from decimal import Decimal
from email.utils import formatdate
from typing import Any

import pytest

from tests.servers.openai import Answer, Asked, ModelServer
from tests.triage.llm import ANNA, KEY, VALID, is_for_a_person, one_by_one, status
from triage.classifiers.llm import LlmClassifier
from triage.classifiers.llm.api import Endpoint
from triage.classifiers.llm.trial import MAX_STRIKES, Limits

NO_COMPLETION = "what comes is no completion"
FAULTS = {  # name: (answer, requests, what the error says, whether the model may have worked for it)
    "hang": (Answer(VALID, fault="hang"), {1, 2}, "no answer within", True),
    "slow drip": (Answer(VALID, fault="drip"), {1, 2}, "no answer within", True),
    "half a body": (Answer(VALID, fault="half"), {3}, NO_COMPLETION, True),
    "HTML with 200": (
        Answer(body=b"<html>Sign in</html>", headers={"Content-Type": "text/html"}),
        {3},
        NO_COMPLETION,
        True,
    ),
    "broken JSON with 200": (Answer(body=b'{"choices": [{'), {3}, NO_COMPLETION, True),
    "reset": (Answer(VALID, fault="reset"), {3}, "cannot be reached", False),
    "400": (status(400), {1}, "refused the request (400", False),
    "401": (status(401), {1}, "LLM_API_KEY was refused by openai/stub (401)", False),
    "403": (status(403), {1}, "LLM_API_KEY was refused by openai/stub (403)", False),
    "404": (status(404), {1}, "check LLM_MODEL and LLM_API_BASE", False),
    "429": (status(429), {3}, "too many requests (429)", False),
    "429 that asks for a minute": (status(429, Retry_After="60"), {1}, "too many requests (429)", False),
    "500": (status(500), {3}, "does not work", False),
    "503": (status(503), {3}, "does not work", False),
    "redirect": (status(307, Location="/elsewhere"), {1}, "points elsewhere (307)", False),
}


@pytest.mark.parametrize(("answer", "requests", "said", "worked"), FAULTS.values(), ids=FAULTS.keys())
def test_a_fault_ends_with_a_person_after_at_most_three_calls_and_what_it_may_have_cost_is_recorded(
    judge: LlmClassifier,
    model_server: ModelServer,
    answer: Answer,
    requests: set[int],
    said: str,
    worked: bool,
    settings: Any,
) -> None:
    settings.LLM_INPUT_PRICE = 1000  # USD for a million tokens
    model_server.says(answer)
    (judged,) = judge.classify([ANNA])
    assert is_for_a_person(judged)
    assert said in judged.error
    assert len(model_server.asked) in requests
    assert (judged.estimated, judged.cost > Decimal("0.5") * len(model_server.asked)) == (worked, worked)
    assert worked or judged.cost == 0


def test_a_refused_connection_ends_with_a_person(judge: LlmClassifier) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    nobody = LlmClassifier((Endpoint("openai/stub", f"http://127.0.0.1:{port}/v1", KEY),), judge.limits)
    (judged,) = nobody.classify([ANNA])
    assert is_for_a_person(judged)
    assert "cannot be reached" in judged.error


@pytest.mark.parametrize("fault", [status(503), status(429), Answer(VALID, fault="reset")], ids=["503", "429", "reset"])
def test_a_passing_fault_is_tried_again(judge: LlmClassifier, model_server: ModelServer, fault: Answer) -> None:
    model_server.says(fault, Answer(VALID))
    assert judge.classify([ANNA])[0].category == "lead"
    assert len(model_server.asked) == 2


def test_a_wait_that_the_server_asks_for_is_kept_if_there_is_time(
    judge: LlmClassifier, model_server: ModelServer
) -> None:
    arrivals: list[float] = []

    def answer(asked: Asked) -> Answer:
        arrivals.append(time.monotonic())
        return Answer(VALID) if len(arrivals) > 1 else status(429, Retry_After="1")

    model_server.answer = answer
    assert LlmClassifier(judge.endpoints, Limits(10, pause=0.01)).classify([ANNA])[0].category == "lead"
    assert arrivals[1] - arrivals[0] >= 1


def test_a_wait_until_a_date_that_is_too_far_ends_at_once(judge: LlmClassifier, model_server: ModelServer) -> None:
    model_server.says(status(503, Retry_After=formatdate(time.time() + 600, usegmt=True)), Answer(VALID))
    assert is_for_a_person(judge.classify([ANNA])[0])
    assert len(model_server.asked) == 1


def test_a_fault_before_the_repair_still_leaves_three_calls(judge: LlmClassifier, model_server: ModelServer) -> None:
    model_server.says(status(503), Answer("no"), status(503), Answer(VALID))
    assert is_for_a_person(judge.classify([ANNA])[0])
    assert len(model_server.asked) == 3


@pytest.mark.parametrize("code", [401, 404])
def test_a_refusal_is_remembered_for_the_mails_that_follow(
    judge: LlmClassifier, model_server: ModelServer, code: int
) -> None:
    model_server.says(status(code))
    judge = one_by_one(judge)
    judged = judge.classify([ANNA] * 5) + judge.classify([ANNA])
    assert all(is_for_a_person(one) for one in judged)
    assert len({one.error for one in judged}) == 1
    assert len(model_server.asked) == 1


def test_a_model_that_is_down_is_left_alone_after_some_mails(judge: LlmClassifier, model_server: ModelServer) -> None:
    model_server.says(status(500))
    judged = one_by_one(judge).classify([ANNA] * (MAX_STRIKES + 4))
    assert all(is_for_a_person(one) for one in judged)
    assert len(model_server.asked) == 3 * MAX_STRIKES


def test_a_request_that_is_refused_for_one_mail_is_not_held_against_the_next(
    judge: LlmClassifier, model_server: ModelServer
) -> None:
    model_server.says(status(400), Answer(VALID))
    assert [one.category for one in one_by_one(judge).classify([ANNA, ANNA])] == ["uncertain", "lead"]
