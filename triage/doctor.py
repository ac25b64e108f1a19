"""The checks of what triage connects to: mailboxes, model, mail server, worker."""

import smtplib
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.mail import get_connection
from django.db import DatabaseError
from django.utils import timezone
from django.utils.translation import gettext as _

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
        hint = _("Set MAILBOX_URL (see .env.example), or look at the product with `make demo`.")
        yield Finding("mailbox", Result.FAIL, _("none is set up"), hint)
    for account in settings.MAILBOXES.values():
        name = _("mailbox %(name)s") % {"name": account.name}
        try:
            yield from _mailbox(name, account)
        except MailboxError as error:
            hint = _("Mend %(setting)s.") if error.permanent else _("Try again, or mend %(setting)s.")
            yield Finding(name, Result.FAIL, str(error), hint % {"setting": variable(account)})


def _mailbox(name: str, account: MailboxAccount) -> Iterator[Finding]:
    with ImapMailbox.open(account) as box:
        yield Finding(
            name, Result.OK, _("signed in at %(host)s as %(user)s") % {"host": account.host, "user": account.user}
        )
        folder = {"folder": account.folder, "number": box.state().messages}
        yield Finding(name, Result.OK, _("folder %(folder)s has %(number)s messages") % folder)
        for role, path in box.folders().items():
            if role is not Role.INBOX:
                found = _("%(role)s is %(folder)s") if path else _("%(role)s is made when it is first needed")
                yield Finding(name, Result.OK, found % {"role": role, "folder": path})
        yield Finding(name, Result.OK, _("labels are kept as %(kind)s") % {"kind": box.label_style()})
        if box.announces_mail:
            yield Finding(name, Result.OK, _("new mail is announced (IDLE)"))
        else:
            hint = _("Nothing: it is looked for every few seconds.")
            yield Finding(name, Result.WARN, _("new mail is not announced"), hint)


@check("model")
def check_model() -> Iterator[Finding]:
    """Have one tiny mail judged by the model, or load the embedded classifier."""
    if not settings.LLM_MODEL:
        LocalClassifier.load()
        yield Finding("model", Result.OK, _("the embedded classifier judges; no mail leaves this machine"))
        return
    guide = in_force_if_known()
    try:
        probe = LlmClassifier.from_settings(guide).probe()
    except ClassifierError as error:
        hint = _("Mend LLM_MODEL, LLM_API_KEY or LLM_API_BASE.") if error.permanent else _("Try again in a minute.")
        yield Finding("model", Result.FAIL, str(error), hint)
        return
    yield Finding(
        "model",
        Result.OK,
        " ".join([probe.said, _("It was told the definitions %(version)s.") % {"version": guide.version}]),
    )
    yield from _bill(probe.judgement)


def _bill(judgement: Judgement) -> Iterator[Finding]:
    """What is not known of the model's cost."""
    if judgement.estimated:
        found = _("the server does not tell how many tokens it used: cost and budget go by the length of the texts")
        hint = _("Nothing if an estimate will do; else let the server report usage.")
        yield Finding("model", Result.WARN, found, hint)
    if not judgement.cost and (settings.LLM_DAILY_BUDGET or settings.LLM_MONTHLY_BUDGET):
        found = _("its price is not known, so that the budget limits nothing")
        yield Finding("model", Result.WARN, found, _("Set LLM_INPUT_PRICE and LLM_OUTPUT_PRICE."))


@check("mail")
def check_mail_server() -> Iterator[Finding]:
    """Sign in at the server that approved replies are sent by, and send nothing."""
    if not settings.EMAIL_BACKEND.endswith("smtp.EmailBackend"):
        hint = _("Set EMAIL_URL=smtps://user:password@host:465 to have them sent.")
        yield Finding("mail", Result.SKIP, _("approved replies are not sent: EMAIL_URL names no mail server"), hint)
        return
    where = f"{settings.EMAIL_HOST}:{settings.EMAIL_PORT}"
    backend: Any = get_connection()
    try:
        backend.open()
        code, __ = backend.connection.noop()
        backend.close()
    except smtplib.SMTPAuthenticationError as error:
        found = _("%(server)s refused the sign-in (%(code)s)") % {"server": where, "code": error.smtp_code}
        yield Finding("mail", Result.FAIL, found, _("Check user and password in EMAIL_URL."))
    except (smtplib.SMTPException, OSError) as error:
        found = _("%(server)s cannot be used (%(error)s)") % {"server": where, "error": type(error).__name__}
        yield Finding("mail", Result.FAIL, found, _("Check scheme, host and port in EMAIL_URL."))
    else:
        result = Result.OK if code == 250 else Result.WARN
        found = (
            _("%(server)s answers %(code)s, signed in")
            if settings.EMAIL_HOST_USER
            else _("%(server)s answers %(code)s")
        )
        yield Finding("mail", result, found % {"server": where, "code": code})


@check("worker")
def check_worker() -> Iterator[Finding]:
    """That a task went through the scheduler's queue not long ago."""
    try:
        heart = Heartbeat.objects.filter(name="worker", beat_at__isnull=False).first()
    except DatabaseError:
        yield Finding("worker", Result.SKIP, _("not known without the database"), _("Mend the database first."))
        return
    if heart is None or heart.beat_at is None:
        yield Finding("worker", Result.WARN, _("has never run"), _("Start manage.py worker (README: running it)."))
        return
    age = timezone.now() - heart.beat_at
    found = _("last sign of life %(time)s ago") % {"time": _words(age)}
    if heart.restarted_at:
        again = {"number": heart.restarts, "time": _words(timezone.now() - heart.restarted_at)}
        found += "; " + _("%(number)s restarts, the last one %(time)s ago") % again
    if age > timedelta(seconds=STALE):
        yield Finding("worker", Result.FAIL, found, _("Start manage.py worker; its log says why it stopped."))
    else:
        yield Finding("worker", Result.OK, found)


def _words(age: timedelta) -> str:
    """ "40 s", "3 min", "5 h" or "2 days"."""
    seconds = max(age.total_seconds(), 0)
    for unit, size in ((_("days"), 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds // size:.0f} {unit}"
    return f"{seconds:.0f} s"
