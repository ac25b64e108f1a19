"""An approver sends, refuses, puts off; and no reply goes out twice, whoever presses how often."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from tests import office
from tests.browser.conftest import Desk
from triage.models import Decision, Draft
from triage.services import approve_draft

pytestmark = pytest.mark.browser
APPROVE, SEVERAL = "/admin/triage/draft/approve/", "/admin/triage/draft/approve/several/"
Sit = Callable[..., Desk]


@pytest.fixture
def mia() -> str:
    return office.user("mia", "Approver").username


def test_a_reply_that_is_approved_twice_is_sent_once(sit_down: Sit, mia: str) -> None:
    draft = office.waiting_draft()
    one, other = sit_down(mia), sit_down(mia)
    one.open(APPROVE), other.open(APPROVE)
    one.page.keyboard.press("a")
    expect(one.page.get_by_role("status")).to_contain_text("Approved. Nothing has happened yet.")
    other.page.keyboard.press("a")
    expect(other.page.get_by_text("Somebody was faster")).to_be_visible()
    office.time_passes()
    assert Decision.objects.filter(draft=draft).count() == 1
    assert Draft.objects.get().state == Draft.State.APPROVED


def test_an_impatient_approver_approves_once(sit_down: Sit, mia: str) -> None:
    first, second = office.waiting_draft("Springs"), office.waiting_draft("Gears")
    desk = sit_down(mia)
    desk.open(f"{APPROVE}?row={first.pk}")
    desk.page.evaluate(
        "for (const _ of 'ab') document.body.dispatchEvent(new KeyboardEvent('keydown', {key: 'a', bubbles: true}))"
    )
    expect(desk.page.locator("[data-focus]")).to_have_text("Gears")
    desk.page.wait_for_load_state("networkidle")
    office.time_passes()
    states = dict(Draft.objects.values_list("pk", "state"))
    assert states == {first.pk: Draft.State.APPROVED, second.pk: Draft.State.WAITING}


def test_two_approvers_are_never_at_the_same_reply(sit_down: Sit, mia: str) -> None:
    office.waiting_draft()
    ben = office.user("ben", "Approver").username
    one, other = sit_down(mia), sit_down(ben)
    one.open(APPROVE), other.open(APPROVE)
    expect(other.page.get_by_text("All clear.")).to_be_visible()
    other.page.get_by_role("button", name="Take over from mia").click()
    expect(other.page.locator("[data-focus]")).to_have_text("Springs")
    other.page.keyboard.press("a")
    expect(other.page.get_by_role("status")).to_contain_text("Approved.")
    one.page.keyboard.press("a")
    expect(one.page.get_by_text("Nothing was done")).to_be_visible()
    assert [decision.person.username for decision in Decision.objects.exclude(draft=None)] == ["ben"]


def test_what_was_written_into_a_reply_that_a_colleague_sent_is_shown_to_copy(sit_down: Sit, mia: str) -> None:
    draft = office.waiting_draft()
    desk = sit_down(mia)
    desk.open(APPROVE)
    desk.page.locator("textarea[name=body]").fill("What I would have said")
    approve_draft(Draft.objects.get(pk=draft.pk), office.boss())
    desk.page.keyboard.press("Control+Enter")
    expect(desk.page.get_by_label("What you wrote")).to_contain_text("What I would have said")
    assert "What I would" not in Draft.objects.get().body


def test_a_reply_is_refused_with_the_reason_by_keyboard_and_that_is_undone(sit_down: Sit, mia: str) -> None:
    draft = office.waiting_draft()
    desk = sit_down(mia)
    desk.open(APPROVE)
    desk.page.keyboard.press("x")
    desk.page.get_by_label("Wrong tone").check()
    desk.page.get_by_role("button", name="Reject: nothing is sent").click()
    expect(desk.page.get_by_role("status")).to_contain_text("Rejected")
    desk.page.keyboard.press("z")
    expect(desk.page.get_by_text("Taken back: nothing has happened")).to_be_visible()
    office.time_passes()
    draft.refresh_from_db()
    assert draft.state == Draft.State.WAITING


def test_a_reply_is_put_off_to_a_day_for_everybody(sit_down: Sit, mia: str) -> None:
    office.waiting_draft()
    desk = sit_down(mia)
    desk.open(APPROVE)
    desk.page.locator("input[name=until]").fill((timezone.localdate() + timedelta(days=2)).isoformat())
    desk.page.locator("input[name=until]").blur()
    desk.page.keyboard.press("s")
    expect(desk.page.get_by_text("Put aside for everybody until")).to_be_visible()
    expect(desk.page.get_by_text("All clear.")).to_be_visible()


def test_several_that_need_no_look_are_approved_at_once(sit_down: Sit, mia: str) -> None:
    for subject in ("Springs", "Gears"):
        office.waiting_draft(subject)
    desk = sit_down(mia)
    desk.open(APPROVE)
    desk.page.get_by_role("link", name="Approve several").click()
    desk.page.get_by_role("button", name="Approve and send those that are ticked").click()
    expect(desk.page.get_by_role("status")).to_contain_text("Springs and 1 more: Approved.")
    expect(desk.page.get_by_text("All clear.")).to_be_visible()
    expect(desk.page.locator(f"#nav-sidebar-apps a[href='{APPROVE}'] > span")).to_have_count(2)  # no number is left
    office.time_passes()
    assert set(Draft.objects.values_list("state", flat=True)) == {Draft.State.APPROVED}
