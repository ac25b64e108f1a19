"""The delivery loop, over deeds whose other side does what each test says."""

import threading
import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from crm.models import SheetRow
from inbox_router.couriers import DeliveryError, NotWanted
from inbox_router.delivery import kinds, work_off, work_off_all
from inbox_router.models import Halt
from tests.outside.models import Deed, Outside, OutsideCourier

State = Deed.State


@pytest.fixture(autouse=True)
def outside(db: None) -> Outside:
    OutsideCourier.world = Outside()
    return OutsideCourier.world


@pytest.fixture(autouse=True)
def _armed(settings: Settings) -> None:
    settings.ARMED = frozenset({"crm"})


def owe(key: str, stream: str = "", position: int = 0, effect: str = "crm") -> Deed:
    deed = Deed.owe(effect=effect, key=key, stream=stream or key, position=position)
    deed.save()
    return deed


def time_passes() -> None:
    """Every back-off and every lease is over."""
    past = timezone.now() - timedelta(seconds=1)
    Deed.objects.update(due_at=past)
    Deed.objects.exclude(lease_until=None).update(lease_until=past)


def test_a_deed_is_done_once_and_its_evidence_kept(outside: Outside) -> None:
    deed = owe("a")
    assert work_off(Deed) == {"done": 1}
    assert work_off(Deed) == {}
    deed.refresh_from_db()
    assert (deed.state, deed.evidence, deed.attempts, deed.in_doubt) == (State.DONE, "did a", 1, False)
    assert deed.settled_at
    assert outside.done == ["a"]
    assert outside.probed == []


def test_a_deed_whose_answer_was_lost_is_found_and_not_repeated(outside: Outside) -> None:
    deed = owe("a")
    outside.troubles["a"] = [DeliveryError("the line went dead", maybe_done=True)]
    assert work_off(Deed) == {"owed": 1}
    deed.refresh_from_db()
    assert (deed.error, deed.in_doubt) == ("the line went dead", True)
    time_passes()
    assert work_off(Deed) == {"done": 1}
    deed.refresh_from_db()
    assert (deed.evidence, deed.error) == ("seen a", "")
    assert outside.done == ["a"]


def test_an_unexpected_error_leaves_the_deed_in_doubt_and_says_what_it_was(outside: Outside) -> None:
    deed = owe("a")
    outside.troubles["a"] = [KeyError("ts")]
    work_off(Deed)
    deed.refresh_from_db()
    assert (deed.state, deed.in_doubt, deed.error) == (State.OWED, True, "KeyError: 'ts'")
    time_passes()
    work_off(Deed)
    assert outside.done == ["a"]


def test_a_temporary_error_is_waited_for_as_long_as_the_other_side_asks(outside: Outside) -> None:
    deed = owe("a")
    outside.troubles["a"] = [DeliveryError("slow down", retry_after=900)]
    work_off(Deed)
    deed.refresh_from_db()
    assert deed.due_at > timezone.now() + timedelta(seconds=890)
    assert not deed.in_doubt
    assert work_off(Deed) == {}
    time_passes()
    assert work_off(Deed) == {"done": 1}
    assert outside.probed == []


def test_a_permanent_error_is_shown_until_a_person_has_it_retried(outside: Outside) -> None:
    deed = owe("a")
    outside.troubles["a"] = [DeliveryError("Invite the app to the channel.", permanent=True)]
    assert work_off(Deed) == {"failed": 1}
    time_passes()
    assert work_off(Deed) == {}
    deed.refresh_from_db()
    assert (deed.state, deed.error) == (State.FAILED, "Invite the app to the channel.")
    deed.retry()
    assert work_off(Deed) == {"done": 1}
    assert outside.done == ["a"]


def test_where_we_are_not_let_in_it_is_shown_at_once_and_done_soon_after_we_are(outside: Outside) -> None:
    deed = owe("a")
    outside.troubles["a"] = [DeliveryError("The token has expired.", permanent=True, blocked=True)] * 20
    for _ in range(20):
        assert work_off(Deed) == {"blocked": 1}
        assert list(Deed.in_trouble()) == [deed]
        time_passes()
    assert work_off(Deed) == {"done": 1}
    assert outside.done == ["a"]
    assert not Deed.in_trouble()


def test_what_is_blocked_never_waits_longer_than_the_first_times(outside: Outside) -> None:
    owe("a")
    outside.troubles["a"] = [DeliveryError("no connection", blocked=True)] * 12
    for _ in range(12):
        assert work_off(Deed) == {"owed": 1}
        assert Deed.objects.get().due_at < timezone.now() + timedelta(seconds=16)
        time_passes()


def test_who_is_blocked_and_asked_to_wait_waits(outside: Outside) -> None:
    owe("a")
    outside.troubles["a"] = [DeliveryError("too many sign-ins", blocked=True, retry_after=300)]
    work_off(Deed)
    assert Deed.objects.get().due_at > timezone.now() + timedelta(seconds=290)


def test_a_failed_deed_that_may_have_been_done_is_looked_for_before_it_is_retried(outside: Outside) -> None:
    deed = owe("a")
    outside.troubles["a"] = [DeliveryError("refused after the deed", permanent=True, maybe_done=True)]
    assert work_off(Deed) == {"failed": 1}
    deed.retry()
    assert work_off(Deed) == {"done": 1}
    assert outside.done == ["a"]


def test_what_nobody_can_confirm_is_never_repeated_by_itself(outside: Outside) -> None:
    deed = owe("a")
    outside.troubles["a"] = [DeliveryError("the line went dead", maybe_done=True)]
    outside.blind = True
    work_off(Deed)
    time_passes()
    assert work_off(Deed) == {"unconfirmed": 1}
    time_passes()
    assert work_off(Deed) == {}
    deed.refresh_from_db()
    assert (deed.state, deed.evidence) == (State.UNCONFIRMED, "nobody lets us look")
    assert outside.done == ["a"]


def test_a_person_who_saw_that_an_unconfirmed_deed_was_not_done_has_it_done(outside: Outside) -> None:
    deed = owe("a")
    outside.troubles["a"] = [DeliveryError("the line went dead", maybe_done=True)]
    outside.blind = True
    work_off(Deed)
    time_passes()
    work_off(Deed)
    outside.done.clear()
    deed.retry()
    assert work_off(Deed) == {"done": 1}
    assert outside.done == ["a"]


def test_a_deed_that_is_not_wanted_any_more_is_cancelled_with_the_reason(outside: Outside) -> None:
    deed = owe("a")
    outside.troubles["a"] = [NotWanted("a person moved it")]
    assert work_off(Deed) == {"cancelled": 1}
    deed.refresh_from_db()
    assert deed.evidence == "a person moved it"


def test_the_deeds_of_a_stream_are_done_in_their_order(outside: Outside) -> None:
    owe("archive", "mail", 9)
    owe("label", "mail", 1)
    owe("draft", "mail", 2)
    assert work_off(Deed) == {"done": 3}
    assert outside.done == ["label", "draft", "archive"]


def test_what_follows_a_failed_deed_in_its_stream_waits_and_other_streams_do_not(outside: Outside) -> None:
    failing = owe("draft", "mail", 1)
    owe("archive", "mail", 2)
    owe("alert", "lead", 1)
    outside.troubles["draft"] = [DeliveryError("the mailbox is full", permanent=True)]
    assert work_off(Deed) == {"failed": 1, "done": 1}
    assert outside.done == ["alert"]
    failing.retry()
    work_off(Deed)
    assert outside.done == ["alert", "draft", "archive"]


def test_an_effect_that_is_not_armed_is_shown_and_not_touched(outside: Outside) -> None:
    shown = owe("a", effect="slack")
    assert work_off(Deed) == {}
    shown.refresh_from_db()
    assert (shown.state, shown.attempts) == (State.SHADOW, 0)


def test_the_kill_switch_lets_no_more_than_one_deed_be_done(outside: Outside) -> None:
    for key in "abc":
        owe(key)
    outside.meanwhile = lambda: Halt.begin("mona", "odd")
    assert work_off(Deed) == {"done": 1}
    assert outside.done == ["a"]


def test_a_deed_whose_effect_was_disarmed_after_the_decision_waits(outside: Outside, settings: Settings) -> None:
    deed = owe("a")
    settings.ARMED = frozenset()
    assert work_off(Deed) == {}
    deed.refresh_from_db()
    assert (deed.state, deed.attempts, outside.done) == (State.OWED, 0, [])


def test_what_a_dead_worker_had_taken_is_looked_for_and_then_done(outside: Outside) -> None:
    owe("done before it died")
    owe("not yet done")
    for _ in range(2):
        Deed.claim(timezone.now())
    outside.done.append("done before it died")
    assert work_off(Deed) == {}  # its leases run
    time_passes()
    assert work_off(Deed) == {"done": 2}
    assert outside.done == ["done before it died", "not yet done"]
    assert outside.probed == ["done before it died", "not yet done"]


def test_a_worker_whose_lease_has_run_out_writes_nothing(outside: Outside) -> None:
    deed = owe("a")

    def another_takes_it_over() -> None:
        time_passes()
        assert Deed.claim(timezone.now())[1] == [deed]

    outside.meanwhile = another_takes_it_over
    work_off(Deed)
    deed.refresh_from_db()
    assert (deed.state, deed.evidence, deed.in_doubt) == (State.TAKEN, "", True)


def test_a_worker_that_was_stopped_while_it_looked_does_not_do_what_another_has_taken(outside: Outside) -> None:
    owe("draft", "mail", 1)
    other = uuid.uuid4()
    outside.before = lambda: Deed.objects.update(taken_by=other)
    work_off(Deed)
    assert outside.done == []
    assert Deed.objects.get().taken_by == other


def test_the_trouble_of_one_kind_does_not_keep_the_others_waiting(outside: Outside, settings: Settings) -> None:
    owe("a")
    settings.SLACK_API_URL = "http://127.0.0.1:1/"
    settings.SLACK_BOT_TOKEN = "xoxb-test"
    assert work_off_all()["done"] == 1
    assert outside.done == ["a"]


def test_the_spreadsheet_comes_last_since_the_others_write_to_the_log() -> None:
    assert kinds()[-1] is SheetRow


@pytest.mark.django_db(transaction=True)
def test_workers_side_by_side_do_each_deed_once(outside: Outside) -> None:
    for number in range(30):
        owe(f"deed {number}")

    def work() -> None:
        work_off(Deed)
        connection.close()

    workers = [threading.Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(outside.done) == sorted(f"deed {number}" for number in range(30))
    assert Deed.objects.filter(state=State.DONE).count() == 30


def test_the_kill_switch_stops_what_is_about_to_be_done(outside: Outside) -> None:
    for key in "ab":
        owe(key)
    outside.before = lambda: Halt.begin("mona", "odd")
    work_off(Deed)
    assert outside.done == []
    assert {row.state for row in Deed.objects.all()} == {State.OWED}
    assert not Deed.objects.filter(in_doubt=True).exists()
    outside.before = lambda: None
    Halt.end("mona")
    time_passes()
    work_off(Deed)
    assert sorted(outside.done) == ["a", "b"]
