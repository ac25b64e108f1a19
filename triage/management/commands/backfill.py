import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Protocol

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser, OutputWrapper
from django.utils import timezone
from tqdm import tqdm

from inbox_router.stopping import unwind_on_sigterm
from triage import backlog
from triage.mailbox import MailboxError
from triage.services import active_mailboxes

NOTHING_ELSE = (
    "Leads go to the CRM; no replies are drafted, nobody is given a lead or told of it, "
    "and nothing is moved or labelled in the mailbox. What is not sure waits for a person, behind all new mail."
)


class Command(BaseCommand):
    help = "Take up old mail that was passed over: it is judged and kept in the CRM and the log. Safe to run again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--since", required=True, metavar="DATE", help="what came in from this day on: 2026-01-31")
        parser.add_argument("--limit", metavar="N", help="at most so many mails, the oldest first")
        parser.add_argument("--max-cost", metavar="USD", help="stop when the model has cost so much")
        parser.add_argument("--mailbox", default="", metavar="NAME", help="only this one")
        parser.add_argument("--dry-run", action="store_true", help="only say how many mails and what they would cost")
        parser.add_argument("--no-progress", action="store_true", help="print JSON lines, as where nobody looks")

    def handle(self, *args: Any, **options: Any) -> None:
        unwind_on_sigterm()
        since, limit, max_cost = day(options["since"]), number(options["limit"]), usd(options["max_cost"])
        portions = found(options["mailbox"], since, limit)
        mails = sum(len(portion.messages) for portion in portions)
        cost = backlog.estimate(mails)
        if cost is None and max_cost is not None:
            raise CommandError(
                f"--max-cost would never be met: no price of {settings.LLM_MODEL} is known. "
                "Set LLM_INPUT_PRICE and LLM_OUTPUT_PRICE, or leave it out."
            )
        plain = options["no_progress"] or not self.stdout.isatty()
        told: Telling = Lines(self.stdout) if plain else Terminal(self.stdout)
        told.plan(mails, cost, f"{first_line(mails, since, cost)} {NOTHING_ELSE}")
        if options["dry_run"]:
            told.end(backlog.Done(), "Nothing was done: this was a dry run.")
            return
        self.work(portions, mails, max_cost, told)

    def work(self, portions: Sequence[backlog.Portion], mails: int, max_cost: Decimal | None, told: "Telling") -> None:
        done, trouble = backlog.Done(), ""
        try:
            for _ in backlog.take_up(portions, max_cost, done):
                told.progress(done)
        except backlog.NotNow as error:
            trouble = str(error)
        except KeyboardInterrupt:
            trouble = "Stopped by you."
        left = mails - done.mails
        again = f" {left} are left: run it again to go on." if left else ""
        why = f" Stopped: {done.stopped}." if done.stopped else ""
        told.end(done, f"{done.mails} of {mails} mails, {float(done.cost):.2f} USD.{why}{again}")
        if trouble:
            raise CommandError(f"{trouble}{again}")


class Telling(Protocol):
    """How a person, or a log, is told."""

    def plan(self, mails: int, cost: Decimal | None, says: str) -> None: ...
    def progress(self, done: backlog.Done) -> None: ...
    def end(self, done: backlog.Done, says: str) -> None: ...


@dataclass
class Lines:
    """One JSON object a line."""

    out: OutputWrapper
    mails: int = 0

    def plan(self, mails: int, cost: Decimal | None, says: str) -> None:
        self.mails = mails
        self.write(event="plan", mails=mails, cost_usd=None if cost is None else float(cost), says=says)

    def progress(self, done: backlog.Done) -> None:
        self.write(event="progress", **self.figures(done))

    def end(self, done: backlog.Done, says: str) -> None:
        self.write(event="end", **self.figures(done), became=dict(done.became), stopped=done.stopped, says=says)

    def figures(self, done: backlog.Done) -> dict[str, Any]:
        seconds = (timezone.now() - done.began).total_seconds()
        return {
            "mails": done.mails,
            "of": self.mails,
            "cost_usd": float(done.cost),
            "failures": done.failures,
            "mails_per_second": round(done.mails / seconds, 1) if seconds else 0.0,
        }

    def write(self, **facts: Any) -> None:
        self.out.write(json.dumps(facts))
        self.out.flush()


@dataclass
class Terminal:
    """A bar that grows, and a table at the end."""

    out: OutputWrapper
    bar: Any = None

    def plan(self, mails: int, cost: Decimal | None, says: str) -> None:
        self.out.write(says)
        self.bar = tqdm(total=mails, unit=" mails", file=sys.stderr, dynamic_ncols=True)

    def progress(self, done: backlog.Done) -> None:
        self.bar.set_postfix_str(f"{float(done.cost):.2f} USD, {done.failures} failures", refresh=False)
        self.bar.update(done.mails - self.bar.n)

    def end(self, done: backlog.Done, says: str) -> None:
        self.bar.close()
        for what, mails in done.became.most_common():
            self.out.write(f"{what:<20} {mails:>7,}")
        self.out.write(says)


def first_line(mails: int, since: date, cost: Decimal | None) -> str:
    """What will happen, and what it may cost."""
    judge = settings.LLM_MODEL or "the embedded classifier"
    price = "a price that is not known" if cost is None else f"about {float(cost):.2f} USD"
    return f"{mails:,} mails since {since} to be judged by {judge} for {price}."


def found(only: str, since: date, limit: int | None) -> list[backlog.Portion]:
    """What there is to take up in each mailbox, so many mails in all."""
    try:
        mailboxes = active_mailboxes(only)
    except KeyError:
        raise CommandError(f"There is no mailbox {only}; see MAILBOX_URL in .env.example.") from None
    if not mailboxes:
        raise CommandError("No mailbox is set up: set MAILBOX_URL (see .env.example), or try `make demo`.")
    portions: list[backlog.Portion] = []
    for mailbox in mailboxes:
        left = None if limit is None else limit - sum(len(portion.messages) for portion in portions)
        try:
            portions.append(backlog.find(mailbox, since, left))
        except (backlog.NotNow, MailboxError) as error:
            raise CommandError(str(error)) from None
    return portions


def day(text: str) -> date:
    try:
        since = date.fromisoformat(text)
    except ValueError:
        raise CommandError(f"--since {text} is no date: write it like 2026-01-31.") from None
    if since > timezone.localdate():
        raise CommandError(f"--since {text} is in the future: no mail came in since then.")
    return since


def number(text: str | None) -> int | None:
    if text is not None and not (text.isdecimal() and int(text) > 0):
        raise CommandError(f"--limit {text} is no number of mails: write it like 500.")
    return None if text is None else int(text)


def usd(text: str | None) -> Decimal | None:
    try:
        amount = None if text is None else Decimal(text)
    except InvalidOperation:
        amount = Decimal(0)
    if amount is not None and not (amount.is_finite() and amount > 0):
        raise CommandError(f"--max-cost {text} is no sum in USD: write it like 5.00.")
    return amount
