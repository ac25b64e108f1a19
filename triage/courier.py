"""Carries what is owed to a mailbox: one small class per deed, each with a probe and a deed.

A message that is no longer where we left it was taken by a person, and a person's act wins: such a
delivery is not wanted any more.
"""

import re
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Self

from django.conf import settings

from inbox_router.couriers import DeliveryError, NotWanted, Outcome, Probe, Seen
from triage.drafts import smtp
from triage.drafts.drafting import DraftError
from triage.mailbox import ImapMailbox, MailboxError, Role

if TYPE_CHECKING:
    from triage.models import Draft, Mailbox, MailboxDelivery, Message

Batch = Sequence["MailboxDelivery"]
Probes = Mapping[int, Probe]
Outcomes = Mapping[int, Outcome]


class WroteAgain(NotWanted):
    """An outcome: the customer wrote after the approval; nothing was sent, the draft waits for approval again."""

    @classmethod
    def by(cls, who: str) -> Self:
        return cls(f"{who} wrote again after the approval: nothing was sent, the draft waits for approval again")


class MailboxCourier:
    """Keeps one connection per mailbox for a whole working-off."""

    def __enter__(self) -> Self:
        self._stack = ExitStack()
        self._boxes: dict[str, ImapMailbox] = {}
        self._blocked: dict[str, MailboxError] = {}
        return self

    def __exit__(self, *exc: object) -> None:
        self._stack.close()

    def probe(self, batch: Batch) -> Probes:
        with translated_errors(self, batch[0].mailbox, maybe_done=False):
            return DEEDS[batch[0].deed].probe(self.box(batch[0].mailbox), batch)

    def perform(self, batch: Batch) -> Outcomes:
        with translated_errors(self, batch[0].mailbox, maybe_done=True):
            return DEEDS[batch[0].deed].perform(self.box(batch[0].mailbox), batch)

    def box(self, mailbox: "Mailbox") -> ImapMailbox:
        if mailbox.name not in self._boxes:
            if mailbox.name not in settings.MAILBOXES:
                raise DeliveryError(f"no MAILBOX_URL is set for the mailbox {mailbox.name}", permanent=True)
            self._boxes[mailbox.name] = self._stack.enter_context(self._opened(mailbox))
        return self._boxes[mailbox.name]

    def _opened(self, mailbox: "Mailbox") -> ImapMailbox:
        """A new connection. That there is none to be had is found out once in a working-off."""
        if error := self._blocked.get(mailbox.name):
            raise error
        try:
            return ImapMailbox.open(settings.MAILBOXES[mailbox.name])
        except MailboxError as error:
            self._blocked[mailbox.name] = error
            raise

    def drop(self, mailbox: "Mailbox") -> None:
        """Forget a connection after an error: nobody knows what state it is in."""
        self._boxes.pop(mailbox.name, None)


class translated_errors:  # noqa: N801 (reads as a with-statement's verb)
    """Turn the mailbox's errors into the delivery loop's."""

    def __init__(self, courier: MailboxCourier, mailbox: "Mailbox", *, maybe_done: bool) -> None:
        self.courier, self.mailbox, self.maybe_done = courier, mailbox, maybe_done

    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if error is None or isinstance(error, DeliveryError):
            return
        self.courier.drop(self.mailbox)
        if isinstance(error, MailboxError):
            raise failed(error, maybe_done=self.maybe_done) from error


class Label:
    """Setting a label twice is the same as once: no probe."""

    def probe(self, box: ImapMailbox, batch: Batch) -> Probes:
        return {}

    def perform(self, box: ImapMailbox, batch: Batch) -> Outcomes:
        here, outcomes = still_here(box, batch)
        return outcomes | by_delivery(here, self.act(box, list(here.values()), batch[0].label))

    def act(self, box: ImapMailbox, uids: list[int], label: str) -> Mapping[int, str]:
        return box.label(uids, label) if uids else {}


class Unlabel(Label):
    def act(self, box: ImapMailbox, uids: list[int], label: str) -> Mapping[int, str]:
        return box.unlabel(uids, label) if uids else {}


class Move:
    """Out of the inbox. One that is gone from there was moved: by us, if it lies in the target, or by a person."""

    def __init__(self, role: Role) -> None:
        self.role = role

    def probe(self, box: ImapMailbox, batch: Batch) -> Probes:
        doubtful = [row for row in batch if row.in_doubt]
        if not doubtful:
            return {}
        uids = uids_now(box, doubtful)
        present = box.flags(list(uids.values()))
        gone = {row.pk: row.message.message_id for row in doubtful if uids.get(row.message_id) not in present}
        return found_in(box, [self.role], gone)

    def perform(self, box: ImapMailbox, batch: Batch) -> Outcomes:
        here, outcomes = still_here(box, batch, untouched=True)
        doubtful = [here[row.pk] for row in batch if row.in_doubt and row.pk in here]
        return outcomes | by_delivery(here, box.move(list(here.values()), self.role, doubtful=doubtful) if here else {})


def uids_now(box: ImapMailbox, batch: Batch) -> dict[int, int]:
    """The UIDs in the inbox by message, as the server numbers them now. One that is not known yet is left out."""
    current = box.state().uidvalidity
    known = {row.message_id: row.message.uid for row in batch if row.message.uidvalidity == current}
    return known | type(batch[0]).new_uids([row.message_id for row in batch], current)


def still_here(box: ImapMailbox, batch: Batch, *, untouched: bool = False) -> tuple[dict[int, int], dict[int, Outcome]]:
    """Split a batch into the UIDs, by delivery, of mails that are in the inbox, and the outcomes of the others."""
    uids = uids_now(box, batch)
    flags = box.flags(list(uids.values()))
    taken_up = len(uids) == len(batch) or type(batch[0]).is_taken_up(batch[0].mailbox, box.state().uidvalidity)
    here: dict[int, int] = {}
    outcomes: dict[int, Outcome] = {}
    for row in batch:
        uid = uids.get(row.message_id)
        if uid is None and not taken_up:
            outcomes[row.pk] = DeliveryError("the server renumbered the folder; waiting for the next fetch")
        elif uid is None or uid not in flags:
            outcomes[row.pk] = NotWanted("left alone: a person took the mail out of the inbox")
        elif untouched and (what := touched(row.message, flags[uid])):
            outcomes[row.pk] = NotWanted(f"left alone: a person {what} the mail")
        else:
            here[row.pk] = uid
    return here, outcomes


def by_delivery(uids: Mapping[int, int], evidence: Mapping[int, str]) -> dict[int, Outcome]:
    """The evidence by delivery; one whose mail vanished meanwhile is left out."""
    return {pk: evidence[uid] for pk, uid in uids.items() if uid in evidence}


def touched(message: "Message", flags: frozenset[str]) -> str:
    """What a person did with a mail since it was fetched; empty if nothing."""
    if "\\Flagged" in flags:
        return "flagged"
    return "read" if "\\Seen" in flags and not message.seen else ""


class Restore:
    """Out of Trash, back to where the evidence of the move says it came from."""

    def probe(self, box: ImapMailbox, batch: Batch) -> Probes:
        doubtful = {row.pk: row.message.message_id for row in batch if row.in_doubt}
        left = box.find(Role.TRASH, [one for one in doubtful.values() if one]) if doubtful else {}
        gone = {pk: message_id for pk, message_id in doubtful.items() if not left.get(message_id)}
        return found_in(box, [Role.INBOX], gone) if gone else {}

    def perform(self, box: ImapMailbox, batch: Batch) -> Outcomes:
        validity = box.state(Role.TRASH).uidvalidity
        outcomes: dict[int, Outcome] = {}
        for row in batch:
            place = re.search(r"UIDVALIDITY (\d+) UID (\d+)", row.label)
            uids = [int(place[2])] if place and int(place[1]) == validity else []
            if not uids and row.message.message_id:
                uids = box.find(Role.TRASH, [row.message.message_id]).get(row.message.message_id, [])
            doubtful = uids if row.in_doubt else []
            moved = box.move(uids[-1:], Role.INBOX, source=Role.TRASH, doubtful=doubtful) if uids else {}
            outcomes[row.pk] = next(iter(moved.values()), NotWanted("it is no longer in Trash"))
        return outcomes


class SaveDraft:
    """The Message-ID tells whether it is there: in Drafts, or already sent or thrown away by a person."""

    def probe(self, box: ImapMailbox, batch: Batch) -> Probes:
        ids = {row.pk: row.draft.mail_id for row in batch if row.draft}
        return found_in(box, [Role.DRAFTS, Role.SENT, Role.TRASH], ids)

    def perform(self, box: ImapMailbox, batch: Batch) -> Outcomes:
        closed = {row.pk: NotWanted("it was closed first") for row in batch if row.draft and not row.draft.is_waiting}
        mails, refused = written([row for row in batch if row.pk not in closed])
        return {**closed, **refused, **added(box, Role.DRAFTS, mails, "\\Draft")}


class FileSent:
    """Some servers file what they send by themselves: the probe sees it."""

    def probe(self, box: ImapMailbox, batch: Batch) -> Probes:
        return found_in(box, [Role.SENT], {row.pk: row.draft.sent_mail_id for row in batch if row.draft})

    def perform(self, box: ImapMailbox, batch: Batch) -> Outcomes:
        unsent = {row.pk: NotWanted("it was not sent") for row in batch if row.draft and not row.draft.is_sent}
        mails, refused = written([row for row in batch if row.pk not in unsent], sent=True)
        return {**unsent, **refused, **added(box, Role.SENT, mails, "\\Seen")}


class Send:
    """A reply that lies in Sent, or that may have been sent, is never sent again by itself.

    It may go out long after its approval (mail server down, kill switch): not past a mail that nobody had seen then.
    Such a draft waits for approval again.
    """

    def probe(self, box: ImapMailbox, batch: Batch) -> Probes:
        ids = {row.pk: row.draft.sent_mail_id for row in batch if row.draft}
        lost = Probe(Seen.UNKNOWN, "the answer of the mail server was lost; look whether the customer got it")
        return {row.pk: lost for row in batch if row.in_doubt} | found_in(box, [Role.SENT], ids)

    def perform(self, box: ImapMailbox, batch: Batch) -> Outcomes:
        return {row.pk: self.act(row.draft) for row in batch if row.draft}

    def act(self, draft: "Draft") -> Outcome:
        if newer := draft.decided_at and draft.message.followed_by(draft.decided_at):
            return WroteAgain.by(newer.sender_name or newer.sender_address)
        return smtp.send(draft.mime(sent=True), draft.from_address, draft.to_address)


class SendCopy:
    """The same mail to a colleague, in an envelope of its own."""

    def probe(self, box: ImapMailbox, batch: Batch) -> Probes:
        return {row.pk: Probe(Seen.UNKNOWN, f"look whether {row.label} got it") for row in batch if row.in_doubt}

    def perform(self, box: ImapMailbox, batch: Batch) -> Outcomes:
        drafts = {row: row.draft for row in batch if row.draft}
        return {row.pk: smtp.send(it.mime(sent=True), it.from_address, row.label) for row, it in drafts.items()}


class Discard:
    """Only our own draft, byte for byte, is taken away; one that a person edited is theirs."""

    def probe(self, box: ImapMailbox, batch: Batch) -> Probes:
        doubtful = {row.pk: row.draft.mail_id for row in batch if row.draft and row.in_doubt}
        if not doubtful:
            return {}
        there = box.find(Role.DRAFTS, list(doubtful.values()))
        return found_in(box, [Role.TRASH], {pk: mail_id for pk, mail_id in doubtful.items() if not there.get(mail_id)})

    def perform(self, box: ImapMailbox, batch: Batch) -> Outcomes:
        drafts = {row.pk: row.draft for row in batch if row.draft}
        in_doubt = {row.pk for row in batch if row.in_doubt}
        found = box.find(Role.DRAFTS, [draft.mail_id for draft in drafts.values()])
        outcomes: dict[int, Outcome] = {}
        for pk, draft in drafts.items():
            uids = found.get(draft.mail_id, [])
            same = [uid for uid in uids if box.raw(uid, folder=Role.DRAFTS) == draft.mime()]
            if same:
                moved = box.move(same, Role.TRASH, source=Role.DRAFTS, doubtful=same if pk in in_doubt else [])
                outcomes[pk] = moved.get(same[0], NotWanted("left alone: it is no longer in Drafts"))
            else:
                outcomes[pk] = NotWanted("left alone: a person edited it" if uids else "it is no longer in Drafts")
        return outcomes


def found_in(box: ImapMailbox, folders: Sequence[Role], ids: Mapping[int, str | None]) -> dict[int, Probe]:
    """Look for mails by Message-ID, in one search per folder. Of one without a usable id nothing is known."""
    probes: dict[int, Probe] = {}
    for folder in folders:
        found = box.find(folder, [message_id for message_id in ids.values() if message_id])
        for pk, message_id in ids.items():
            if message_id not in found:
                probes.setdefault(pk, Probe(Seen.UNKNOWN, "the mail cannot be searched for; please look"))
            elif found[message_id]:
                probes[pk] = Probe(Seen.FOUND, f"{folder} UID {found[message_id][-1]}")
    return probes


def written(batch: Batch, *, sent: bool = False) -> tuple[dict[int, bytes], dict[int, Outcome]]:
    """The mails of a batch's drafts; one that cannot be written costs only itself."""
    mails: dict[int, bytes] = {}
    refused: dict[int, Outcome] = {}
    for row in batch:
        try:
            mails |= {row.pk: row.draft.mime(sent=sent)} if row.draft else {}
        except DraftError as error:
            refused[row.pk] = DeliveryError(str(error), permanent=True)
    return mails, refused


def added(box: ImapMailbox, folder: Role, mails: Mapping[int, bytes], flag: str) -> Outcomes:
    """Append mails to a folder; the outcome of each."""
    if not mails:
        return {}
    evidence = box.append(folder, list(mails.values()), [flag])
    return {
        pk: failed(what) if isinstance(what, MailboxError) else what for pk, what in zip(mails, evidence, strict=True)
    }


def failed(error: MailboxError, *, maybe_done: bool = False) -> DeliveryError:
    return DeliveryError(
        str(error),
        permanent=error.permanent,
        blocked=error.blocked,
        maybe_done=maybe_done,
        retry_after=error.retry_after,
    )


DEEDS: Mapping[str, Label | Move | Restore | SaveDraft | Send | SendCopy | FileSent | Discard] = {
    "label": Label(),
    "unlabel": Unlabel(),
    "draft": SaveDraft(),
    "send": Send(),
    "copy": SendCopy(),
    "file": FileSent(),
    "discard": Discard(),
    "restore": Restore(),
    "archive": Move(Role.ARCHIVE),
    "trash": Move(Role.TRASH),
}
