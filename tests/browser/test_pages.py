"""Every page, wide and narrow, light and dark: it opens, stays on this host, fits, and axe finds nothing."""

from collections.abc import Callable, Iterator

import pytest
from django.contrib import admin
from django.urls import reverse
from playwright.sync_api import expect

from tests import office
from tests.browser.conftest import Desk
from triage.models import Message

pytestmark = pytest.mark.browser
OURS = {
    "dashboard": "admin:index",
    "review": "admin:triage_message_review",
    "approve": "admin:triage_draft_approve",
    "several": "admin:triage_draft_several",
    "problems": "admin:triage_message_problems",
    "customers": "admin:triage_message_customers",
    "outside": "admin:inbox_router_halt_outside",
    "spreadsheet": "admin:crm_sheetrow_mirror",
    "health": "admin:triage_heartbeat_health",
    "set-up": "admin:triage_mailbox_setup",
}


def pages() -> Iterator[tuple[str, str]]:
    """The name and the path of each page."""
    for name, place in OURS.items():
        yield name, reverse(place)
    yield "designed", reverse("admin:triage_message_designed", args=(Message.objects.exclude(html="")[0].pk, "page"))
    yield "audit-export", reverse("admin:crm_auditentry_export")
    yield "customer", reverse("admin:triage_message_customers") + "?q=springs"
    for model in sorted(admin.site._registry, key=lambda model: model._meta.label):
        name = f"{model._meta.app_label}_{model._meta.model_name}"
        yield f"{name}-list", reverse(f"admin:{name}_changelist")
        if row := model._default_manager.order_by("pk").first():
            yield name, reverse(f"admin:{name}_change", args=(row.pk,))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("device", ["desktop", "phone"])
def test_every_page_is_in_order(sit_down: Callable[..., Desk], device: str, scheme: str) -> None:
    office.fill()
    desk = sit_down(office.boss().username, device, scheme)
    wrong = []
    for name, path in pages():
        status = desk.open(path)
        wrong += [] if status == 200 else [f"{name}: {status}"]
        desk.picture(f"{name}-{device}-{scheme}")
        wrong += [f"{name}: {fault}" for fault in desk.faults()]
    assert "\n".join(wrong) == ""


def test_what_a_mail_says_is_not_run(sit_down: Callable[..., Desk]) -> None:
    office.fill()
    nasty = Message.objects.get(subject=office.NASTY)
    desk = sit_down(office.boss().username)
    for path in (
        f"{reverse('admin:triage_message_review')}?row={nasty.pk}",
        reverse("admin:triage_message_changelist"),
    ):
        desk.open(path)
        assert "owned" not in desk.page.title()


@pytest.mark.parametrize("page", ["review", "approve"])
def test_whoever_works_by_keyboard_and_at_twice_the_size_begins_at_the_mail(
    sit_down: Callable[..., Desk], page: str
) -> None:
    office.fill()
    desk = sit_down(office.boss().username, "twice the size")
    desk.open(reverse(OURS[page]))
    expect(desk.page.locator("#work [data-focus]")).to_be_focused()
    mail, choices = (desk.page.locator(each).first.bounding_box() for each in ("#work .mail-text", "#work .choices"))
    assert mail
    assert choices
    assert choices["y"] > mail["y"] + mail["height"], "the buttons do not lie over the mail"
    desk.picture(f"{page}-twice-the-size")
    assert desk.faults() == []


def test_on_a_phone_the_answers_leave_the_mail_most_of_the_screen(sit_down: Callable[..., Desk]) -> None:
    office.fill()
    desk = sit_down(office.boss().username, "phone")
    desk.open(reverse(OURS["review"]))
    places = [one.bounding_box() for one in desk.page.locator("#work .choice").all()]
    assert [place and place["height"] >= 44 and place["width"] >= 44 for place in places] == [True] * 5
    answers = desk.page.locator("#work .choices").bounding_box()
    assert answers
    assert answers["height"] < 844 / 6
    expect(desk.page.locator("#work .effects")).to_contain_text("To Trash on the next run")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_words_of_a_chart_have_the_colour_of_the_page_s(sit_down: Callable[..., Desk], scheme: str) -> None:
    office.fill()
    desk = sit_down(office.boss().username, scheme=scheme)
    desk.open(reverse("admin:index"))
    ink = "getComputedStyle(document.documentElement).getPropertyValue('--color-base-%s').trim()"
    written = "Object.values(Chart.instances)[0].legend.options.labels.color"
    assert desk.page.evaluate(written) == desk.page.evaluate(ink % {"light": "600", "dark": "300"}[scheme])
    desk.page.evaluate("document.documentElement.classList.toggle('dark')")
    assert desk.page.evaluate(written) == desk.page.evaluate(ink % {"light": "300", "dark": "600"}[scheme])
