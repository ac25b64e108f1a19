"""The processes under test. One parent loads the program once; each job is done by a fork of it, which may die.

    {"deed": "process", "database": ..., "user": ..., "log": ..., "at": 7, "side": "before"}

is answered by {"status": 0} or {"killed": true}. Started by `Children`; not by hand.
"""

import json
import os
import socket
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import django
from django.core.management import load_command_class

ANSWER_TIME = 3.0  # seconds at most that a client waits for anything, where a job is `impatient`


def main() -> None:
    """Do the jobs that come in by the line."""
    django.setup()
    services = {int(port): name for port, name in json.loads(sys.argv[1]).items()}
    load()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            os._exit(live(json.loads(line), services))
        _, status = os.waitpid(pid, 0)
        killed = os.WIFSIGNALED(status)
        answer = {"killed": killed, "status": 0 if killed else os.waitstatus_to_exitcode(status)}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def load() -> None:
    """Import what a run needs, and would take seconds to import in each."""
    import_module("triage.classifiers.llm.api").load()
    for name in ("google.oauth2.service_account", "gspread", "openai.resources.chat", "smtplib", "crm.sheets"):
        import_module(name)
    for name in ("proxy._types", "_service_logger", "integrations.prometheus_services"):  # at its first call
        import_module(f"litellm.{name}")
    load_command_class("triage", "process_inbox")


def live(job: dict[str, Any], services: dict[int, str]) -> int:
    """Do one job in this process, which belongs to it alone."""
    from django.conf import settings
    from django.db import connection

    from tests.crash.points import Points

    log = Path(job["log"])
    said = os.open(log.with_suffix(".said"), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for standard in (1, 2):
        os.dup2(said, standard)
    connection.settings_dict["NAME"] = job["database"]
    settings.MAILBOXES = {"inbox": replace(settings.MAILBOXES["inbox"], user=job["user"])}
    settings.AUDIT_CSV = job["csv"]
    if job.get("impatient"):
        settings.LLM_TIMEOUT = ANSWER_TIME
        hurry()
    Points(log, services, job.get("at", -1), job.get("side", "")).install()
    try:
        DEEDS[job["deed"]](job)
    except BaseException:
        traceback.print_exc()
        return 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    return 0


def hurry() -> None:
    """Shorten every time-out, at the socket: whoever waits for an answer gives up soon."""
    original = socket.socket.settimeout

    def settimeout(sock: socket.socket, seconds: float | None) -> None:
        original(sock, ANSWER_TIME if seconds is None else min(seconds, ANSWER_TIME))

    socket.socket.settimeout = settimeout  # type: ignore[method-assign, assignment]


def process(job: dict[str, Any]) -> None:
    from django.core.management import call_command

    call_command("process_inbox")


def review(job: dict[str, Any]) -> None:
    """A person looks at what waits for one, and says what it is; the next run carries it out."""
    from tests.mails import verdict_on
    from triage.models import Message
    from triage.services import Conflict, hold_decision

    for message in Message.objects.filter(status=Message.Status.REVIEW).order_by("pk"):
        category = str(verdict_on(message.subject)["category"])
        with suppress(Conflict):  # it was decided before the process was killed
            hold_decision(message, "lead" if category == "uncertain" else category, person(), why="read it")


def approve(job: dict[str, Any]) -> None:
    """A person approves the reply to the first lead; the next run carries it out."""
    from triage.models import Draft
    from triage.services import Conflict, hold_approval

    for draft in Draft.objects.filter(message__subject__startswith="lead number", state=Draft.State.WAITING):
        with suppress(Conflict):
            hold_approval(draft, "approve", person())


def look(job: dict[str, Any]) -> None:
    """A person looks after what is unconfirmed: what the customer did not get is to be sent after all."""
    from triage.models import MailboxDelivery

    for delivery in MailboxDelivery.objects.filter(state=MailboxDelivery.State.UNCONFIRMED):
        if delivery.message.message_id not in job["arrived"]:
            delivery.retry()


def person() -> Any:
    from django.contrib.auth import get_user_model

    return get_user_model().objects.get(username="petra")


DEEDS: dict[str, Callable[[dict[str, Any]], None]] = {
    "process": process,
    "review": review,
    "approve": approve,
    "look": look,
}

if __name__ == "__main__":
    main()
