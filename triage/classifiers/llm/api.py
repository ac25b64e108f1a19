"""One call of a model, within a hard time limit. The only importer of litellm."""

import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

from django.conf import settings
from pydantic import BaseModel

from triage.classifiers.llm import transport
from triage.classifiers.llm.usage import Usage, used

T = TypeVar("T")

MAX_TOKENS = 1000  # of an answer; some providers' own default is 64,000
SLOTS = threading.BoundedSemaphore(32)  # litellm's threaded path fails at random above 32 calls


class Unreadable(Exception):
    """The server says that all is well, and what it sends is no completion."""


class ClassifierError(Exception):
    """Why the model gave no answer.

    `permanent`: asking this model again is pointless until a person mends something. `every_mail`: that holds
    for every mail, not just for this one. `retry_after`: seconds that the other side asked us to wait. `lost`: an
    answer that came too late or that nobody can read; the model worked for it, so it may cost all the same.
    """

    lost: "Completion | None" = None

    def __init__(
        self, message: str, *, permanent: bool = False, every_mail: bool = False, retry_after: float = 0
    ) -> None:
        super().__init__(message)
        self.permanent = permanent or every_mail
        self.every_mail = every_mail
        self.retry_after = retry_after


@dataclass(frozen=True)
class Endpoint:
    """A model by its litellm name, and where and with which key to reach it; empty: the provider's own defaults."""

    model: str
    api_base: str = ""
    api_key: str = field(default="", repr=False)


@dataclass(frozen=True)
class Completion:
    """What a model answered. `finish` is "stop" when it is whole; `cost` (USD) is 0 where no price is known."""

    text: str
    finish: str
    usage: Usage
    cost: Decimal = Decimal(0)


def load() -> Any:
    """Import litellm, which takes seconds and 150 MB: only where a model is asked, and outside any deadline."""
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # else the import fetches a price list
    os.environ["LITELLM_LOCAL_ANTHROPIC_BETA_HEADERS"] = "True"  # else the first call fetches another list
    os.environ["LITELLM_MODE"] = "PRODUCTION"  # else the import loads any .env that it finds
    if not os.environ.get("LITELLM_LOG"):
        os.environ.pop("LITELLM_LOG", None)  # an empty one breaks the import
    import litellm

    with _loading:
        if litellm.client_session is None:
            litellm.telemetry = False
            litellm.suppress_debug_info = True
            litellm.client_session = transport.client(lambda status: setattr(_call, "status", status))
    return litellm


_loading = threading.Lock()
_call = threading.local()  # the HTTP status of the last answer in this thread


def same_provider(model: str, other: str) -> bool:
    """Whether two models are one provider's, so that they may share an address and a key."""
    return _provider(model) == _provider(other)


def complete(endpoint: Endpoint, chat: list[dict[str, str]], schema: type[BaseModel], seconds: float) -> Completion:
    """Ask once: exactly one request, no answer later than `seconds`. Raises ClassifierError and nothing else."""
    _require_provider_and_key(endpoint)
    try:
        return _completion(within(seconds, lambda: _asked(endpoint, chat, schema, seconds)), endpoint, chat)
    except Exception as error:
        explained = _explained(error, endpoint, seconds)
        if isinstance(error, TimeoutError | Unreadable) or getattr(error, "status_code", None) == 408:
            usage = used(None, chat, "")
            explained.lost = Completion("", "lost", usage, priced(endpoint.model, usage))
        raise explained from None


def _asked(endpoint: Endpoint, chat: list[dict[str, str]], schema: type[BaseModel], seconds: float) -> Any:
    """What litellm makes of the answer. Raises its errors, or Unreadable for an answer that is none."""
    _call.status = 0
    try:
        return load().completion(
            model=endpoint.model,
            messages=chat,
            response_format=schema,
            temperature=0,
            max_tokens=MAX_TOKENS,
            drop_params=True,
            num_retries=0,
            max_retries=0,
            timeout=seconds,
            api_base=endpoint.api_base or None,
            # A server of one's own needs no key, but the client does not start without any.
            api_key=endpoint.api_key or ("none" if endpoint.api_base else None),
        )
    except Exception as error:
        if _call.status == 200 and getattr(error, "status_code", None) != 408:
            raise Unreadable from None
        raise


def within(seconds: float, call: Callable[[], T]) -> T:
    """The call's result, or TimeoutError. A client's own time-out is per read: a server that drips outlasts it.

    The thread of an abandoned call keeps its slot until its connection ends, so that such threads cannot pile up.
    """
    future: Future[T] = Future()
    deadline = time.monotonic() + seconds

    def run() -> None:
        try:
            future.set_result(call())
        except BaseException as error:
            future.set_exception(error)
        finally:
            SLOTS.release()

    if not SLOTS.acquire(timeout=seconds):
        raise TimeoutError
    threading.Thread(target=run, name="model call", daemon=True).start()
    return future.result(timeout=deadline - time.monotonic())


def _provider(model: str) -> str:
    """The provider's name, "" for a model of none that is known."""
    try:
        return str(load().get_llm_provider(model)[1])
    except Exception:  # its class depends on the name
        return ""


def _require_provider_and_key(endpoint: Endpoint) -> None:
    """A missing key would look like a fault of the server, which is worth a retry; this is not."""
    if not _provider(endpoint.model):
        problem = f"{endpoint.model} is of no known provider: write LLM_MODEL like openai/NAME."
        raise ClassifierError(problem, every_mail=True)
    if endpoint.api_key or endpoint.api_base:
        return
    missing = [name for name in load().validate_environment(endpoint.model)["missing_keys"] if name.endswith("_KEY")]
    if missing:
        raise ClassifierError(f"{endpoint.model} needs a key: set LLM_API_KEY (or {missing[0]}).", every_mail=True)


def _completion(response: Any, endpoint: Endpoint, chat: list[dict[str, str]]) -> Completion:
    text, finish = _answer(response.choices)
    usage = used(getattr(response, "usage", None), chat, text)
    told = _money(response._hidden_params.get("response_cost"))
    return Completion(text, finish, usage, told or priced(endpoint.model, usage))


def _answer(choices: list[Any]) -> tuple[str, str]:
    """The text of the one answer, and how it ended."""
    if len(choices) != 1:
        return "", f"{len(choices)} answers"
    content = choices[0].message.content
    refused = not content and getattr(choices[0].message, "refusal", None)
    return content if isinstance(content, str) else "", "refusal" if refused else str(choices[0].finish_reason)


def priced(model: str, usage: Usage) -> Decimal:
    """USD by the price that litellm knows, else by the configured ones."""
    try:
        known = load().cost_per_token(model, usage.input_tokens, usage.output_tokens)
    except Exception:  # its class depends on the name
        known = (0.0, 0.0)
    sides = ((usage.input_tokens, settings.LLM_INPUT_PRICE), (usage.output_tokens, settings.LLM_OUTPUT_PRICE))
    return _money(float(sum(known))) or _money(sum(tokens * price / 1e6 for tokens, price in sides))


def _money(value: object) -> Decimal:
    """USD, to a millionth; 0 for a model without a known price."""
    return Decimal(f"{value:.6f}") if isinstance(value, float) and 0 <= value < 1e5 else Decimal(0)


def _explained(error: Exception, endpoint: Endpoint, seconds: float) -> ClassifierError:
    """One line in our words. The provider's own may quote the mail or the key, so they are not passed on."""
    model, status = endpoint.model, getattr(error, "status_code", None)
    if isinstance(error, ClassifierError):
        return error
    if isinstance(error, TimeoutError) or status == 408:
        return ClassifierError(f"{model} gave no answer within {seconds:.3g} s.")
    if isinstance(error, Unreadable):
        return ClassifierError(f"{model} answers, but what comes is no completion: check LLM_API_BASE.")
    if status in (401, 403):
        return ClassifierError(f"LLM_API_KEY was refused by {model} ({status}).", every_mail=True)
    if status == 404:
        return ClassifierError(f"{model} is not known there (404): check LLM_MODEL and LLM_API_BASE.", every_mail=True)
    if status == 429:
        return ClassifierError(f"{model} has too many requests (429).", retry_after=_retry_after(error))
    if status is not None and 300 <= status < 400:
        return ClassifierError(f"{model} points elsewhere ({status}): check LLM_API_BASE.", every_mail=True)
    if status is not None and 400 <= status < 500:
        return ClassifierError(f"{model} refused the request ({status} {type(error).__name__}).", permanent=True)
    return ClassifierError(f"{model} cannot be reached or does not work.", retry_after=_retry_after(error))


def _retry_after(error: Exception) -> float:
    """Seconds asked for by the Retry-After header, which may also be a date (RFC 9110, 10.2.3); 0 if there is none."""
    headers = getattr(error, "litellm_response_headers", None) or {}
    value = str(headers.get("retry-after", ""))
    if value.isascii() and value.isdigit():
        return float(value)
    try:
        return max((parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds(), 0)
    except (ValueError, TypeError):
        return 0
