"""What the scheduler calls. The truth is in our own rows: a task that is lost or runs twice does no harm."""

import logging
import time
from typing import Any

from django.db import close_old_connections
from django.utils import timezone
from django_q.models import Schedule
from django_q.signals import post_execute, post_spawn
from django_q.tasks import async_task, queue_size

from inbox_router.delivery import work_off_all
from inbox_router.stopping import unwind_on_sigterm
from triage import services
from triage.learning import cache, guides
from triage.models import Decision, Heartbeat

log = logging.getLogger(__name__)

RUN = "triage.tasks.run_pipeline"
CHECKS = "triage.tasks.run_checks"
LEARNING = "triage.learning.refitting.run"  # by its path: SciPy is loaded where it fits, and only there
PING = "triage.tasks.ping"
DECISIONS = "triage.tasks.carry_out_decisions"
# The next run goes on with what is left. Much below the cluster's own time limit, which is brutal, and so
# short that two runs never keep both workers busy until the watchdog takes the cluster for dead.
SECONDS = 50


def run_pipeline() -> str:
    """One run over every mailbox, and the due deliveries."""
    report = services.process(seconds=SECONDS)
    for name, error in report.errors.items():
        log.error("%s: %s", name, error)
    return "; ".join(f"{name}: {error}" for name, error in report.errors.items()) or "ok"


def run_checks() -> str:
    """Compare every mailbox with our rows, and tell the managers what has waited too long."""
    cache.forget()
    return services.check()


def dry_run(pk: int) -> None:
    """Try definitions of the categories on recent mail."""
    guides.carry_out(pk)


def carry_out_decisions() -> None:
    """Carry out what people decided and did not take back, and what follows from it."""
    if services.carry_out_due():
        work_off_all(time.monotonic() + SECONDS)


def look_for_decisions() -> None:
    """Queue a task for the decisions that are due, if there are any: the scheduler itself counts in minutes."""
    if Decision.due(timezone.now()).exists():
        async_task(DECISIONS, save=False)


def ensure_schedules() -> None:
    """Make the schedules, once however often this is called. Runs are asked for by the watchdog, more often."""
    Schedule.objects.filter(func=RUN).delete()
    for name, func, minutes in (("learning", LEARNING, 1), ("checks", CHECKS, 60)):
        times = {"func": func, "schedule_type": Schedule.MINUTES, "minutes": minutes, "repeats": -1}
        Schedule.objects.update_or_create(name=name, defaults=times)


def run_soon() -> None:
    async_task(RUN)


def is_queue_empty() -> bool:
    """Whether all that was queued is in the cluster's hands; else it has enough to do."""
    return not queue_size()


# --- the sign of life -------------------------------------------------------------------------------------


def ping() -> None:
    """Do nothing: that it was done is the sign of life."""


def send_ping() -> None:
    async_task(PING, save=False)


def connect() -> None:
    """Have the cluster's processes call what is below. The signals are django-q2's, sent in its own processes."""
    post_spawn.connect(prepare_worker)
    post_execute.connect(note_ping)


def prepare_worker(sender: Any, **kwargs: Any) -> None:
    """In each worker at its start: a run that is told to end gives its mailbox back."""
    unwind_on_sigterm()


def note_ping(sender: Any, task: dict[str, Any], **kwargs: Any) -> None:
    """In the monitor, the last process that a task goes through: it was fetched, done and acknowledged."""
    if task["func"] == PING:
        close_old_connections()
        Heartbeat.beat()
