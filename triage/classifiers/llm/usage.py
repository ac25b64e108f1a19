"""The tokens that an answer used: as the server counts them, or estimated by length where it does not."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

BYTES = 3  # of a token. English has about four, Chinese three: an estimate is rather too high, so that a budget holds
MOST = 10_000_000  # tokens of one call; no model reads as many


@dataclass(frozen=True)
class Usage:
    """Tokens of a question and of its answer."""

    input_tokens: int
    output_tokens: int
    estimated: bool = False


def used(told: Any, chat: Iterable[Mapping[str, str]], text: str) -> Usage:
    """What the server told; by the length of what was asked and answered if it told nothing."""
    counted = Usage(_count(getattr(told, "prompt_tokens", 0)), _count(getattr(told, "completion_tokens", 0)))
    if counted.input_tokens or counted.output_tokens:
        return counted
    return Usage(_tokens("".join(one["content"] for one in chat)), _tokens(text), estimated=True)


def _count(value: object) -> int:
    """A number of tokens; 0, so none told, for one that no answer of ours can have."""
    return value if type(value) is int and 0 < value <= MOST else 0


def _tokens(text: str) -> int:
    return -(-len(text.encode()) // BYTES)
