"""django-q2's cluster as one group of processes that is started and ended as a whole.

Its processes outlive one another: when one is killed, others may go on for ever, doing nothing or doing old code's
work. So they get a session of their own, and only the whole group is ended.
"""

import logging
import multiprocessing
import os
import select
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress

from django.db import connections
from django_q.cluster import Cluster as Processes

log = logging.getLogger(__name__)

GRACE = 6.0  # seconds that the tasks get to be finished
UNWIND = 2.0  # seconds that a task gets to give back what it holds; both together below the 10 that Docker grants


class Cluster:
    """At most one cluster, forked from this process: what is imported here is shared by its workers.

    `prepare` is called in the new process before it forks the workers. Should our own process be killed, the
    cluster ends itself.
    """

    def __init__(self, prepare: Callable[[], None]) -> None:
        self._prepare = prepare
        self._lifeline, self._hold = os.pipe()  # nobody writes: its end is seen when nobody holds it any more

    def start(self) -> None:
        connections.close_all()  # a database connection that two processes share is broken for both
        self._main = multiprocessing.get_context("fork").Process(target=self._run, name="cluster")
        self._main.start()

    def is_running(self) -> bool:
        """Whether it has its main process; it may do nothing all the same."""
        return self._main.is_alive()

    def stop(self) -> None:
        """End it within GRACE + UNWIND seconds, and let the tasks be finished if they can be until then."""
        self._main.terminate()
        self._main.join(GRACE)
        self.end()

    def end(self) -> None:
        """End every process of it within UNWIND seconds, the last ones by SIGKILL."""
        self._signal(signal.SIGTERM)
        if not self._gone_within(UNWIND):
            self._signal(signal.SIGKILL)
            self._gone_within(UNWIND)

    def _signal(self, number: int) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._group, number)

    def _gone_within(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while self._main.is_alive() or self._has_members():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        return True

    def _has_members(self) -> bool:
        try:
            os.killpg(self._group, 0)
        except ProcessLookupError:
            return False
        return True

    @property
    def _group(self) -> int:
        assert self._main.pid
        return self._main.pid

    # --- in the new process -------------------------------------------------------------------------------

    def _run(self) -> None:
        """Be the main process until the guard of the others ends, by itself or because we are told to stop."""
        os.setsid()
        os.close(self._hold)
        self._prepare()
        processes, told = Processes(), list[int]()
        # Not django-q2's own handlers, which now and then wait for themselves for ever.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda number, frame: told.append(number))
        try:
            processes.start()
        except RuntimeError as error:
            log.error("the cluster did not start: %s", error)
            sys.exit(1)
        while processes.sentinel.is_alive():
            if told:
                processes.stop_event.set()
            if select.select([self._lifeline], [], [], 0.2)[0]:
                os.killpg(0, signal.SIGKILL)
        sys.exit(processes.sentinel.exitcode)
