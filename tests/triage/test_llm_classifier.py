"""The language model as a judge: the real client library against a server on loopback that says and does anything."""

import json
import socket
import subprocess
import sys
import time
from dataclasses import replace
from decimal import Decimal
from email.utils import formatdate

import pytest
from django.conf import settings

from tests.servers.openai import Answer, Asked, ModelServer, verdict
from triage.classifiers import Judgement, MailText
from triage.classifiers.llm import ClassifierError, LlmClassifier
from triage.classifiers.llm.api import Endpoint
from triage.classifiers.llm.trial import MAX_STRIKES, Limits

BODY = "Hello,\nwhat would 40 oak desks cost?\nAnna Berg, Nordholz GmbH"
ANNA = MailText("Price for 40 desks", "Anna Berg", "anna@nordholz.example", BODY, BODY)
KEY = "sk-canary-key"


@pytest.fixture(scope="session")
def warm() -> None:
    """The first call in a process imports a lot; let no test's time limit pay for that."""
    with ModelServer() as server:
        judged = LlmClassifier((Endpoint("openai/stub", server.url, KEY),), Limits(30)).classify([ANNA])
    assert judged[0].error == ""


@pytest.fixture
def judge(warm: None, model_server: ModelServer) -> LlmClassifier:
    """One model, little patience."""
    return LlmClassifier((Endpoint("openai/stub", model_server.url, KEY),), Limits(call=1, pause=0.01))


def with_fallback(judge: LlmClassifier, *models: str) -> LlmClassifier:
    """The same with more models at the same server."""
    first = judge.endpoints[0]
    return LlmClassifier((first, *(replace(first, model=model) for model in models)), judge.limits)


def one_by_one(judge: LlmClassifier) -> LlmClassifier:
    return LlmClassifier(judge.endpoints, judge.limits, concurrency=1)


def is_for_a_person(judged: Judgement) -> bool:
    return (judged.category, judged.confidence) == ("uncertain", 0.0) and 10 < len(judged.error) < 200


# --- what is right -----------------------------------------------------------------------------------------


def test_a_valid_answer_is_taken_over_with_its_tokens(judge: LlmClassifier, model_server: ModelServer) -> None:
    content = verdict(language="de", technical=True, sender_first_name="Anna", company="Nordholz GmbH")
    model_server.says(Answer(content, input_tokens=321, output_tokens=45))
    assert judge.classify([ANNA]) == [
        Judgement(
            category="lead",
            confidence=0.93,
            language="de",
            technical=True,
            sender_first_name="Anna",
            company="Nordholz GmbH",
            reason="The sender asks for a price.",
            model="openai/stub",
            input_tokens=321,
            output_tokens=45,
        )
    ]


def test_the_request_holds_a_strict_schema_a_token_limit_and_the_key(
    judge: LlmClassifier, model_server: ModelServer
) -> None:
    judge.classify([ANNA])
    (asked,) = model_server.asked
    schema = asked.body["response_format"]["json_schema"]
    names = {"category", "confidence", "language", "technical", "sender_first_name", "company", "reason"}
    assert schema["strict"] is True
    assert schema["schema"]["additionalProperties"] is False
    assert set(schema["schema"]["required"]) == set(schema["schema"]["properties"]) == names
    assert asked.body["max_tokens"] == 1000
    assert asked.headers["authorization"] == f"Bearer {KEY}"
    assert asked.mail["text"] == ANNA.text


def test_the_cost_of_a_known_model_is_recorded_for_every_call(judge: LlmClassifier, model_server: ModelServer) -> None:
    endpoint = replace(judge.endpoints[0], model="openai/gpt-4o-mini")
    model_server.says(Answer("no idea", input_tokens=1_000_000, output_tokens=0), Answer(verdict(), input_tokens=0))
    (judged,) = LlmClassifier((endpoint,), judge.limits).classify([ANNA])
    assert (judged.category, judged.input_tokens, judged.output_tokens) == ("lead", 1_000_000, 20)
    assert judged.cost == Decimal("0.150012")


def test_a_code_fence_around_the_object_is_accepted(judge: LlmClassifier, model_server: ModelServer) -> None:
    model_server.says(Answer(f"```json\n{verdict()}\n```\n"))
    assert judge.classify([ANNA])[0].category == "lead"


@pytest.mark.parametrize(
    ("said", "language"), [("DE", "de"), ("pt-BR", "pt"), ("zh_Hant", "zh"), ("English", ""), ("xx", ""), ("", "")]
)
def test_the_language_is_a_two_letter_code_or_nothing(
    judge: LlmClassifier, model_server: ModelServer, said: str, language: str
) -> None:
    model_server.says(Answer(verdict(language=said)))
    assert judge.classify([ANNA])[0].language == language


def test_mails_are_judged_side_by_side_and_answered_in_order(judge: LlmClassifier, model_server: ModelServer) -> None:
    model_server.answer = lambda asked: Answer(verdict(reason=asked.mail["subject"]), delay=0.3)
    mails = [replace(ANNA, subject=f"mail {number}") for number in range(16)]
    judged = LlmClassifier(judge.endpoints, Limits(20), concurrency=8).classify(mails)
    assert [one.reason for one in judged] == [mail.subject for mail in mails]
    assert 2 <= model_server.most_at_once <= 8


# --- what is malformed -------------------------------------------------------------------------------------

VALID = verdict()
MALFORMED = {
    "empty": Answer(""),
    "blank": Answer(" \n "),
    "null content": Answer(None),
    "prose": Answer("This is a lead."),
    "prose before": Answer(f"Sure! {VALID}"),
    "prose after": Answer(f"{VALID} I hope that helps."),
    "prose around a fence": Answer(f"Here it is:\n```json\n{VALID}\n```"),
    "two fences": Answer(f"```json\n{VALID}\n```\n```json\n{VALID}\n```"),
    "two objects": Answer(f"{VALID}\n{VALID}"),
    "a list": Answer(f"[{VALID}]"),
    "a string": Answer(json.dumps(VALID)),
    "a number": Answer("0.93"),
    "null": Answer("null"),
    "an empty object": Answer("{}"),
    "XML": Answer("<category>lead</category>"),
    "single quotes": Answer(VALID.replace('"', "'")),
    "a trailing comma": Answer(VALID.replace("}", ",}")),
    "a comment": Answer(VALID.replace("}", "} // sure")),
    "a byte order mark": Answer("\ufeff" + VALID),
    "cut off": Answer(VALID[:60]),
    "cut off, and told": Answer(VALID[:60], finish="length"),
    "whole, but told to be cut off": Answer(VALID, finish="length"),
    "content filter": Answer("", finish="content_filter"),
    "content filter with an answer": Answer(VALID, finish="content_filter"),
    "refusal": Answer(None, refusal="I cannot help with that."),
    "refusal in words": Answer("I'm sorry, but I cannot help with that."),
    "NaN": Answer(VALID.replace("0.93", "NaN")),
    "Infinity": Answer(VALID.replace("0.93", "Infinity")),
    "a number that overflows": Answer(VALID.replace("0.93", "1e999")),
    "an integer without end": Answer(VALID.replace("0.93", "9" * 6000)),
    "93 %": Answer(verdict(confidence="93 %")),
    "a confidence as text": Answer(verdict(confidence="0.93")),
    "a confidence of 93": Answer(verdict(confidence=93)),
    "a negative confidence": Answer(verdict(confidence=-0.01)),
    "a confidence just above one": Answer(verdict(confidence=1.0001)),
    "no confidence": Answer(verdict(confidence=None)),
    "a true confidence": Answer(verdict(confidence=True)),
    "an unknown label": Answer(verdict(category="sales")),
    "a label in capitals": Answer(verdict(category="LEAD")),
    "two labels": Answer(verdict(category=["lead", "spam"])),
    "no label": Answer(verdict(category=None)),
    "a label twice": Answer(VALID.replace("{", '{"category": "spam", ')),
    "a confidence twice": Answer(VALID.replace("}", ', "confidence": 0.99}')),
    "a name too many": Answer(verdict(assignee="eve@evil.example")),
    "a name missing": Answer(VALID.replace('"technical": false, ', "")),
    "a word for a boolean": Answer(verdict(technical="yes")),
    "a number for a boolean": Answer(verdict(technical=1)),
    "no language": Answer(verdict(language=None)),
    "a first name of parts": Answer(verdict(sender_first_name={"first": "Anna"})),
    "nested without end": Answer("[" * 100_000),
    "10 MB of text": Answer("x" * 10_000_000),
    "10 MB of reason": Answer(verdict(reason="x" * 10_000_000)),
    "no choice": Answer(body=b'{"id": "1", "object": "chat.completion", "model": "stub", "created": 1, "choices": []}'),
    "not a completion": Answer(body=b'{"error": null}'),
    "a list for a completion": Answer(body=b"[]"),
}


def test_there_are_at_least_forty_malformed_answers() -> None:
    assert len(MALFORMED) >= 40


@pytest.mark.parametrize("answer", MALFORMED.values(), ids=MALFORMED.keys())
def test_a_malformed_answer_ends_with_a_person(judge: LlmClassifier, model_server: ModelServer, answer: Answer) -> None:
    model_server.says(answer)
    (judged,) = LlmClassifier(judge.endpoints, replace(judge.limits, call=10)).classify([ANNA])
    assert is_for_a_person(judged)
    assert 1 <= len(model_server.asked) <= 3
    if answer.body is None:
        assert judged.input_tokens == 100 * len(model_server.asked)


def test_one_repair_is_asked_for_and_told_what_was_wrong(judge: LlmClassifier, model_server: ModelServer) -> None:
    model_server.says(Answer(verdict(confidence="93 %")), Answer(VALID))
    (judged,) = judge.classify([ANNA])
    assert (judged.category, judged.error, judged.input_tokens) == ("lead", "", 200)
    first, second = model_server.asked
    assert second.chat[:2] == first.chat
    assert "93 %" in second.chat[2]["content"]
    assert "confidence: input should be a valid number" in second.chat[3]["content"]


def test_a_second_malformed_answer_is_not_repaired_again(judge: LlmClassifier, model_server: ModelServer) -> None:
    model_server.says(Answer("no"), Answer("no"), Answer(VALID))
    assert is_for_a_person(judge.classify([ANNA])[0])
    assert len(model_server.asked) == 2


def test_a_model_that_declines_is_not_asked_again(judge: LlmClassifier, model_server: ModelServer) -> None:
    model_server.says(Answer("", finish="content_filter"))
    assert "declined" in judge.classify([ANNA])[0].error
    assert len(model_server.asked) == 1


# --- what goes wrong on the way ----------------------------------------------------------------------------

ERROR = b'{"error": {"message": "canary-from-the-server", "type": "x", "code": "x"}}'


def status(code: int, **headers: str) -> Answer:
    return Answer(status=code, body=ERROR, headers={name.replace("_", "-"): value for name, value in headers.items()})


FAULTS = {  # name: (answer, requests, what the error says)
    "hang": (Answer(VALID, fault="hang"), {1, 2}, "no answer within"),
    "slow drip": (Answer(VALID, fault="drip"), {1, 2}, "no answer within"),
    "reset": (Answer(VALID, fault="reset"), {3}, "cannot be reached"),
    "half a body": (Answer(VALID, fault="half"), {3}, "cannot be reached"),
    "HTML with 200": (
        Answer(body=b"<html>Sign in</html>", headers={"Content-Type": "text/html"}),
        {3},
        "does not work",
    ),
    "broken JSON with 200": (Answer(body=b'{"choices": [{'), {3}, "does not work"),
    "400": (status(400), {1}, "refused the request (400"),
    "401": (status(401), {1}, "LLM_API_KEY was refused by openai/stub (401)"),
    "403": (status(403), {1}, "LLM_API_KEY was refused by openai/stub (403)"),
    "404": (status(404), {1}, "check LLM_MODEL and LLM_API_BASE"),
    "429": (status(429), {3}, "too many requests (429)"),
    "429 that asks for a minute": (status(429, Retry_After="60"), {1}, "too many requests (429)"),
    "500": (status(500), {3}, "does not work"),
    "503": (status(503), {3}, "does not work"),
    "redirect": (status(307, Location="/elsewhere"), {1}, "points elsewhere (307)"),
}


@pytest.mark.parametrize(("answer", "requests", "said"), FAULTS.values(), ids=FAULTS.keys())
def test_a_fault_ends_with_a_person_after_at_most_three_calls(
    judge: LlmClassifier, model_server: ModelServer, answer: Answer, requests: set[int], said: str
) -> None:
    model_server.says(answer)
    (judged,) = judge.classify([ANNA])
    assert is_for_a_person(judged)
    assert said in judged.error
    assert len(model_server.asked) in requests


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


# --- other models ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [400, 401, 404, 429, 500])
def test_a_fallback_model_answers_where_the_first_fails(
    judge: LlmClassifier, model_server: ModelServer, code: int
) -> None:
    model_server.answer = lambda asked: status(code) if asked.model == "stub" else Answer(VALID)
    (judged,) = with_fallback(judge, "openai/second").classify([ANNA])
    assert (judged.category, judged.model) == ("lead", "openai/second")
    assert [asked.model for asked in model_server.asked] == ["stub", "second"]


def test_many_fallback_models_do_not_make_more_than_three_calls(
    judge: LlmClassifier, model_server: ModelServer
) -> None:
    model_server.says(status(500))
    (judged,) = with_fallback(judge, *(f"openai/m{number}" for number in range(5))).classify([ANNA])
    assert is_for_a_person(judged)
    assert [asked.model for asked in model_server.asked] == ["stub", "m0", "m1"]


def test_only_models_of_the_same_provider_get_the_key(settings) -> None:  # type: ignore[no-untyped-def]
    settings.LLM_MODEL, settings.LLM_API_BASE, settings.LLM_API_KEY = "openai/a", "http://127.0.0.1:1/v1", KEY
    settings.LLM_FALLBACK_MODELS = ["openai/b", "anthropic/c"]
    judge = LlmClassifier.from_settings()
    assert judge.endpoints == (
        Endpoint("openai/a", "http://127.0.0.1:1/v1", KEY),
        Endpoint("openai/b", "http://127.0.0.1:1/v1", KEY),
        Endpoint("anthropic/c"),
    )
    assert KEY not in repr(judge)


def test_a_missing_key_is_named_and_costs_no_call(warm: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    (judged,) = LlmClassifier((Endpoint("openai/gpt-4o-mini"),), Limits(1)).classify([ANNA])
    assert is_for_a_person(judged)
    assert "set LLM_API_KEY" in judged.error


def test_a_server_of_ones_own_needs_no_key(judge: LlmClassifier, model_server: ModelServer) -> None:
    judge = LlmClassifier((Endpoint("openai/stub", model_server.url),), judge.limits)
    assert judge.classify([ANNA])[0].category == "lead"


def test_a_model_of_no_known_provider_is_named(warm: None) -> None:
    (judged,) = LlmClassifier((Endpoint("nobody/knows", api_key=KEY),), Limits(1)).classify([ANNA])
    assert is_for_a_person(judged)
    assert "LLM_MODEL" in judged.error


# --- looking after it --------------------------------------------------------------------------------------


def test_a_probe_says_in_one_line_how_one_call_went(judge: LlmClassifier, model_server: ModelServer) -> None:
    assert judge.probe().startswith("openai/stub answered in ")
    assert len(model_server.asked) == 1


@pytest.mark.parametrize(
    ("answer", "permanent", "said"),
    [
        (status(401), True, "LLM_API_KEY was refused"),
        (status(503), False, "does not work"),
        (Answer("Hello!"), True, "answers, but not as asked"),
    ],
    ids=["refused", "down", "chatty"],
)
def test_a_failed_probe_says_whether_a_person_must_mend_it(
    judge: LlmClassifier, model_server: ModelServer, answer: Answer, permanent: bool, said: str
) -> None:
    model_server.says(answer)
    with pytest.raises(ClassifierError, match=said) as raised:
        judge.probe()
    assert raised.value.permanent is permanent
    assert len(model_server.asked) == 1


@pytest.mark.parametrize("answer", [status(401), status(500), Answer("canary-from-the-server")])
def test_neither_key_nor_mail_nor_answer_reaches_a_log(
    judge: LlmClassifier,
    model_server: ModelServer,
    answer: Answer,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    model_server.says(answer)
    (judged,) = judge.classify([replace(ANNA, text="canary-from-the-mail")])
    written = caplog.text + "".join(capfd.readouterr()) + judged.error
    assert "canary" not in written


ALONE = """
import sys, django
def guard(event, args):
    address = args[1] if event == "socket.connect" else args if event == "socket.getaddrinfo" else ("127.0.0.1",)
    if isinstance(address, tuple) and address[0] not in ("127.0.0.1", "localhost", "::1", None):
        print("network:", event, address[0], flush=True)
        raise OSError("no network here")
sys.addaudithook(guard)
django.setup()
from triage.classifiers import MailText
from triage.classifiers.llm import LlmClassifier
print("loaded before a call:", "litellm" in sys.modules)
from triage.classifiers.llm.api import Endpoint
from triage.classifiers.llm.trial import Limits
endpoint = Endpoint("openai/stub", sys.argv[1], "key")
print(LlmClassifier((endpoint,), Limits(60)).classify([MailText("a", "b", "c", "d", "e")])[0].category)
"""


def test_nothing_is_imported_before_a_call_and_nobody_else_is_contacted(model_server: ModelServer) -> None:
    done = subprocess.run(
        [sys.executable, "-c", ALONE, model_server.url],
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.stdout.splitlines() == ["loaded before a call: False", "lead"], done.stderr
