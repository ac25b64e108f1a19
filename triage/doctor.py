"""The checks of what triage connects to: mailboxes, model, mail server, worker."""

import smtplib
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.mail import get_connection
from django.db import DatabaseError
from django.utils import timezone

from inbox_router.doctor import Finding, Result, check
from inbox_router.environment import MailboxAccount
from triage.classifiers import Judgement
from triage.classifiers.llm import ClassifierError, LlmClassifier
from triage.classifiers.local import LocalClassifier
from triage.learning.guides import in_force_if_known
from triage.mailbox import ImapMailbox, MailboxError, Role
from triage.mailbox.errors import variable
from triage.models import Heartbeat
from triage.running.watchdog import STALE


@check("mailbox")
def check_mailboxes() -> Iterator[Finding]:
    """For each: sign-in, the watched folder, the others, labels, announcements. Nothing is changed."""
    if not settings.MAILBOXES:
        hint = "Set MAILBOX_URL (see .env.example), or look at the product with `make demo`."
        yield Finding("mailbox", Result.FAIL, "none is set up", hint)
    for account in settings.MAILBOXES.values():
        name = f"mailbox {account.name}"
        try:
            yield from _mailbox(name, account)
        except MailboxError as error:
            hint = f"Mend {variable(account)}." if error.permanent else f"Try again, or mend {variable(account)}."
            yield Finding(name, Result.FAIL, str(error), hint)


def _mailbox(name: str, account: MailboxAccount) -> Iterator[Finding]:
    with ImapMailbox.open(account) as box:
        yield Finding(name, Result.OK, f"signed in at {account.host} as {account.user}")
        yield Finding(name, Result.OK, f"folder {account.folder} has {box.state().messages} messages")
        for role, path in box.folders().items():
            if role is not Role.INBOX:
                found = f"{role} is {path}" if path else f"{role} is made when it is first needed"
                yield Finding(name, Result.OK, found)
        yield Finding(name, Result.OK, f"labels are kept as {box.label_style()}")
        if box.announces_mail:
            yield Finding(name, Result.OK, "new mail is announced (IDLE)")
        else:
            yield Finding(
                name, Result.WARN, "new mail is not announced", "Nothing: it is looked for every few seconds."
            )


@check("model")
def check_model() -> Iterator[Finding]:
    """Have one tiny mail judged by the model, or load the embedded classifier."""
    if not settings.LLM_MODEL:
        LocalClassifier.load()
        yield Finding("model", Result.OK, "the embedded classifier judges; no mail leaves this machine")
        return
    guide = in_force_if_known()
    try:
        probe = LlmClassifier.from_settings(guide).probe()
    except ClassifierError as error:
        hint = "Mend LLM_MODEL, LLM_API_KEY or LLM_API_BASE." if error.permanent else "Try again in a minute."
        yield Finding("model", Result.FAIL, str(error), hint)
        return
    yield Finding("model", Result.OK, f"{probe.said} It was told the definitions {guide.version}.")
    yield from _bill(probe.judgement)


def _bill(judgement: Judgement) -> Iterator[Finding]:
    """What is not known of the model's cost."""
    if judgement.estimated:
        found = "the server does not tell how many tokens it used: cost and budget go by the length of the texts"
        yield Finding("model", Result.WARN, found, "Nothing if an estimate will do; else let the server report usage.")
    if not judgement.cost and (settings.LLM_DAILY_BUDGET or settings.LLM_MONTHLY_BUDGET):
        found = "its price is not known, so that the budget limits nothing"
        yield Finding("model", Result.WARN, found, "Set LLM_INPUT_PRICE and LLM_OUTPUT_PRICE.")


@check("mail")
def check_mail_server() -> Iterator[Finding]:
    """Sign in at the server that approved replies are sent by, and send nothing."""
    if not settings.EMAIL_BACKEND.endswith("smtp.EmailBackend"):
        hint = "Set EMAIL_URL=smtps://user:password@host:465 to have them sent."
        yield Finding("mail", Result.SKIP, "approved replies are not sent: EMAIL_URL names no mail server", hint)
        return
    where = f"{settings.EMAIL_HOST}:{settings.EMAIL_PORT}"
    backend: Any = get_connection()
    try:
        backend.open()
        code, _ = backend.connection.noop()
        backend.close()
    except smtplib.SMTPAuthenticationError as error:
        found = f"{where} refused the sign-in ({error.smtp_code})"
        yield Finding("mail", Result.FAIL, found, "Check user and password in EMAIL_URL.")
    except (smtplib.SMTPException, OSError) as error:
        found = f"{where} cannot be used ({type(error).__name__})"
        yield Finding("mail", Result.FAIL, found, "Check scheme, host and port in EMAIL_URL.")
    else:
        result = Result.OK if code == 250 else Result.WARN
        yield Finding("mail", result, f"{where} answers {code}" + (", signed in" if settings.EMAIL_HOST_USER else ""))


@check("worker")
def check_worker() -> Iterator[Finding]:
    """That a task went through the scheduler's queue not long ago."""
    try:
        heart = Heartbeat.objects.filter(name="worker", beat_at__isnull=False).first()
    except DatabaseError:
        yield Finding("worker", Result.SKIP, "not known without the database", "Mend the database first.")
        return
    if heart is None or heart.beat_at is None:
        yield Finding("worker", Result.WARN, "has never run", "Start manage.py worker (README: running it).")
        return
    age = timezone.now() - heart.beat_at
    found = f"last sign of life {_words(age)} ago"
    if heart.restarted_at:
        found += f"; {heart.restarts} restarts, the last one {_words(timezone.now() - heart.restarted_at)} ago"
    if age > timedelta(seconds=STALE):
        yield Finding("worker", Result.FAIL, found, "Start manage.py worker; its log says why it stopped.")
    else:
        yield Finding("worker", Result.OK, found)


def _words(age: timedelta) -> str:
    """ "40 s", "3 min", "5 h" or "2 days"."""
    seconds = max(age.total_seconds(), 0)
    for unit, size in (("days", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds // size:.0f} {unit}"
    return f"{seconds:.0f} s"
