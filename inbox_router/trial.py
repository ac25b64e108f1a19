"""Connections tried with settings that are not in force: by the doctor, in a process of its own.

The settings of a process are read once, when it starts. So values that somebody typed are handed to a child as its
environment, and end with it: they are never stored, never logged and never shown again.
"""

import json
import subprocess
import sys
from collections.abc import Mapping

from django.conf import settings
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from inbox_router.doctor import Finding, Result
from inbox_router.environment import with_settings

PATIENCE = 25  # seconds: the web server ends a request that takes 30


def examine_with(check: str, typed: Mapping[str, str]) -> list[Finding]:
    """What the doctor finds, step by step, with these values in place of those in force. Never raises."""
    command = [sys.executable, "manage.py", "doctor", "--json", "--only", check]
    command += ["--language", get_language() or settings.LANGUAGE_CODE]
    try:
        done = subprocess.run(  # noqa: S603 (our own program)
            command,
            cwd=settings.BASE_DIR,
            env=with_settings(dict(typed)),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
    except subprocess.TimeoutExpired:
        return [
            Finding(
                check,
                Result.FAIL,
                _("no answer within %(seconds)s seconds") % {"seconds": PATIENCE},
                _("Check host and port."),
            )
        ]
    try:
        return [Finding(**(one | {"result": Result(one["result"])})) for one in json.loads(done.stdout)]
    except ValueError:  # it stopped before the first step: a setting is misspelt
        return [Finding(check, Result.FAIL, refused(done.stderr, typed), _("Write it as .env.example shows."))]


def refused(said: str, typed: Mapping[str, str]) -> str:
    """The last line that a program printed, without anything that was typed."""
    line = (said.strip().splitlines() or [_("the settings cannot be used")])[-1]
    for value in filter(None, typed.values()):
        line = line.replace(value, "…")
    return line[:300]
