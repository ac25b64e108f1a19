"""Keeps the scheduler's cluster at work: it is restarted when it ends, and when nothing comes through it any more.

A cluster of django-q2 can stop working for good while all looks well, when one of its processes was killed while it
held a queue's lock. So a small task is sent through the queue at intervals, and only its way through all of the
cluster's processes counts as a sign of life. Where two clusters share a queue, either may give it. One of its workers
that dies is replaced by the cluster itself; what it had in hand is taken over here.
"""

import logging
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import close_old_connections

from inbox_router.cluster import Cluster
from triage import tasks
from triage.models import Heartbeat
from triage.running.takeover import take_over_from_the_dead

log = logging.getLogger(__name__)

EVERY = 30.0  # seconds, from run to run: what is wrong with mailboxes and deliveries is tried again as often
STALE = 100.0  # seconds; shorter ones would take two workers that are busy with long runs for dead
PINGS = 10  # in that time
TICK = 0.25  # seconds
LOOK = 2.0  # seconds, between looks for decisions whose time has come
LONGEST_PAUSE = 30.0  # seconds, between restarts of a cluster that ends again and again


class Watchdog:
    """Watches one cluster. `stale`: seconds without a sign of life after which it is restarted."""

    def __init__(self, stale: float = STALE) -> None:
        self.stale = stale
        self.cluster = Cluster(prepare=tasks.connect)
        self.told_to_stop = False
        self.beat: object = None  # the last sign of life that was seen
        self.pause = 0.0
        self.looked = 0.0
        self.queue_trouble = ""

    def run(self) -> None:
        """Stay until SIGTERM or SIGINT; then nothing of the cluster is left."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        self._start()
        try:
            log.info("the worker runs")
            while not self.told_to_stop:
                time.sleep(TICK)
                self._look()
                if trouble := self._trouble():
                    self._restart(trouble)
            log.info("the worker stops")
        finally:
            self.cluster.stop()
        log.info("the worker has stopped")

    def _stop(self, number: int, frame: object) -> None:
        self.told_to_stop = True

    def _start(self) -> None:
        self.started = self.seen = self.asked = self.ran = time.monotonic()
        self.cluster.start()
        with self._queue():
            take_over_from_the_dead()
            tasks.run_soon()

    def _look(self) -> None:
        """Have the decisions carried out that are due."""
        if time.monotonic() - self.looked > LOOK:
            self.looked = time.monotonic()
            with self._queue():
                tasks.look_for_decisions()

    def _trouble(self) -> str:
        """Why the cluster must be restarted, if it must."""
        if not self.cluster.is_running():
            return "its main process or its guard has ended"
        if time.monotonic() - self.asked > self.stale / PINGS:
            self._work()  # before a ping is in the queue
            self._listen()
        if time.monotonic() - self.seen > self.stale:
            return f"no task came through the queue for {self.stale:.0f} s"
        return ""

    def _listen(self) -> None:
        """See whether there was a sign of life, and ask for the next one."""
        self.asked = time.monotonic()
        with self._queue():
            beat = Heartbeat.of_worker().beat_at
            tasks.send_ping()
            if beat == self.beat:
                return
            self.beat = beat
        self.seen = time.monotonic()  # also when nothing can be known: a restart mends no database

    def _work(self) -> None:
        """Ask for a run when it is time, or when there is work that a dead process has left."""
        with self._queue():
            if take_over_from_the_dead():
                Heartbeat.of_worker().note_restart("a process died at its work")
                tasks.run_soon()
            elif time.monotonic() - self.ran > EVERY and tasks.is_queue_empty():
                self.ran = time.monotonic()
                tasks.run_soon()

    def _restart(self, trouble: str) -> None:
        log.error("the cluster is restarted: %s", trouble)
        lived = time.monotonic() - self.started
        self.pause = 0.0 if lived > 2 * LONGEST_PAUSE else min(max(2 * self.pause, 0.5), LONGEST_PAUSE)
        self.cluster.end()
        with self._queue():
            Heartbeat.of_worker().note_restart(trouble)
        until = time.monotonic() + self.pause
        while time.monotonic() < until and not self.told_to_stop:
            time.sleep(TICK)
        if not self.told_to_stop:
            self._start()

    @contextmanager
    def _queue(self) -> Iterator[None]:
        """Use database and queue; that they cannot be reached is told once, and once when they can be again."""
        close_old_connections()
        try:
            yield
        except Exception as error:  # whatever database and broker raise: the loop never exits
            trouble = type(error).__name__
            if trouble != self.queue_trouble:
                log.error("the database or the queue cannot be used: %s", " ".join(str(error).split())[:200])
            self.queue_trouble = trouble
        else:
            if self.queue_trouble:
                log.info("the database and the queue can be used again")
            self.queue_trouble = ""
