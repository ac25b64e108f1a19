"""Whatever the language model answers: what is not exactly by the contract ends with a person."""

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from tests.servers.openai import Answer, ModelServer, verdict
from tests.triage.llm import ANNA, VALID, is_for_a_person
from triage.classifiers.llm import LlmClassifier

TRASH = {"id": "1", "type": "function", "function": {"name": "trash", "arguments": "{}"}}


def said(content: object, *, finish_reason: str = "stop", **more: object) -> dict[str, object]:
    """One choice of a completion."""
    message = {"role": "assistant", "content": content} | more
    return {"index": 0, "finish_reason": finish_reason, "message": message}


def completion_of(*choices: object, tokens: object = None) -> bytes:
    """The body of a completion with these choices; without `tokens` it tells no usage."""
    usage = {"prompt_tokens": tokens, "completion_tokens": tokens, "total_tokens": tokens}
    told = {"id": "1", "object": "chat.completion", "model": "stub", "created": 1, "choices": choices}
    return json.dumps(told | ({"usage": usage} if tokens else {})).encode()


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
    "no choice": Answer(body=completion_of()),
    "two choices": Answer(body=completion_of(said(VALID), said(VALID))),
    "null for choices": Answer(body=b'{"id": "1", "object": "chat.completion", "model": "stub", "choices": null}'),
    "a choice without a message": Answer(body=completion_of({"index": 0, "finish_reason": "stop"})),
    "content in parts": Answer(body=completion_of(said([{"type": "text", "text": VALID}]))),
    "content that is a number": Answer(body=completion_of(said(1))),
    "a call of a tool": Answer(body=completion_of(said(None, tool_calls=[TRASH], finish_reason="tool_calls"))),
    "tokens beyond all measure": Answer(body=completion_of(said("no"), tokens=10**30)),
    "negative tokens": Answer(body=completion_of(said("no"), tokens=-7)),
    "tokens in words": Answer(body=completion_of(said("no"), tokens="many")),
    "not a completion": Answer(body=b'{"error": null}'),
    "a list for a completion": Answer(body=b"[]"),
    "events": Answer(body=b'data: {"choices": []}\n\ndata: [DONE]\n\n'),
}


def test_there_are_at_least_forty_malformed_answers() -> None:
    assert len(MALFORMED) >= 40


@pytest.mark.parametrize("answer", MALFORMED.values(), ids=MALFORMED.keys())
def test_a_malformed_answer_ends_with_a_person_and_its_cost_is_recorded(
    judge: LlmClassifier, model_server: ModelServer, answer: Answer, settings: Any
) -> None:
    settings.LLM_INPUT_PRICE, settings.LLM_OUTPUT_PRICE = 1000, 2000  # USD for a million tokens
    model_server.says(answer)
    (judged,) = LlmClassifier(judge.endpoints, replace(judge.limits, call=10)).classify([ANNA])
    assert is_for_a_person(judged)
    calls = len(model_server.asked)
    assert 1 <= calls <= 3
    if answer.body is None:
        assert (judged.input_tokens, judged.output_tokens) == (100 * calls, 20 * calls)
        assert (judged.cost, judged.estimated) == (calls * Decimal("0.14"), False)
    else:
        assert judged.estimated
        assert Decimal("0.5") * calls < judged.cost < 2 * calls, "a question of about 1,000 tokens"


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
