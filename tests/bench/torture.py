"""What mail that hurts costs: `python -m tests.bench.torture [FOLDER ...]`, with each file of these folders as a mail.

One mail a run, through Dovecot, all stages and the embedded classifier; our own of tests/hurting.py come first. Told
are the milliseconds of its run and the megabytes by which the program and its reader grew meanwhile, at most. After
each a usual mail must come through. The exit status is 1 if a mail has no row, or costs more than it may.
"""

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
django.setup()

from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402

from inbox_router.delivery import work_off_all  # noqa: E402
from tests import mails  # noqa: E402
from tests.hurting import HURTING  # noqa: E402
from tests.servers.imap import Dovecot, ImapPeer  # noqa: E402
from triage import services  # noqa: E402
from triage.classifiers.local import LocalClassifier  # noqa: E402
from triage.models import Message  # noqa: E402
from triage.parsing.reader import Reader  # noqa: E402
from triage.pipeline import run_mailbox  # noqa: E402

SECONDS, MEGABYTES, NEXT_SECONDS = 2.0, 200.0, 5.0
WAITING = (Message.Status.FOUND, Message.Status.FETCHED, Message.Status.FILTERED, Message.Status.CLASSIFIED)


@dataclass(frozen=True)
class Cost:
    """Of one run, with the mail's row after it, if there is one."""

    seconds: float
    megabytes: float
    row: Message | None

    def is_too_much(self, seconds: float) -> bool:
        return self.row is None or self.row.status in WAITING or self.seconds > seconds or self.megabytes > MEGABYTES

    def __str__(self) -> str:
        became = f"{self.row.status} {self.row.category} {self.row.error}" if self.row else "NO ROW"
        return f"{self.seconds * 1000:6.0f} ms {self.megabytes:6.1f} MB  {became.strip()[:90]}"


class Chamber:
    """A mailbox, and the program at it."""

    def __init__(self, server: Dovecot, reader: Reader, peer: ImapPeer) -> None:
        self.server, self.reader, self.peer = server, reader, peer
        self.classifier = LocalClassifier.load()
        peer.uids()  # the first look makes the folder

    def suffer(self, raw: bytes) -> Cost:
        """Take a mail in."""
        self.server.drop(raw)
        uid = self.peer.uids()[-1]
        processes = [os.getpid(), *([self.reader.child.process.pid] if self.reader.child else [])]
        before = {pid: memory(pid, "VmRSS", forget=True) for pid in processes}
        start = time.perf_counter()
        run_mailbox(services.active_mailboxes()[0], self.classifier, self.reader)
        seconds = time.perf_counter() - start
        grown = sum(memory(pid, "VmHWM") - size for pid, size in before.items())
        work_off_all()
        return Cost(seconds, grown, Message.objects.filter(uid=uid).first())


def memory(pid: int, which: str, *, forget: bool = False) -> float:
    """Megabytes of a process; `forget`: its peak is counted from now on. A reader that has ended had used them all."""
    with suppress(FileNotFoundError):
        if forget:
            Path(f"/proc/{pid}/clear_refs").write_text("5")
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        return next((int(line.split()[1]) / 1000 for line in lines if line.startswith(which)), MEGABYTES)
    return MEGABYTES


def torturing(folders: list[str]) -> Iterator[tuple[str, Callable[[], bytes]]]:
    yield from HURTING.items()
    for folder in map(Path, folders):
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            yield str(path.relative_to(folder)), path.read_bytes


def main(folders: list[str]) -> int:
    """Measure all, and tell of each and of the worst."""
    call_command("migrate", run_syncdb=True, verbosity=0)
    call_command("load_team", "templates/demo/team.toml")
    services.seed_company_rules()
    costs: dict[str, Cost] = {}
    bad = []
    with Dovecot() as server, Reader(settings.COMPANY_DOMAINS) as reader, ImapPeer(server.account()) as peer:
        settings.MAILBOXES = {"inbox": server.account()}
        chamber = Chamber(server, reader, peer)
        chamber.suffer(mails.mail("lead", 0).raw)  # the first one pays for all that is loaded once
        for number, (name, raw) in enumerate(torturing(folders), 1):
            costs[name] = cost = chamber.suffer(raw())
            following = chamber.suffer(mails.mail("lead", number).raw)
            bad += [name] * (cost.is_too_much(SECONDS) or following.is_too_much(NEXT_SECONDS))
            sys.stdout.write(f"{cost}  {name}; the next one {following.seconds * 1000:.0f} ms\n")
    slowest = max(costs, key=lambda name: costs[name].seconds)
    largest = max(costs, key=lambda name: costs[name].megabytes)
    sys.stdout.write(
        f"{len(costs)} mails.\nSlowest: {costs[slowest]}  {slowest}\nLargest: {costs[largest]}  {largest}\n"
    )
    sys.stdout.write(f"Without a row, or too dear: {', '.join(bad) or 'none'}\n")
    return int(bool(bad))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
