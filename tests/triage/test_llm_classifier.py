"""The language model as a judge: the real client library against a server on loopback."""

import json
import subprocess
import sys
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from django.conf import settings

from tests.servers.openai import Answer, Asked, ModelServer, completion, verdict
from tests.triage.llm import ANNA, KEY, VALID, is_for_a_person, status, with_fallback
from triage.classifiers import Judgement
from triage.classifiers.llm import ClassifierError, LlmClassifier
from triage.classifiers.llm.api import Endpoint
from triage.classifiers.llm.guide import shipped
from triage.classifiers.llm.trial import Limits


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
            prompt=shipped().version,
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


# --- other models ---


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


@pytest.mark.parametrize("usage", [{}, {"usage": None}, {"usage": {"prompt_tokens": 0, "completion_tokens": 0}}])
@pytest.mark.parametrize("model", ["gpt-4o-mini", "openai/stub"])
def test_where_the_server_tells_no_tokens_the_cost_is_estimated_and_rather_too_high(
    judge: LlmClassifier,
    model_server: ModelServer,
    settings: Any,
    usage: dict[str, Any],
    model: str,
) -> None:
    settings.LLM_INPUT_PRICE, settings.LLM_OUTPUT_PRICE = 0.15, 0.6
    said = Answer(verdict(), input_tokens=0, output_tokens=0)

    def silent(asked: Asked) -> Answer:
        return Answer(body=json.dumps(json.loads(completion(asked, said)) | usage).encode())

    model_server.answer = silent
    asks = LlmClassifier((replace(judge.endpoints[0], model=model),), judge.limits)
    (judged,) = asks.classify([ANNA])
    asked = sum(len(one["content"]) for one in model_server.asked[0].chat)
    assert judged.estimated
    assert asked / 4 < judged.input_tokens < asked / 2
    by_hand = (judged.input_tokens * 0.15 + judged.output_tokens * 0.6) / 1e6
    assert float(judged.cost) == pytest.approx(by_hand, abs=1e-6)


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


# --- looking after it ---


def test_a_probe_says_in_one_line_how_one_call_went(judge: LlmClassifier, model_server: ModelServer) -> None:
    assert judge.probe().said.startswith("openai/stub answered in ")
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
