"""What the tests of the language model share."""

from dataclasses import replace

from tests.servers.openai import Answer, verdict
from triage.classifiers import Judgement, MailText
from triage.classifiers.llm import LlmClassifier

BODY = "Hello,\nwhat would 40 oak desks cost?\nAnna Berg, Nordholz GmbH"
ANNA = MailText("Price for 40 desks", "Anna Berg", "anna@nordholz.example", BODY, BODY)
KEY = "sk-canary-key"
VALID = verdict()
ERROR = b'{"error": {"message": "canary-from-the-server", "type": "x", "code": "x"}}'


def status(code: int, **headers: str) -> Answer:
    return Answer(status=code, body=ERROR, headers={name.replace("_", "-"): value for name, value in headers.items()})


def with_fallback(judge: LlmClassifier, *models: str) -> LlmClassifier:
    """The same with more models at the same server."""
    first = judge.endpoints[0]
    return LlmClassifier((first, *(replace(first, model=model) for model in models)), judge.limits)


def one_by_one(judge: LlmClassifier) -> LlmClassifier:
    return LlmClassifier(judge.endpoints, judge.limits, concurrency=1)


def is_for_a_person(judged: Judgement) -> bool:
    return (judged.category, judged.confidence) == ("uncertain", 0.0) and 10 < len(judged.error) < 200
