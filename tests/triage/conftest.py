"""Fixtures for the tests of mail and judging."""

from collections.abc import Iterator

import pytest

from tests.servers.openai import ModelServer
from tests.triage.llm import ANNA, KEY
from triage.classifiers.llm import LlmClassifier
from triage.classifiers.llm.api import Endpoint
from triage.classifiers.llm.trial import Limits


@pytest.fixture
def model_server() -> Iterator[ModelServer]:
    """A model server on loopback; see its `answer` and `asked`."""
    with ModelServer() as server:
        yield server


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
