"""A program that reads mail as ours does, after it has done to itself what the subject says."""

import os
import re
import resource
import signal
import sys
import time
from collections.abc import Callable, Sequence

from triage.mailbox.mails import FetchedMail
from triage.parsing import ParsedMail, fetched_from_bytes, parse
from triage.parsing.reader import serve

COMMAND = (sys.executable, "-m", "tests.triage.obedient")


def mail(order: str, number: int = 0) -> FetchedMail:
    """A mail that makes this program do `order`, one of DEEDS."""
    return fetched_from_bytes(f"From: anna@x.example\nSubject: {order}\n\nMail {number} of Anna.\n".encode())


def hang() -> None:
    sys.stdout.write("hanging\n")
    sys.stdout.flush()
    re.match("(a+)+$", "a" * 60 + "b")  # holds the interpreter for years


def fail() -> None:
    raise ValueError("Mail of Anna")


DEEDS: dict[str, Callable[[], object]] = {
    "read": lambda: None,
    "nap": lambda: time.sleep(0.05),
    "hang": hang,
    "swell": lambda: bytearray(400_000_000),
    "crash": lambda: os.kill(os.getpid(), signal.SIGSEGV),
    "fail": fail,
    "give up": lambda: sys.exit(3),
}


def read(mail: FetchedMail, company_domains: Sequence[str], form_domains: Sequence[str]) -> ParsedMail:
    parsed = parse(mail, company_domains, form_domains)
    DEEDS[parsed.subject]()
    return parsed


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    serve(read, orphan=4)
