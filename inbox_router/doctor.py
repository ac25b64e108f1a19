"""Tests every connection, step by step, and says what to do: the mechanism, and the checks of what all apps share.

Each app adds checks of its own in a module `doctor`:

    @check("slack")
    def slack() -> Iterator[Finding]: ...
"""

import logging
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from django.conf import settings
from django.core import checks
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import TextChoices
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext as _
from django_q.brokers import get_broker

log = logging.getLogger(__name__)

LITTLE, TOO_LITTLE = 500, 20  # MB of space


class Result(TextChoices):
    OK = "OK", "works"
    WARN = "WARN", "works, but look at it"
    FAIL = "FAIL", "does not work"
    SKIP = "SKIP", "is not used"


@dataclass(frozen=True)
class Finding:
    """What one step found, in words without secrets, and what a person should do about it."""

    name: str
    result: Result
    found: str
    hint: str = ""
    milliseconds: int = 0


Check = Callable[[], Iterator[Finding]]
_checks: dict[str, Check] = {}


def check(name: str) -> Callable[[Check], Check]:
    """Register a check. It yields a finding for each step and ends at the first one that fails."""

    def register(function: Check) -> Check:
        _checks[name] = function
        return function

    return register


def names() -> list[str]:
    """All checks, the deepest app's first."""
    autodiscover_modules("doctor")
    return list(_checks)


def examine(*only: str) -> Iterator[Finding]:
    """Run all checks, or those that are named; each finding comes as soon as it is there. Never raises."""
    for name in names():
        if not only or name in only:
            yield from _timed(name, _checks[name]())


def _timed(name: str, steps: Iterator[Finding]) -> Iterator[Finding]:
    while True:
        started = time.monotonic()
        try:
            finding = next(steps)
        except StopIteration:
            return
        except Exception as error:  # not its text, which may quote a secret
            log.exception("the check %s failed unexpectedly", name)
            finding = Finding(
                name,
                Result.FAIL,
                _("failed unexpectedly (%(error)s)") % {"error": type(error).__name__},
                _("The log says more."),
            )
        yield replace(finding, milliseconds=round((time.monotonic() - started) * 1000))


# --- what all apps share ----------------------------------------------------------------------------------


@check("settings")
def check_settings() -> Iterator[Finding]:
    """What `manage.py check` says."""
    told = sorted(checks.run_checks(), key=lambda message: -message.level)
    for message in told:
        result = Result.FAIL if message.level >= checks.ERROR else Result.WARN
        result = Result.OK if message.level <= checks.INFO else result
        yield Finding("settings", result, str(message.msg), message.hint or "")
    if not told:
        yield Finding("settings", Result.OK, _("nothing is missing, nothing contradicts"))


@check("database")
def check_database() -> Iterator[Finding]:
    """That it answers and has the tables of this version."""
    try:
        connection.ensure_connection()
        kind = f"{connection.vendor} {'.'.join(map(str, connection.get_database_version()))}"
        executor = MigrationExecutor(connection)
        missing = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    except DatabaseError as error:
        said = " ".join(str(error).split())[:200]
        found = _("it cannot be used: %(error)s") % {"error": said}
        yield Finding("database", Result.FAIL, found, _("Check DATABASE_URL and its server."))
        return
    if missing:
        found = _("%(kind)s, %(missing)s migrations are missing") % {"kind": kind, "missing": missing}
        yield Finding("database", Result.FAIL, found, _("Run: manage.py migrate"))
    else:
        found = _("%(kind)s, its tables are those of this version") % {"kind": kind}
        yield Finding("database", Result.OK, found)


@check("disk")
def check_disk() -> Iterator[Finding]:
    """That there is space left for the database's file and the others in DATA_DIR."""
    left = shutil.disk_usage(settings.DATA_DIR).free // 1_000_000
    hint = "" if left > LITTLE else _("Make space: without any, nothing can be recorded, and nothing is done.")
    result = Result.OK if left > LITTLE else Result.WARN if left > TOO_LITTLE else Result.FAIL
    yield Finding("disk", result, _("DATA_DIR has %(left)s MB left") % {"left": left}, hint)


@check("queue")
def check_queue() -> Iterator[Finding]:
    """That Redis answers, if it is used."""
    if not settings.REDIS_URL:
        yield Finding("queue", Result.SKIP, _("the database is the queue"))
        return
    url = urlsplit(settings.REDIS_URL)
    where = f"Redis ({url.hostname}:{url.port or 6379})" if url.hostname else "Redis"
    try:
        get_broker().ping()
    except Exception as error:  # redis-py's, whatever the broker
        said = _("%(server)s does not answer (%(error)s)") % {"server": where, "error": type(error).__name__}
        yield Finding("queue", Result.FAIL, said, _("Check REDIS_URL and its server."))
        return
    yield Finding("queue", Result.OK, _("%(server)s answers") % {"server": where})
