"""The world of a story: one Dovecot for all stories, a fresh user for each, the program in this process."""

import imaplib
import itertools
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import timedelta
from typing import Any, Self

import pytest
from django.conf import settings
from django.db.models import F
from django.utils import timezone

from crm.models import Contact
from inbox_router.delivery import work_off
from routing.services import release_holds
from tests import mails
from tests.servers.imap import SPECIAL, Dovecot, ImapPeer
from tests.stories.knife import Knife
from tests.stories.maildir import Letter, Maildir
from triage import services
from triage.classifiers import Judgement, MailText
from triage.mailbox import MailboxError
from triage.models import Mailbox, MailboxDelivery, Message
from triage.models.mailbox import LeaseLost
from triage.parsing.reader import Reader
from triage.pipeline import run_mailbox

USERS = 20_000
HOUR = timedelta(hours=1)
VALIDITIES = itertools.count(1_900_000_000)  # above what a clock gives


class Judge:
    """Finds its verdict in the subject. `meanwhile` happens while it thinks, once."""

    judge = "local"
    batch = 50

    def __init__(self, meanwhile: Callable[[], None] | None = None, **changes: object) -> None:
        self.meanwhile, self.changes = meanwhile, changes

    def classify(self, texts: Sequence[MailText]) -> list[Judgement]:
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile:
            meanwhile()
        return [Judgement(**(mails.verdict_on(text.subject or "uncertain") | self.changes)) for text in texts]  # type: ignore[arg-type]


class Mailroom:
    """`reader` has the same child for all stories; `tally` counts what they came upon."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        users = [f"u{number}@acme.example" for number in range(USERS)]
        self.server = Dovecot(users, special={**SPECIAL, "Projects": ""}, reused=True)
        self.users = iter(self.server.users)
        self.knife = Knife()
        self.tally: Counter[str] = Counter()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            stack.enter_context(self.server)
            stack.enter_context(self.knife)
            patch = stack.enter_context(pytest.MonkeyPatch.context())
            patch.setattr(settings, "TRASH_DELAY", 60)
            self.patch = patch
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *exc: object) -> None:
        self._stack.close()

    def move_in(self) -> "Place":
        account = self.server.account(user=next(self.users))
        self.patch.setattr(settings, "MAILBOXES", {"inbox": account})
        return Place(self, account)


class Place:
    """One mailbox: the program at it, the person at it, and the files."""

    def __init__(self, room: Mailroom, account: Any) -> None:
        self.room, self.account = room, account
        self._peer: ImapPeer | None = None
        self.person.uids()  # the first look makes the folder
        self.files = Maildir(room.server.maildir(account.user))

    @property
    def person(self) -> ImapPeer:
        self._peer = self._peer or ImapPeer(self.account)
        return self._peer

    def leave(self) -> None:
        if self._peer:
            self._peer.__exit__(None, None, None)
        self._peer = None

    def letters(self) -> list[Letter]:
        return self.files.letters()

    def deliver_old(self, raw: bytes) -> None:
        """A mail that a person had read long before the program came."""
        date = imaplib.Time2Internaldate(timezone.now() - timedelta(days=3))
        self.person._ok(self.person.client.append("INBOX", "\\Seen", date, raw))

    def renumber(self) -> None:
        self.leave()
        self.files.renumber(next(VALIDITIES))

    # --- the program --------------------------------------------------------------------------------------

    def poll(self, judge: Judge | None = None) -> bool:
        """Run the pipeline; whether it came to its end."""
        try:
            done = run_mailbox(services.active_mailboxes()[0], judge or Judge(), self.room.reader) is not None
        except (MailboxError, LeaseLost) as error:
            self.room.tally[type(error).__name__] += 1
            return False
        release_holds(then=services.draft_for)
        return done

    def work_off(self) -> None:
        self.room.tally.update({f"delivery {state}": n for state, n in work_off(MailboxDelivery).items()})

    def time_passes(self) -> None:
        """An hour, for all that waits for its time."""
        Mailbox.objects.filter(lease_until__isnull=False).update(lease_until=F("lease_until") - HOUR)
        MailboxDelivery.objects.filter(lease_until__isnull=False).update(lease_until=F("lease_until") - HOUR)
        MailboxDelivery.objects.update(due_at=F("due_at") - HOUR)
        Message.objects.filter(decided_at__isnull=False).update(decided_at=F("decided_at") - HOUR)
        Contact.objects.update(created_at=F("created_at") - HOUR)
