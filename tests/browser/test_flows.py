"""A day's work in the browser: by keyboard, by two people at once, after a session ended, without JavaScript."""

import os
import re
from collections.abc import Callable
from datetime import timedelta
from statistics import median

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from tests import office
from tests.browser.conftest import Desk
from triage.models import Category, Claim, Classification, Decision, Draft, Message, ReplyTemplate
from triage.services import decide

pytestmark = pytest.mark.browser
REVIEW, APPROVE = "/admin/triage/message/review/", "/admin/triage/draft/approve/"
Sit = Callable[..., Desk]


@pytest.fixture
def boss() -> str:
    return office.boss().username


def heading(desk: Desk) -> str:
    return desk.page.locator("[data-focus]").inner_text()


def press(desk: Desk, key: str) -> float:
    """Press a key and wait for the next item; milliseconds."""
    before = desk.page.locator("#work input[name=row]").get_attribute("value")
    script = f"""key => new Promise(done => {{
        const began = performance.now();
        const look = () => document.querySelector("#work input[name=row]")?.value === "{before}"
            ? requestAnimationFrame(look) : done(performance.now() - began);
        document.body.dispatchEvent(new KeyboardEvent("keydown", {{key, code: "Digit" + key, bubbles: true}}));
        look();
    }})"""
    took: float = desk.page.evaluate(script, key)
    return took


def test_a_queue_is_cleared_by_keyboard(sit_down: Sit, boss: str) -> None:
    office.team()
    for number in range(100):
        office.message(f"Mail {number}")
    desk = sit_down(boss)
    desk.open(REVIEW)
    took = [press(desk, "1234"[number % 4]) for number in range(100)]
    load = ", ".join(f"{load:.1f}" for load in os.getloadavg())
    print(f"\nkey to next item, 100 items: median {median(took):.0f} ms, slowest {max(took):.0f} ms; load {load}")  # noqa: T201
    assert heading(desk) == "All clear."
    office.time_passes()
    decided = Classification.objects.filter(judge="person").values_list("category", flat=True)
    assert sorted(decided) == sorted([*Category.values[:4]] * 25)


def test_the_digits_are_known_by_their_place(sit_down: Sit, boss: str) -> None:
    row = office.message()
    desk = sit_down(boss)
    desk.open(REVIEW)
    # On a Czech keyboard the key of 2 types ě.
    typed = "{key: 'ě', code: 'Digit2', bubbles: true}"
    desk.page.evaluate(f"document.body.dispatchEvent(new KeyboardEvent('keydown', {typed}))")
    expect(desk.page.get_by_text("All clear.")).to_be_visible()
    office.time_passes()
    assert Message.objects.get(pk=row.pk).category == Category.ACCOUNTING


def test_a_key_that_is_pressed_twice_decides_once(sit_down: Sit, boss: str) -> None:
    first, second = office.message("First"), office.message("Second")
    desk = sit_down(boss)
    desk.open(f"{REVIEW}?row={first.pk}")
    typed = "{key: '4', code: 'Digit4', bubbles: true}"
    desk.page.evaluate(f"for (const _ of 'ab') document.body.dispatchEvent(new KeyboardEvent('keydown', {typed}))")
    expect(desk.page.locator("[data-focus]")).to_have_text("Second")
    desk.page.wait_for_load_state("networkidle")
    assert [decision.message_id for decision in Decision.objects.all()] == [first.pk]
    assert heading(desk) == "Second"
    assert Message.objects.get(pk=second.pk).status == Message.Status.REVIEW


def test_keys_do_nothing_while_somebody_writes_or_has_switched_them_off(sit_down: Sit, boss: str) -> None:
    office.message("Pumps")
    desk = sit_down(boss)
    desk.open(REVIEW)
    desk.page.keyboard.press("w")
    desk.page.keyboard.type("1 2 3 4 s")
    assert desk.page.locator("input[name=why]").input_value() == "1 2 3 4 s"
    desk.page.keyboard.press("Escape")
    desk.page.keyboard.press("Control+1")
    desk.page.keyboard.press("?")
    desk.page.get_by_role("link", name="My settings").last.click()
    desk.page.get_by_label("One-key shortcuts are on").uncheck()
    desk.page.get_by_role("button", name="Save").click()
    expect(desk.page.get_by_text("Saved.")).to_be_visible()
    desk.open(REVIEW)
    desk.page.keyboard.press("1")
    assert heading(desk) == "Pumps"
    assert Message.objects.get().status == Message.Status.REVIEW


def test_the_sidebar_counts_down_with_each_decision(sit_down: Sit, boss: str) -> None:
    office.message("First"), office.message("Second")
    desk = sit_down(boss)
    desk.open(REVIEW)
    badge = desk.page.locator(f"#nav-sidebar-apps a[href='{REVIEW}'] > span").nth(2)
    expect(badge).to_have_text("2")
    press(desk, "3")
    expect(badge).to_have_text("1")
    press(desk, "3")
    expect(badge).to_be_hidden()


def test_after_a_decision_the_next_heading_has_the_focus_and_what_was_done_is_told(sit_down: Sit, boss: str) -> None:
    office.message("First"), office.message("Second")
    desk = sit_down(boss)
    desk.open(REVIEW)
    desk.page.keyboard.press("3")
    expect(desk.page.get_by_role("status")).to_contain_text("Second: Newsletter. Nothing has happened yet.")
    expect(desk.page.locator("[data-focus]")).to_be_focused()
    assert heading(desk) == "First"


def test_two_people_never_decide_the_same_one(sit_down: Sit, boss: str) -> None:
    for number in range(6):
        office.message(f"Mail {number}")
    office.user("mia", "Reviewer")
    ben, mia = sit_down(boss), sit_down("mia")
    ben.open(REVIEW), mia.open(REVIEW)
    for _ in range(3):
        assert heading(ben) != heading(mia)
        press(ben, "3"), press(mia, "4")
    assert [decision.person.username for decision in Decision.objects.order_by("pk")] == ["boss", "mia"] * 3
    assert office.time_passes() == 6
    assert Classification.objects.filter(judge="person").count() == 6


def test_who_lost_their_claim_is_told_and_changes_nothing(sit_down: Sit, boss: str) -> None:
    row, _ = office.message("Pumps"), office.message("Valves")
    desk = sit_down(boss)
    desk.open(f"{REVIEW}?row={row.pk}")
    decide(Message.objects.get(pk=row.pk), Category.ACCOUNTING, office.user("mia"))
    press(desk, "4")
    expect(desk.page.get_by_text("Somebody was faster")).to_be_visible()
    assert Message.objects.get(pk=row.pk).category == Category.ACCOUNTING


def test_a_decision_is_taken_back_by_key(sit_down: Sit, boss: str) -> None:
    office.team()
    row, _ = office.message("Pumps"), office.message("Valves")
    desk = sit_down(boss)
    desk.open(f"{REVIEW}?row={row.pk}")
    press(desk, "1")
    assert heading(desk) == "Valves"
    desk.page.keyboard.press("z")
    expect(desk.page.get_by_text("Taken back: nothing has happened")).to_be_visible()
    assert heading(desk) == "Pumps"
    office.time_passes()
    assert Message.objects.get(pk=row.pk).status == Message.Status.REVIEW
    press(desk, "1")
    office.time_passes()
    desk.page.keyboard.press("u")
    expect(desk.page.get_by_text("Too late to undo")).to_be_visible()


def test_who_was_too_long_away_is_told_who_has_it_now(sit_down: Sit, boss: str) -> None:
    row, _ = office.message("Pumps"), office.message("Valves")
    office.user("mia", "Reviewer")
    desk, mia = sit_down(boss), sit_down("mia")
    desk.open(f"{REVIEW}?row={row.pk}")
    Claim.objects.update(until=timezone.now())  # what five minutes without a sign of life do
    mia.open(f"{REVIEW}?row={row.pk}")
    assert heading(mia) == "Pumps"
    desk.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(desk.page.get_by_role("alert")).to_have_text("mia has taken this one over from you.")
    press(desk, "4")
    expect(desk.page.get_by_text("mia has this one now. Nothing was done; here is the next.")).to_be_visible()
    assert not Decision.objects.exists()


def test_a_page_that_is_open_keeps_its_row_and_one_that_is_left_gives_it_back(sit_down: Sit, boss: str) -> None:
    row = office.message("Pumps")
    desk = sit_down(boss)
    desk.open(REVIEW)
    soon = timezone.now() + timedelta(seconds=30)
    Claim.objects.update(until=soon)
    with desk.page.expect_response(lambda answer: answer.status == 204):
        desk.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    assert Claim.objects.get(row=row.pk).until > soon
    desk.page.goto(f"{desk.server}/admin/triage/message/")
    for _ in range(100):
        if not Claim.objects.exists():
            break
        desk.page.wait_for_timeout(50)
    assert not Claim.objects.exists()


def test_taking_over_from_a_colleague_is_a_button_that_says_whose_it_was(sit_down: Sit, boss: str) -> None:
    office.message("Pumps")
    office.user("mia", "Reviewer")
    mia, desk = sit_down("mia"), sit_down(boss)
    mia.open(REVIEW), desk.open(REVIEW)
    assert heading(desk) == "All clear."
    desk.page.get_by_role("button", name="Take over from mia").click()
    expect(desk.page.get_by_text("You have taken this one over from mia.")).to_be_visible()
    assert heading(desk) == "Pumps"
    press(mia, "4")
    expect(mia.page.get_by_text("boss has this one now. Nothing was done")).to_be_visible()
    assert not Decision.objects.exists()


def test_a_session_that_ended_loses_nothing(sit_down: Sit, boss: str) -> None:
    office.message("Pumps")
    desk = sit_down(boss)
    desk.open(REVIEW)
    Session.objects.all().delete()
    desk.page.keyboard.press("4")
    expect(desk.page.get_by_label(re.compile("Username", re.IGNORECASE))).to_be_visible()
    assert Message.objects.get().status == Message.Status.REVIEW


def test_what_was_written_before_a_session_ended_is_there_again(sit_down: Sit) -> None:
    office.waiting_draft()
    mia = office.user("mia", "Approver")
    mia.set_password("a long passphrase")
    mia.save()
    desk = sit_down("mia")
    desk.open(APPROVE)
    body = desk.page.locator("textarea[name=body]")
    body.fill("A long answer")
    Session.objects.all().delete()
    body.press("Control+Enter")
    desk.page.get_by_label(re.compile("Username", re.IGNORECASE)).fill("mia")
    desk.page.locator("input[name=password]").fill("a long passphrase")
    desk.page.get_by_role("button", name="Log in").click()
    expect(desk.page.get_by_role("alert")).to_contain_text("What you wrote is here again")
    assert body.input_value() == "A long answer"
    assert Draft.objects.get().state == Draft.State.WAITING


def test_the_queue_works_without_javascript(sit_down: Sit, boss: str) -> None:
    row = office.message("Pumps")
    desk = sit_down(boss, java_script_enabled=False)
    desk.page.goto(f"{desk.server}{REVIEW}")
    desk.page.locator("button[value=newsletter]").click()
    desk.page.get_by_role("button", name="Undo").first.click()
    assert "Taken back" in desk.page.content()
    desk.page.locator("button[value=spam]").click()
    office.time_passes()
    assert Message.objects.get(pk=row.pk).category == Category.SPAM


def test_a_reply_text_is_tried_and_saved_without_javascript(sit_down: Sit, boss: str) -> None:
    row = ReplyTemplate.objects.create(language="en")
    desk = sit_down(boss, java_script_enabled=False)
    desk.page.goto(f"{desk.server}{reverse('admin:triage_replytemplate_change', args=(row.pk,))}")
    desk.page.locator("textarea[name=text]").fill("Hi {{ first_name }}, one moment.")
    desk.page.get_by_role("button", name="Show how it reads").click()
    expect(desk.page.get_by_role("status")).to_contain_text("Hi Anna, one moment.")
    desk.picture("reply-text-without-javascript")
    desk.page.locator("textarea[name=text]").fill("Hi {{ first_name }}, two moments.")
    desk.page.get_by_role("button", name="Show how it reads").click()
    expect(desk.page.get_by_role("status")).to_contain_text("Hi Anna, two moments.")
    desk.page.get_by_role("button", name="Save").click()
    row.refresh_from_db()
    assert row.text == "Hi {{ first_name }}, two moments."


def test_a_reply_is_changed_and_sent_by_keyboard(sit_down: Sit, boss: str) -> None:
    draft = office.waiting_draft()
    desk = sit_down(boss)
    desk.open(APPROVE)
    desk.page.keyboard.press("e")
    desk.page.keyboard.press("Control+End")
    desk.page.keyboard.type("\nP.S. Thank you.")
    desk.page.keyboard.press("Control+Enter")
    expect(desk.page.get_by_role("status")).to_contain_text("Approved. Nothing has happened yet.")
    office.time_passes()
    draft.refresh_from_db()
    assert draft.state == Draft.State.APPROVED
    assert draft.body.endswith("P.S. Thank you.")


def test_a_dialog_asks_before_it_acts(sit_down: Sit, boss: str) -> None:
    draft = office.waiting_draft()
    desk = sit_down(boss)
    desk.open(reverse("admin:triage_draft_change", args=(draft.pk,)))
    desk.page.get_by_role("link", name="Reject").click()
    desk.page.get_by_label("Why").fill("wrong person")
    desk.picture("dialog")
    assert Draft.objects.get().state == Draft.State.WAITING
    desk.page.locator("#dialog").get_by_role("button", name="Reject").click()
    expect(desk.page.get_by_text("Rejected: nothing is sent.")).to_be_visible()
    office.time_passes()
    assert Draft.objects.get().reject_reason == "wrong person"


def test_the_next_leads_follow_what_is_typed(sit_down: Sit, boss: str) -> None:
    pool = office.team()
    desk = sit_down(boss)
    desk.open(reverse("admin:routing_pool_change", args=(pool.pk,)))
    names = desk.page.locator("#next-leads")
    expect(names).to_contain_text("1 Ana")
    weight = desk.page.locator("input[name=memberships-1-weight]")
    weight.fill("9")
    weight.blur()
    expect(names).to_contain_text("1 Ben")
    expect(names).to_contain_text("with what you changed")
    assert pool.memberships.filter(weight=9).count() == 0


def test_somebody_signs_in_and_begins_with_their_work(sit_down: Sit) -> None:
    office.message("Pumps")
    mia = office.user("mia", "Reviewer")
    mia.set_password("a long passphrase")
    mia.save()
    desk = sit_down()
    desk.open("/admin/")
    desk.page.get_by_label(re.compile("Username", re.IGNORECASE)).fill("mia")
    desk.page.locator("input[name=password]").fill("a long passphrase")
    desk.page.get_by_role("button", name="Log in").click()
    expect(desk.page.locator("[data-focus]")).to_have_text("Pumps")
    assert desk.page.url.endswith(REVIEW)
    assert User.objects.get(username="mia").last_login


def test_records_are_found_by_the_command_palette(sit_down: Sit, boss: str) -> None:
    office.message("Quite special couplings")
    desk = sit_down(boss)
    desk.open("/admin/")
    desk.page.keyboard.press("Control+k")
    palette = desk.page.locator("#search-input-command")
    palette.press_sequentially("special coup", delay=30)  # it has the focus a moment after it opens, not at once
    desk.page.get_by_text("Quite special couplings, Berta Buyer").click()
    expect(desk.page.locator("h1")).to_contain_text("Quite special couplings")
