"""How a question goes out: to the configured address and nowhere else, with no answer later than its time-out."""

import time
from collections.abc import Callable, Iterator
from typing import cast

import httpx

LONGEST = 20_000_000  # bytes of an answer; a right one has a thousand


def client(told: Callable[[int], None]) -> httpx.Client:
    """A client that tells the status of each answer before it is read, in the thread that asked."""
    hooks = {"response": [lambda response: told(response.status_code)]}
    # A mail goes to the address that was configured, not to where that one points.
    return httpx.Client(transport=Punctual(), event_hooks=hooks, follow_redirects=False)


class Punctual(httpx.HTTPTransport):
    """Counts the time-out from the request on. By itself it is per read, so that a server that drips outlasts it."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        seconds = request.extensions["timeout"]["read"]
        until = time.monotonic() + seconds
        response = super().handle_request(request)
        response.stream = Bounded(cast(httpx.SyncByteStream, response.stream), until)
        return response


class Bounded(httpx.SyncByteStream):
    """A body that has to be there by `until`, a time of the monotonic clock, and has LONGEST bytes at most."""

    def __init__(self, body: httpx.SyncByteStream, until: float) -> None:
        self.body, self.until = body, until

    def __iter__(self) -> Iterator[bytes]:
        size = 0
        for piece in self.body:
            size += len(piece)
            if time.monotonic() > self.until:
                raise httpx.ReadTimeout("the answer comes too slowly")
            if size > LONGEST:
                raise httpx.ReadError("the answer is too long")
            yield piece

    def close(self) -> None:
        self.body.close()
