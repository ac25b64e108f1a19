"""A day's work in the browser: by keyboard, by two people at once, after a session ended, without JavaScript."""

import re
from collections.abc import Callable
from statistics import median

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.urls import reverse
from playwright.sync_api import expect

from tests import office
from tests.browser.conftest import Desk
from triage.models import Category, Classification, Draft, Message
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
    for number in range(20):
        office.message(f"Mail {number}")
    desk = sit_down(boss)
    desk.open(REVIEW)
    took = [press(desk, "1234"[number % 4]) for number in range(20)]
    print(f"\nkey to next item: median {median(took):.0f} ms, slowest {max(took):.0f} ms")  # noqa: T201
    assert heading(desk) == "All clear."
    decided = Classification.objects.filter(judge="person").values_list("category", flat=True)
    assert sorted(decided) == sorted([*Category.values[:4]] * 5)


def test_the_digits_are_known_by_their_place(sit_down: Sit, boss: str) -> None:
    row = office.message()
    desk = sit_down(boss)
    desk.open(REVIEW)
    # On a Czech keyboard the key of 2 types ě.
    typed = "{key: 'ě', code: 'Digit2', bubbles: true}"
    desk.page.evaluate(f"document.body.dispatchEvent(new KeyboardEvent('keydown', {typed}))")
    expect(desk.page.get_by_text("All clear.")).to_be_visible()
    assert Message.objects.get(pk=row.pk).category == Category.ACCOUNTING


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
    desk.page.get_by_label("One-key shortcuts are on").uncheck()
    desk.page.locator("#work h2").click()
    desk.page.keyboard.press("1")
    assert heading(desk) == "Pumps"
    assert Message.objects.get().status == Message.Status.REVIEW


def test_after_a_decision_the_next_heading_has_the_focus_and_what_was_done_is_told(sit_down: Sit, boss: str) -> None:
    office.message("First"), office.message("Second")
    desk = sit_down(boss)
    desk.open(REVIEW)
    desk.page.keyboard.press("3")
    expect(desk.page.get_by_text("Second: Newsletter.")).to_be_visible()
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
    assert Classification.objects.filter(judge="person").count() == 6


def test_who_lost_their_claim_is_told_and_changes_nothing(sit_down: Sit, boss: str) -> None:
    row, _ = office.message("Pumps"), office.message("Valves")
    desk = sit_down(boss)
    desk.open(f"{REVIEW}?row={row.pk}")
    decide(Message.objects.get(pk=row.pk), Category.ACCOUNTING, office.user("mia"))
    press(desk, "4")
    expect(desk.page.get_by_text("Somebody was faster")).to_be_visible()
    assert Message.objects.get(pk=row.pk).category == Category.ACCOUNTING


def test_a_session_that_ended_loses_nothing(sit_down: Sit, boss: str) -> None:
    office.message("Pumps")
    desk = sit_down(boss)
    desk.open(REVIEW)
    Session.objects.all().delete()
    desk.page.keyboard.press("4")
    expect(desk.page.get_by_label(re.compile("Username", re.IGNORECASE))).to_be_visible()
    assert Message.objects.get().status == Message.Status.REVIEW


def test_the_queue_works_without_javascript(sit_down: Sit, boss: str) -> None:
    row = office.message("Pumps")
    desk = sit_down(boss, java_script_enabled=False)
    desk.page.goto(f"{desk.server}{REVIEW}")
    desk.page.locator("button[value=spam]").click()
    assert Message.objects.get(pk=row.pk).category == Category.SPAM


def test_a_reply_is_changed_and_sent_by_keyboard(sit_down: Sit, boss: str) -> None:
    draft = office.waiting_draft()
    desk = sit_down(boss)
    desk.open(APPROVE)
    desk.page.keyboard.press("e")
    desk.page.keyboard.press("Control+End")
    desk.page.keyboard.type("\nP.S. Thank you.")
    desk.page.keyboard.press("Control+Enter")
    expect(desk.page.get_by_text("is on its way")).to_be_visible()
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
    desk.page.keyboard.type("special coup", delay=30)
    desk.page.get_by_text("Quite special couplings, Berta Buyer").click()
    expect(desk.page.locator("h1")).to_contain_text("Quite special couplings")
