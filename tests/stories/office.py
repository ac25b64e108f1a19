"""A story: mail comes in, people work in the mailbox and in the admin, the program runs, dies and runs again."""

import sys
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from typing import ClassVar, TypeVar

from django.contrib.auth.models import User
from django.core import mail as outbox
from django.db import transaction
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from crm.models import Lead
from inbox_router.models import Halt
from routing.models import Salesperson
from routing.services import HandoverError
from tests import mails
from tests.stories import checking, making
from tests.stories.maildir import Letter
from tests.stories.mailroom import Judge, Mailroom
from triage import services
from triage.models import Draft, MailboxDelivery, Message

T = TypeVar("T")
picks = st.integers(0, 10**4)
moments = st.integers(1, 45)  # things asked of the mailbox or the database: a run asks for about as many
Status = Message.Status
DECIDABLE = (Status.REVIEW, Status.DONE, Status.LOGGED, Status.SKIPPED, Status.ACTED)


class Office(RuleBasedStateMachine):
    room: ClassVar[Mailroom]

    def __init__(self) -> None:
        super().__init__()
        self.savepoint = transaction.savepoint()
        outbox.outbox = []
        self.place = self.room.move_in()
        self.past = checking.Past()
        self.number = 0
        self.room.tally["stories"] += 1
        self.user = User.objects.first()

    def teardown(self) -> None:
        try:
            if not sys.exc_info()[0]:
                self.until_quiet()
        finally:
            self.place.leave()
            self.place.files.remove()
            transaction.savepoint_rollback(self.savepoint)

    # --- mail comes in ------------------------------------------------------------------------------------

    @initialize(old=st.integers(0, 2))
    def begin(self, old: int) -> None:
        for _ in range(old):
            self.place.deliver_old(self.new("lead").raw)
        self.past.old = {letter.digest for letter in self.letters("INBOX")}
        if old:
            self.acts(self.place.poll)

    def new(self, kind: str, **more: str) -> mails.Mail:
        self.number += 1
        return mails.mail(kind, self.number, **more)

    @rule(kind=st.sampled_from([*mails.KINDS, "lead", "spam"]), pick=picks)
    def mail_comes(self, kind: str, pick: int) -> None:
        answered = self.letters("INBOX", "Archive", "Sent") if kind == "thread" else []
        self.place.person.deliver(self.new(kind, in_reply_to=chosen(answered, pick).message_id if answered else "").raw)

    @rule(kind=st.sampled_from(sorted(making.ODD)))
    def odd_mail_comes(self, kind: str) -> None:
        self.place.person.deliver(making.ODD[kind](self.new("lead")))

    @rule(pick=picks, same=st.booleans())
    @precondition(lambda self: self.letters("INBOX", "Archive", "Trash"))
    def mail_comes_again(self, pick: int, same: bool) -> None:
        letter = chosen(self.letters("INBOX", "Archive", "Trash"), pick)
        raw = self.place.person.raw(letter.uid, letter.folder)
        self.number += 1
        self.place.person.deliver(raw if same else making.other(raw, self.number))
        self.past.touched.add(letter.digest)

    # --- a person at a mail program -----------------------------------------------------------------------

    @rule(pick=picks, flag=st.sampled_from(["\\Seen", "\\Flagged", "\\Answered"]))
    @precondition(lambda self: self.letters("INBOX"))
    def a_person_flags(self, pick: int, flag: str) -> None:
        letter = self.touch(pick, "INBOX")
        row = checking.Ledger().by_number.get((letter.uidvalidity, letter.uid))
        if flag == "\\Seen" and row and row["status"] != "found" and flag not in letter.flags:
            self.past.read.add(letter.digest)
        self.place.person.flag(letter.uid, flag)

    @rule(pick=picks)
    @precondition(lambda self: [one for one in self.letters("INBOX") if one.flags | one.keywords])
    def a_person_takes_marks_off(self, pick: int) -> None:
        letter = chosen([one for one in self.letters("INBOX") if one.flags | one.keywords], pick)
        self.past.touched.add(letter.digest)
        settled = not MailboxDelivery.objects.exclude(state__in=MailboxDelivery.SETTLED).filter(deed="label").exists()
        marks = [*letter.flags, *(letter.keywords if settled else ())]
        if marks:
            self.past.words |= {(letter.digest, word) for word in letter.keywords & set(marks)}
            self.past.read -= {letter.digest} if "\\Seen" in marks else set()
            self.place.person.unflag(letter.uid, *marks)

    @rule(pick=picks, where=st.sampled_from(["Projects", "Archive", "Trash"]))
    @precondition(lambda self: self.letters("INBOX"))
    def a_person_moves_mail_away(self, pick: int, where: str) -> None:
        self.place.person.move(self.touch(pick, "INBOX").uid, where)

    @rule(pick=picks)
    @precondition(lambda self: self.letters("Projects", "Archive", "Trash"))
    def a_person_moves_mail_back(self, pick: int) -> None:
        letter = self.touch(pick, "Projects", "Archive", "Trash")
        if not letter.token:
            self.place.person.move(letter.uid, "INBOX", letter.folder)

    @rule(pick=picks)
    @precondition(lambda self: self.letters("INBOX"))
    def a_person_deletes_mail(self, pick: int) -> None:
        self.place.person.remove(self.touch(pick, "INBOX").uid)

    @rule(pick=picks, keeps_id=st.booleans(), deed=st.sampled_from(["edits", "sends", "trashes", "deletes"]))
    @precondition(lambda self: self.known_drafts())
    def a_person_takes_our_draft(self, pick: int, keeps_id: bool, deed: str) -> None:
        letter = chosen(self.known_drafts(), pick)
        raw = self.place.person.raw(letter.uid, "Drafts")
        self.number += 1
        changed = making.edited(raw, self.number, keeps_id=keeps_id)
        if deed in ("edits", "sends"):
            self.place.person.deliver(changed, "Drafts" if deed == "edits" else "Sent", "\\Seen")
        if deed == "trashes":
            self.place.person.move(letter.uid, "Trash", "Drafts")
        else:
            self.place.person.remove(letter.uid, "Drafts")

    @rule(pick=picks)
    @precondition(lambda self: self.letters("INBOX", "Archive"))
    def a_person_answers(self, pick: int) -> None:
        letter = chosen(self.letters("INBOX", "Archive"), pick)
        self.number += 1
        raw = mails.sent_by_salesperson(self.number, "Ana Horakova <ana.horakova@acme.example>")
        answer = b"In-Reply-To: " + letter.message_id.encode("ascii", "replace") + b"\n"
        self.place.person.deliver(answer + raw, "Sent", "\\Seen")

    # --- a person in the admin ----------------------------------------------------------------------------

    @rule(pick=picks, category=st.sampled_from(["lead", "lead", "spam", "newsletter", "accounting"]))
    @precondition(lambda self: Message.objects.filter(status__in=DECIDABLE).exclude(category="").exists())
    def a_person_decides(self, pick: int, category: str) -> None:
        message = chosen(list(Message.objects.filter(status__in=DECIDABLE).exclude(category="").order_by("pk")), pick)
        self.past.words.clear()
        services.decide(message, category, self.user)

    @rule(pick=picks)
    @precondition(lambda self: MailboxDelivery.objects.filter(deed="trash", state="done").exists())
    def a_person_brings_mail_back(self, pick: int) -> None:
        row = chosen(list(MailboxDelivery.objects.filter(deed="trash", state="done").order_by("pk")), pick)
        services.restore(Message.objects.get(pk=row.message_id), "rita")

    @rule(pick=picks, deed=st.sampled_from(["approve", "approve", "reject", "edit", "hand over"]))
    @precondition(lambda self: Draft.objects.filter(state="waiting").exists())
    def a_person_takes_up_a_reply(self, pick: int, deed: str) -> None:
        draft = chosen(list(Draft.objects.filter(state="waiting").order_by("pk")), pick)
        if deed == "approve":
            services.approve_draft(draft, self.user)
        elif deed == "reject":
            services.reject_draft(draft, self.user, reason="wrong")
        elif deed == "edit":
            services.edit_draft(draft, subject=draft.subject, body=f"{draft.body}\nPS.\n", version=draft.version)
        else:
            lead = Lead.objects.get(thread_id=draft.message.thread_id)
            with suppress(HandoverError):
                services.hand_over(lead, chosen(people(), pick), self.user, why="knows her")

    @rule(stop=st.booleans())
    def a_person_throws_the_switch(self, stop: bool) -> None:
        Halt.begin("mona", "odd") if stop else Halt.end("mona")

    # --- the program --------------------------------------------------------------------------------------

    @rule()
    def it_runs(self) -> None:
        self.acts(self.run)

    @rule()
    def it_polls(self) -> None:
        self.acts(self.place.poll)

    @rule()
    def it_works_off(self) -> None:
        self.acts(self.place.work_off)

    @rule()
    def the_model_fails(self) -> None:
        failing = Judge(error="no answer in time", category="uncertain", confidence=0.0)
        self.acts(lambda: self.place.poll(failing))

    @rule(moment=moments, deed=st.sampled_from(["kill", "kill", "cut"]))
    def it_dies_at_work(self, moment: int, deed: str) -> None:
        self.acts(self.run, moment, deed)

    @rule(moment=st.integers(1, 16), deed=st.sampled_from(["kill", "cut"]))
    def it_dies_working_off(self, moment: int, deed: str) -> None:
        self.acts(self.place.work_off, moment, deed)

    @rule(moment=moments, pick=picks)
    @precondition(lambda self: self.letters("INBOX"))
    def a_person_is_there_at_the_same_time(self, moment: int, pick: int) -> None:
        letter = self.touch(pick, "INBOX")

        def move_away() -> None:
            with suppress(AssertionError):  # the program was faster
                self.place.person.move(letter.uid, "Projects")

        self.acts(self.run, moment, "meanwhile", move_away, taken={letter.digest})

    @rule(both=st.booleans())
    def it_is_overtaken_while_the_model_thinks(self, both: bool) -> None:
        def another_run() -> None:
            self.place.time_passes()
            self.run() if both else self.place.poll()

        self.acts(lambda: self.place.poll(Judge(another_run)))

    @rule()
    def time_passes(self) -> None:
        self.place.time_passes()

    @rule()
    def the_server_numbers_the_inbox_anew(self) -> None:
        self.place.renumber()

    # --- helpers of the rules -----------------------------------------------------------------------------

    def letters(self, *folders: str) -> list[Letter]:
        return [letter for letter in self.place.letters() if letter.folder in folders]

    def known_drafts(self) -> list[Letter]:
        """Our drafts of which the program has the evidence: of one in doubt nobody can tell whether it was there."""
        saved = MailboxDelivery.objects.filter(deed="draft", state="done").values_list("draft__mail_id", flat=True)
        return [letter for letter in self.letters("Drafts") if letter.message_id in set(saved)]

    def touch(self, pick: int, *folders: str) -> Letter:
        letter = chosen(self.letters(*folders), pick)
        self.past.touched.add(letter.digest)
        return letter

    def run(self) -> bool:
        done = self.place.poll()
        self.place.work_off()
        return done

    def acts(
        self,
        what: Callable[[], object],
        moment: int = 0,
        deed: str = "",
        strike: Callable[[], None] = lambda: None,
        taken: Collection[str] = (),
    ) -> None:
        """Let the program act, and look whether it did nothing but what it may."""
        before, halted, done = self.place.letters(), Halt.in_force().exists(), False
        self.past.see(before)
        with self.room.knife.at(moment, deed, strike):
            done = what() is True
        self.room.tally[f"{deed or 'undisturbed'}{' in time' if self.room.knife.hit else ''}"] += 1
        after = self.place.letters()
        writing = checking.check_commands(self.room.knife.heard)
        self.room.knife.heard.clear()
        assert not (halted and writing), writing
        checking.check_step(before, after, self.past, taken)
        checking.check_rows([one for one in before if one.folder == "INBOX" and one.digest not in taken], complete=done)
        self.past.see(after)
        sent = [(mail.to, mail.message()["Message-ID"]) for mail in getattr(outbox, "outbox", [])]
        assert len(sent) == len({str(one) for one in sent}), "sent twice"

    def until_quiet(self) -> None:
        """Let it come to its end; then nothing is open, and a further run does nothing."""
        Halt.end("mona")
        for _ in range(12):
            rows = checking.tallies(), self.place.letters()
            self.place.time_passes()
            self.acts(self.run)
            if (checking.tallies(), self.place.letters()) == rows:
                break
        checking.check_end(self.place.letters(), self.past)
        self.place.time_passes()
        with self.room.knife.at():
            self.run()
        assert checking.check_commands(self.room.knife.heard) == []
        self.room.knife.heard.clear()
        assert (checking.tallies(), self.place.letters()) == rows


def chosen(among: Sequence[T], pick: int) -> T:
    return among[pick % len(among)]


def people() -> list[Salesperson]:
    return list(Salesperson.objects.order_by("pk"))
