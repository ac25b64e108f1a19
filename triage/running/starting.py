"""Before a program that runs on and on starts: what could not work is told at once."""

from django.conf import settings

from inbox_router.doctor import Result, examine
from triage.classifiers.llm import ClassifierError, LlmClassifier, api
from triage.mailbox import ImapMailbox, MailboxError


class CannotStartError(Exception):
    """Why nothing would be done; one line that says what to mend."""


def make_ready() -> None:
    """See that database, queue, a mailbox and the model can be used, and load what takes long. Raises CannotStartError.

    One mailbox that works is enough, and a model that is only out of reach now is no reason: its mail waits.
    """
    for finding in examine("database", "queue"):
        if finding.result == Result.FAIL:
            raise CannotStartError(f"{finding.name}: {finding.found}. {finding.hint}")
    _try_mailboxes()
    if settings.LLM_MODEL:
        api.load()
        _try_model()


def _try_mailboxes() -> None:
    if not settings.MAILBOXES:
        raise CannotStartError("No mailbox is set up: set MAILBOX_URL (see .env.example), or try `make demo`.")
    troubles = []
    for name, account in settings.MAILBOXES.items():
        try:
            with ImapMailbox.open(account) as box:
                box.state()
        except MailboxError as error:
            troubles.append(f"{name}: {error}")
    if len(troubles) == len(settings.MAILBOXES):
        raise CannotStartError("; ".join(troubles))


def _try_model() -> None:
    try:
        LlmClassifier.from_settings().probe()
    except ClassifierError as error:
        if error.permanent:
            raise CannotStartError(str(error)) from None
