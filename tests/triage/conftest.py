"""Fixtures for the tests of mail and judging."""

from collections.abc import Iterator

import pytest

from tests.servers.openai import ModelServer


@pytest.fixture
def model_server() -> Iterator[ModelServer]:
    """A model server on loopback; see its `answer` and `asked`."""
    with ModelServer() as server:
        yield server
