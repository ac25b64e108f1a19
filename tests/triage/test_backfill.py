"""Old mail is taken up later: judged and kept on record, each mail once, and nothing else follows."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from crm.models import AuditEntry, Lead
from routing.models import Assignment, Hold, LedgerLine, Salesperson, SlackAlert
from tests import mails
from tests.servers.imap import Dovecot, ImapPeer
from tests.servers.openai import Answer, ModelServer
from tests.world import SALESPERSON, judged_by_subject
from triage.models import Draft, Mailbox, MailboxDelivery, Message

pytestmark = [pytest.mark.django_db, pytest.mark.dovecot]
KINDS = ("lead", "spam", "newsletter", "accounting", "uncertain", "internal", "auto-reply", "lead-de", "rfq")
FOLLOWED = (Assignment, Hold, LedgerLine, SlackAlert, MailboxDelivery, Draft)
Status = Message.Status


def ago(days: int) -> str:
    return (date.today() - timedelta(days=days)).isoformat()


@dataclass
class Inbox:
    """An inbox that was in use before we came."""

    human: ImapPeer
    server: Dovecot
    run: Callable[..., dict[str, int]]

    def held(self, *kinds: str, days: float = 3) -> list[mails.Mail]:
        """Mails that lie there, read, before the first look at them, which is now."""
        old = [mails.mail(kind, number) for number, kind in enumerate(kinds, 1)]
        for mail in old:
            self.drop(mail.raw, days)
        self.run()
        assert set(Message.objects.values_list("status", flat=True)) <= {Status.BACKLOG}
        return old

    def drop(self, raw: bytes, days: float = 3) -> None:
        self.server.drop(raw, self.human.user, read=True, days=days)

    def files(self) -> list[str]:
        """What lies in each folder, with its flags, by the files of the mail server."""
        home = self.server.maildir(self.human.user)
        return sorted(str(path.relative_to(home)) for path in home.rglob("*.dropped:2,*"))


@pytest.fixture
def inbox(human: ImapPeer, post_office: Dovecot, run: Callable, model: ModelServer) -> Inbox:
    human.uids()  # the first look makes the folder
    return Inbox(human, post_office, run)


@pytest.fixture
def model(settings: Any, model_server: ModelServer, warm: None) -> ModelServer:
    settings.LLM_MODEL, settings.LLM_API_BASE, settings.LLM_API_KEY = "openai/stub", model_server.url, "key"
    model_server.answer = judged_by_subject
    return model_server


@pytest.fixture
def price(settings: Any) -> None:
    """0.012 USD a mail: the stand-in tells of 100 + 20 tokens each."""
    settings.LLM_INPUT_PRICE = settings.LLM_OUTPUT_PRICE = 100


def backfill(*more: str, since: str = "") -> list[dict[str, Any]]:
    out = StringIO()
    call_command("backfill", "--since", since or ago(7), *more, stdout=out)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def refused(*more: str) -> str:
    with pytest.raises(CommandError) as why:
        backfill(*more)
    assert "\n" not in str(why.value)
    return str(why.value)


class TestOldMail:
    def test_gets_on_record_and_nothing_else_follows(self, inbox):
        inbox.held(*KINDS)
        before = inbox.files()
        plan, *_, end = backfill()
        inbox.run()
        assert plan["mails"] == len(KINDS)
        assert "no replies are drafted, nobody is given a lead or told of it" in plan["says"]
        assert end["became"] == {
            "lead": 3, "spam": 1, "newsletter": 1, "accounting": 1, "internal": 1,
            "waits for a person": 1, "none of these": 1,
        }  # fmt: skip
        assert [model.objects.count() for model in FOLLOWED] == [0] * len(FOLLOWED)
        assert (Lead.objects.count(), inbox.files()) == (3, before)
        actions = set(AuditEntry.objects.values_list("action", flat=True))
        assert {"classified", "processed", "old lead", "to review", "left", "auto-reply", "skipped"} <= actions

    def test_gives_leads_that_are_as_old_as_it_is(self, inbox):
        inbox.held("lead", days=5)
        backfill()
        assert Lead.objects.get().created_at.date().isoformat() == ago(5)

    def test_from_before_that_day_is_left_alone(self, inbox):
        inbox.drop(mails.mail("lead", 1).raw, days=20)
        inbox.held("lead-de", days=3)
        assert backfill()[0]["mails"] == 1
        assert Lead.objects.get().subject.startswith("lead-de")

    def test_that_somebody_took_out_of_the_folder_is_not_looked_for(self, inbox):
        inbox.held("lead", "lead")
        inbox.human.remove(1)
        assert backfill()[-1]["mails"] == 1

    def test_is_taken_up_oldest_first_to_the_limit_and_then_from_there(self, inbox, model):
        inbox.held(*["lead"] * 5)
        assert backfill("--limit", "2")[-1]["mails"] == 2
        assert list(Message.objects.filter(backfilled=True).order_by("uid").values_list("uid", flat=True)) == [1, 2]
        assert [backfill()[0]["mails"] for _ in range(2)] == [3, 0]
        assert (Lead.objects.count(), len(model.asked)) == (5, 5)

    def test_leaves_new_mail_that_comes_meanwhile_to_be_treated_as_ever(self, inbox):
        inbox.held("lead", "lead")
        inbox.human.deliver(mails.mail("lead", 30).raw)
        backfill()
        inbox.run()
        assert [model.objects.count() for model in (Lead, Assignment, Draft)] == [3, 1, 1]
        assert len(inbox.human.uids("Archive")) == 1

    def test_is_none_where_the_folder_is_numbered_anew_before_it_is_read_again(self, inbox):
        inbox.held("lead")
        Mailbox.objects.update(uidvalidity=1)
        assert "run `manage.py process_inbox` first" in refused()

    def test_of_a_mailbox_that_was_never_read_is_not_known_yet(self, inbox):
        assert "run `manage.py process_inbox` first" in refused()


class TestAnOldLead:
    def test_belongs_to_whoever_is_in_the_conversation(self, inbox):
        inbox.human.deliver(mails.sent_by_salesperson(3, SALESPERSON), "Sent")
        inbox.drop(mails.mail("thread", 3, in_reply_to="<sent.3@acme.example>").raw)
        inbox.held()
        backfill()
        assert Lead.objects.get().owner_name == "Ana Horakova"
        assert AuditEntry.objects.get(action="in conversation").reason.startswith("Ana Horakova wrote")
        assert not SlackAlert.objects.exists()

    def test_of_a_known_customer_belongs_to_who_has_them_and_costs_no_turn(self, inbox):
        inbox.held("lead")
        inbox.human.deliver(another())
        inbox.run()
        owner, turns = Lead.objects.get().owner_name, LedgerLine.objects.count()
        backfill()
        assert list(Lead.objects.values_list("owner_name", flat=True)) == [owner] * 2
        assert (Assignment.objects.count(), LedgerLine.objects.count()) == (1, turns)

    def test_is_given_to_somebody_when_the_customer_writes_again(self, inbox):
        (old,) = inbox.held("lead")
        backfill()
        assert Lead.objects.get().owner_name == ""
        inbox.human.deliver(another(f"In-Reply-To: {old.message_id}\n"))
        inbox.run()
        given = Assignment.objects.get()
        assert (Lead.objects.get().owner_name, given.rule) == (given.salesperson.name, "rotation")
        assert not Draft.objects.get().message.backfilled

    def test_that_is_held_has_its_reply_drafted_to_the_new_mail(self, inbox):
        (old,) = inbox.held("lead")
        backfill()
        people = Salesperson.objects.filter(active=True)
        names = list(people.values_list("pk", flat=True))
        people.update(active=False)
        inbox.human.deliver(another(f"In-Reply-To: {old.message_id}\n"))
        inbox.run()
        assert (Hold.objects.count(), Draft.objects.count()) == (1, 0)
        Salesperson.objects.filter(pk__in=names).update(active=True)
        call_command("process_inbox", stdout=StringIO())
        assert not Draft.objects.get().message.backfilled


def another(headers: str = "") -> bytes:
    """A further mail of the customer who wrote the first one."""
    raw = mails.mail("lead", 1).raw.replace(b"Message-ID: <", b"Message-ID: <again").replace(b"about", b"more")
    return headers.encode() + raw


class TestTheCost:
    def test_of_a_dry_run_is_none_and_it_writes_nothing(self, inbox, model, price):
        inbox.held(*KINDS)
        plan, end = backfill("--dry-run")
        assert (plan["mails"], plan["cost_usd"] > 0, model.asked) == (len(KINDS), True, [])
        assert end["says"] == "Nothing was done: this was a dry run."
        assert set(Message.objects.values_list("status", "backfilled")) == {(Status.BACKLOG, False)}

    def test_is_foretold_by_what_the_last_mails_cost(self, inbox, price):
        inbox.held(*["lead"] * 4)
        backfill("--limit", "2")
        assert backfill("--dry-run")[0]["cost_usd"] == pytest.approx(0.024)

    def test_is_limited_and_the_last_line_says_how_to_go_on(self, inbox, model, price):
        inbox.held(*["lead"] * 6)
        end = backfill("--max-cost", "0.03")[-1]
        assert (end["mails"], end["cost_usd"]) == (3, 0.036)
        assert end["says"].endswith(
            "Stopped: the language model's budget of this backfill (0.03 USD) is spent. "
            "3 are left: run it again to go on."
        )
        assert backfill()[-1]["mails"] == 3
        assert len(model.asked) == 6

    def test_ends_it_with_the_budget_of_the_day_before_mail_goes_unjudged_to_a_person(self, inbox, settings, price):
        inbox.held(*["lead"] * 4)
        settings.LLM_DAILY_BUDGET = 0.02
        end = backfill()[-1]
        assert (end["mails"], "budget of this day (0.02 USD) is spent" in end["says"]) == (2, True)
        assert not Message.objects.filter(status=Status.REVIEW).exists()

    def test_cannot_be_limited_without_a_price(self, inbox):
        inbox.held("lead")
        assert "no price of openai/stub is known" in refused("--max-cost", "5")
        assert Message.objects.get().status == Status.BACKLOG

    def test_is_nothing_where_the_embedded_classifier_judges(self, inbox, settings, model):
        settings.LLM_MODEL = ""
        inbox.held("lead", "spam")
        plan, *_, end = backfill("--max-cost", "1")
        assert (plan["cost_usd"], end["mails"], model.asked) == (0, 2, [])
        assert "by the embedded classifier" in plan["says"]


class TestTrouble:
    def test_of_the_model_with_every_mail_stops_it(self, inbox, model):
        inbox.held(*["lead"] * 52)
        model.answer = lambda asked: Answer("no JSON at all")
        told = refused()
        assert "gave no usable answer for 50 mails in a row" in told
        assert told.endswith("2 are left: run it again to go on.")

    def test_with_the_key_leaves_the_mail_to_the_next_run(self, inbox, model):
        inbox.held("lead", "lead")
        model.answer = lambda asked: Answer(status=401)
        assert "LLM_API_KEY was refused" in refused()
        model.answer = judged_by_subject
        backfill()
        assert Lead.objects.count() == 2

    def test_of_one_mail_that_cannot_be_read_is_counted_and_costs_the_others_nothing(self, inbox):
        inbox.drop(b"\x00" * 50)
        inbox.held("lead")
        end = backfill()[-1]
        assert end["failures"] == 1
        assert Lead.objects.count() == 1

    def test_with_another_run_that_has_the_mailbox_is_told_in_a_line(self, inbox):
        inbox.held("lead")
        assert Mailbox.objects.get().take_lease()
        assert refused().startswith("inbox: another run has it just now; wait a minute and run this again.")
        assert Message.objects.get().status == Status.BACKLOG


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--since", "yesterday"], "--since yesterday is no date: write it like 2026-01-31."),
        (["--since", "2026-02-30"], "--since 2026-02-30 is no date"),
        (["--since", ago(-2)], f"--since {ago(-2)} is in the future"),
        (["--since", ago(7), "--limit=-1"], "--limit -1 is no number of mails"),
        (["--since", ago(7), "--limit", "0"], "--limit 0 is no number of mails"),
        (["--since", ago(7), "--limit", "many"], "--limit many is no number of mails"),
        (["--since", ago(7), "--max-cost=-1"], "--max-cost -1 is no sum in USD"),
        (["--since", ago(7), "--max-cost", "NaN"], "--max-cost NaN is no sum in USD"),
        (["--since", ago(7), "--max-cost", "much"], "--max-cost much is no sum in USD"),
        (["--since", ago(7), "--mailbox", "nowhere"], "There is no mailbox nowhere"),
        (["--since", ago(7)], "No mailbox is set up"),
    ],
)
def test_a_wrong_argument_is_answered_by_one_line_that_says_what_to_do(
    arguments: list[str], says: str, settings: Any
) -> None:
    settings.MAILBOXES = {}
    with pytest.raises(CommandError, match=re.escape(says)) as refused:
        call_command("backfill", *arguments, stdout=StringIO())
    assert "\n" not in str(refused.value)
