"""No server holds a call of a model beyond its time, however it goes about it, and none wears the places out."""

import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import TypeVar

import pytest

from tests.servers.openai import ModelServer
from tests.triage.llm import ANNA, KEY, is_for_a_person
from triage.classifiers.llm import LlmClassifier, api
from triage.classifiers.llm.api import ClassifierError, Endpoint
from triage.classifiers.llm.reply import Reply
from triage.classifiers.llm.trial import Limits

T = TypeVar("T")
AT_MOST = 60  # seconds after which a test gives up; what it tries takes two
BEGIN = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
WAYS = {  # what is said at once, and what then again and again
    "accepts and says nothing": (b"", b""),
    "drips a header": (b"HTTP/1.1 200 OK\r\nX-Wait: ", b"."),
    "drips headers": (BEGIN, b"X-Wait: on\r\n"),
    "drips a body": (BEGIN + b"Content-Length: 1000000000\r\n\r\n", b" "),
    "drips chunks": (BEGIN + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    "drips early hints": (b"", b"HTTP/1.1 103 Early Hints\r\n\r\n"),
}


@contextmanager
def endless(begin: bytes, again: bytes, pause: float = 0.05) -> Iterator[str]:
    """The URL of a server that never comes to an end until its client hangs up, `pause` seconds between the pieces."""
    over = threading.Event()

    def serve(peer: socket.socket) -> None:
        with peer, suppress(OSError):
            peer.sendall(begin)
            while not over.wait(pause):
                peer.sendall(again)

    def accept(listening: socket.socket) -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=serve, args=(listening.accept()[0],), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=accept, args=(listening,), daemon=True).start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/v1"
        over.set()


def ended(call: Callable[[], T]) -> T:
    """What a call returns; fails if it does not."""
    future: Future[T] = Future()
    threading.Thread(target=lambda: future.set_result(call()), daemon=True).start()
    return future.result(AT_MOST)


@pytest.mark.usefixtures("warm")
@pytest.mark.parametrize(("begin", "again"), WAYS.values(), ids=WAYS.keys())
def test_a_server_that_never_ends_its_answer_holds_no_mail(begin: bytes, again: bytes) -> None:
    with endless(begin, again) as url:
        judge = LlmClassifier((Endpoint("openai/stub", url, KEY),), Limits(call=0.5, pause=0.01))
        (judged,) = ended(lambda: judge.classify([ANNA]))
    assert is_for_a_person(judged)
    assert "no answer within" in judged.error


@pytest.mark.usefixtures("warm")
def test_a_server_that_never_accepts_holds_no_mail() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=1) as deaf:
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}/v1"
        judge = LlmClassifier((Endpoint("openai/stub", url, KEY),), Limits(call=0.5, pause=0.01))
        (judged,) = ended(lambda: judge.classify([ANNA]))
    assert is_for_a_person(judged)
    assert "no answer within" in judged.error


@pytest.mark.usefixtures("warm")
def test_servers_that_drip_do_not_use_the_places_for_calls_up(model_server: ModelServer) -> None:
    chat, places = [{"role": "user", "content": "Hello"}], 32

    def drip(url: str) -> str:
        with pytest.raises(ClassifierError) as raised:
            api.complete(Endpoint("openai/stub", url, KEY), chat, Reply, 0.5)
        return str(raised.value)

    with endless(*WAYS["drips chunks"]) as url:
        with ThreadPoolExecutor(places) as pool:
            told = list(pool.map(drip, [url] * 2 * places))
        assert all("no answer within" in one for one in told)
        assert api.complete(Endpoint("openai/stub", model_server.url, KEY), chat, Reply, AT_MOST).finish == "stop"


@pytest.mark.usefixtures("warm")
def test_a_server_that_floods_is_not_read_to_its_end() -> None:
    begin = BEGIN + b"Content-Length: 100000000000\r\n\r\n"
    with endless(begin, b" " * 1_000_000, pause=0) as url:
        judge = LlmClassifier((Endpoint("openai/stub", url, KEY),), Limits(call=AT_MOST, pause=0.01))
        (judged,) = ended(lambda: judge.classify([ANNA]))
    assert is_for_a_person(judged)
    assert "what comes is no completion" in judged.error
