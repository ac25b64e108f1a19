"""Leases whose holder died are taken over; those of one that is only stopped are not."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from inbox_router import lives
from tests.outside.models import Deed
from tests.test_settings import ROOT
from triage.classifiers.llm.trial import Limits
from triage.models import Mailbox
from triage.running.takeover import take_over_from_the_dead

pytestmark = pytest.mark.django_db
HOLDER = "import django; django.setup(); from inbox_router import lives; print(lives.token(), flush=True); input()"
SLOWEST = 120  # seconds: the longest LLM_TIMEOUT that is not refused
GONE = timedelta(seconds=1)  # after the aftermath


@pytest.fixture
def another() -> Iterator[Callable[[], tuple[subprocess.Popen, str]]]:
    """Another process that holds a token."""
    started = []

    def start() -> tuple[subprocess.Popen, str]:
        environment = os.environ | {"DJANGO_SETTINGS_MODULE": "inbox_router.settings"}
        process = subprocess.Popen(
            [sys.executable, "-c", HOLDER], cwd=ROOT, env=environment, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        started.append(process)
        assert process.stdout
        return process, process.stdout.readline().strip()

    yield start
    for process in started:
        process.kill()
        process.communicate()


def held_by(token: str) -> tuple[Mailbox, Deed]:
    """A mailbox and a delivery in somebody's hands."""
    until = timezone.now() + timedelta(minutes=2)
    mailbox = Mailbox.objects.create(name="inbox", lease_holder=token, lease_until=until)
    deed = Deed.owe(effect="crm", key="a", stream="a")
    deed.state, deed.taken_by, deed.lease_until, deed.in_doubt = Deed.State.TAKEN, token, until, True
    deed.save()
    return mailbox, deed


def test_what_a_killed_process_had_in_hand_is_taken_over_at_once(another: Callable) -> None:
    process, token = another()
    mailbox, deed = held_by(token)
    assert take_over_from_the_dead() == 0
    process.kill()
    process.wait()
    assert take_over_from_the_dead() == 2
    assert mailbox.take_lease()
    assert not Deed.due(timezone.now()), "what it sent last may still arrive"
    assert Deed.claim(timezone.now() + Deed.aftermath + GONE)[1] == [deed]
    assert take_over_from_the_dead() == 0


def test_a_lease_outlasts_the_longest_task_and_a_mail_that_the_slowest_model_is_asked_about() -> None:
    longest = settings.Q_CLUSTER["timeout"]
    still_ours = timezone.now() + timedelta(seconds=longest)
    mailbox = Mailbox.objects.create(name="inbox")
    assert mailbox.take_lease()
    mailbox.refresh_from_db()
    assert mailbox.lease_until
    assert mailbox.lease_until > still_ours
    Deed.owe(effect="crm", key="a", stream="a").save()
    Deed.claim(timezone.now())
    assert Deed.objects.get().lease_until > still_ours
    assert Limits(SLOWEST).mail < longest, "else the scheduler ends every run before it stored an answer"


def test_a_stopped_process_keeps_what_it_has_until_its_lease_runs_out(another: Callable) -> None:
    process, token = another()
    mailbox, _ = held_by(token)
    process.send_signal(signal.SIGSTOP)
    assert take_over_from_the_dead() == 0
    assert mailbox.take_lease() is None
    process.kill()  # it dies although it is stopped
    process.wait()
    assert take_over_from_the_dead() == 2


def test_a_forked_process_has_a_life_of_its_own() -> None:
    ours, (reads, writes) = lives.token(), os.pipe()
    if (pid := os.fork()) == 0:
        os.write(writes, lives.token().hex.encode())
        os._exit(0)
    os.waitpid(pid, 0)
    child = os.read(reads, 32).decode()
    assert child[: lives.HALF] != ours.hex[: lives.HALF]
    dead = {life.path.name for life in lives.dead()}
    assert child[: lives.HALF] in dead
    assert ours.hex[: lives.HALF] not in dead


def test_of_a_holder_on_another_machine_nothing_is_known(another: Callable) -> None:
    process, token = another()
    mailbox, _ = held_by(token)
    process.kill()
    process.wait()
    (settings.DATA_DIR / "alive" / token.replace("-", "")[: lives.HALF]).unlink()
    assert take_over_from_the_dead() == 0
    assert mailbox.take_lease() is None


def test_each_lease_has_a_token_of_its_own() -> None:
    tokens = {lives.token() for _ in range(100)}
    assert len(tokens) == 100
    assert len({token.hex[: lives.HALF] for token in tokens}) == 1
