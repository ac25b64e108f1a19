"""A sales manager changes the rotation in the browser: sees what it means first, and can go back."""

from collections.abc import Callable

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Locator, expect

from crm.models import Lead
from routing.models import LedgerLine, Pool
from tests import office
from tests.browser.conftest import Desk
from tests.routing.making import owners, person

pytestmark = pytest.mark.browser


def test_a_colleague_is_added_previewed_saved_seen_in_the_history_and_restored(sit_down: Callable[..., Desk]) -> None:
    pool = office.team()
    person("Cleo", "en")
    owners(4)
    lines = LedgerLine.objects.count()
    desk = sit_down(office.user("mia", "Sales manager").username)
    page = desk.page
    desk.open(reverse("admin:routing_pool_change", args=(pool.pk,)))
    upcoming = page.locator("#next-leads")
    expect(upcoming).to_contain_text("1 Ana")

    page.get_by_text("Add another Member").click()
    page.locator("[name=memberships-2-salesperson] + .select2").click()
    page.locator(".select2-results__option", has_text="Cleo").click()
    page.locator("[name=memberships-2-weight]").fill("2")
    today = timezone.localdate().isoformat()
    for name in ("away_from", "away_until"):
        page.locator(f"[name=memberships-0-{name}]").fill(today)
    page.locator("[name=memberships-0-paused_until]").fill("2099-12-02T09:00")
    page.locator("[name=memberships-0-paused_until]").blur()
    expect(upcoming).to_contain_text("Cleo joins, weight 2.")
    expect(upcoming).to_contain_text("Ana: on leave from")
    expect(upcoming).to_contain_text("Ana is on leave until")
    expect(upcoming.locator("li", has_text="10 ")).to_be_visible()
    page.get_by_role("button", name="What would the last 30 days have looked like?").click()
    expect(page.locator("#what-if")).to_contain_text("4 leads of the last 30 days")
    upcoming.scroll_into_view_if_needed()
    desk.picture("pool-before-saving")
    assert desk.faults() == []
    assert pool.memberships.count() == 2, "nothing is saved yet"

    page.locator("[name=change_reason]").fill("Ana is on leave, Cleo helps")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("was changed successfully")).to_be_visible()
    assert pool.memberships.get(salesperson__name="Cleo").weight == 2

    desk.open(reverse("admin:routing_pool_history", args=(pool.pk,)))
    expect(page.locator("#work")).to_contain_text("Ana is on leave, Cleo helps")
    expect(page.locator("#work")).to_contain_text("mia")
    page.get_by_role("link", name="Restore").first.click()
    expect(page.locator("#work")).to_contain_text("Cleo: active yes becomes no.")
    desk.picture("pool-history")
    assert desk.faults() == []
    page.get_by_label("Why").fill("Ana is back")
    page.get_by_role("button", name="Restore").click()
    expect(page.get_by_text("Restored.")).to_be_visible()
    ana, _, cleo = pool.memberships.order_by("pk")
    assert (ana.paused_until, cleo.active) == (None, False)
    assert LedgerLine.objects.count() == lines, "nothing resets the ledger"


@pytest.mark.parametrize(("device", "scheme"), [("phone", "light"), ("desktop", "dark")])
def test_the_pages_around_a_pool_are_in_order(sit_down: Callable[..., Desk], device: str, scheme: str) -> None:
    lead = office.waiting_draft().message.thread_id
    owner = office.team().memberships.get(salesperson__name="Ana")
    owner.save()
    places = {
        "pool": ("routing_pool_change", owner.pool_id),
        "pool-new": ("routing_pool_add",),
        "pools": ("routing_pool_changelist",),
        "statement": ("routing_pool_statement",),
        "pool-history": ("routing_pool_history", owner.pool_id),
        "person-history": ("routing_salesperson_history", owner.salesperson_id),
        "person": ("routing_salesperson_change", owner.salesperson_id),
        "leaving": ("crm_lead_leaving", owner.salesperson_id),
        "lead": ("crm_lead_change", Lead.objects.get(thread_id=lead).pk),
    }
    desk = sit_down(office.boss().username, device, scheme)
    wrong = {}
    for name, (place, *args) in places.items():
        assert desk.open(reverse(f"admin:{place}", args=args)) == 200
        desk.picture(f"{name}-{device}-{scheme}")
        wrong |= {name: faults} if (faults := desk.faults()) else {}
    assert wrong == {}


def test_members_are_dragged_into_another_order_and_saved(sit_down: Callable[..., Desk]) -> None:
    pool = office.team()
    desk = sit_down(office.user("mia", "Sales manager").username)
    place = reverse("admin:routing_pool_change", args=(pool.pk,))
    desk.open(place)
    page = desk.page
    first, second = page.locator("#memberships-group .cursor-move:visible").all()
    expect(page.locator("[name=memberships-0-salesperson]")).to_contain_text("Ana")
    drag(desk, second, first)
    assert places(pool) == ["Ana", "Ben"], "nothing is saved yet"
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("was changed successfully")).to_be_visible()
    assert places(pool) == ["Ben", "Ana"]
    desk.open(place)
    expect(page.locator("[name=memberships-0-salesperson]")).to_contain_text("Ben")


def test_members_are_put_into_another_order_without_a_mouse(sit_down: Callable[..., Desk]) -> None:
    pool = office.team()
    desk = sit_down(office.user("mia", "Sales manager").username)
    desk.open(reverse("admin:routing_pool_change", args=(pool.pk,)))
    page = desk.page
    page.get_by_role("button", name="Move up: Ben").press("Enter")
    expect(page.locator("#memberships-group [role=status]")).to_have_text("Ben: 1 / 2")
    expect(page.locator("#next-leads")).to_contain_text("with what you changed")
    page.locator("[name=memberships-1-weight]").press("Alt+ArrowDown")
    expect(page.locator("#memberships-group [role=status]")).to_have_text("Ben: 2 / 2")
    page.get_by_role("button", name="Move down: Ana").press("Space")
    assert desk.faults() == []
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("was changed successfully")).to_be_visible()
    assert places(pool) == ["Ben", "Ana"]


@pytest.mark.parametrize("width", [1280, 1440, 390])
def test_the_members_are_seen_whole_without_scrolling_sideways(sit_down: Callable[..., Desk], width: int) -> None:
    pool = office.team()
    desk = sit_down(office.user("mia", "Sales manager").username)
    desk.page.set_viewport_size({"width": width, "height": 800})
    desk.open(reverse("admin:routing_pool_change", args=(pool.pk,)))
    held, table = (desk.page.locator(each).bounding_box() for each in (".formset-wrapper", "#memberships-data"))
    assert held
    assert table
    assert table["width"] <= held["width"]


def test_a_person_without_scripts_orders_the_members_by_number(sit_down: Callable[..., Desk]) -> None:
    pool = office.team()
    desk = sit_down(office.user("mia", "Sales manager").username, java_script_enabled=False)
    desk.page.goto(f"{desk.server}{reverse('admin:routing_pool_change', args=(pool.pk,))}")
    desk.page.get_by_label("Position: Ana").fill("9")
    desk.page.get_by_role("button", name="Save", exact=True).click()
    assert places(pool) == ["Ben", "Ana"]


def drag(desk: Desk, what: Locator, before: Locator) -> None:
    """Take something by the mouse and let go of it just above something else."""
    taken, target = what.bounding_box(), before.bounding_box()
    assert taken
    assert target
    mouse = desk.page.mouse
    mouse.move(taken["x"] + taken["width"] / 2, taken["y"] + taken["height"] / 2)
    mouse.down()
    mouse.move(target["x"] + target["width"] / 2, target["y"] + 2, steps=20)
    mouse.up()


def places(pool: Pool) -> list[str]:
    return [member.salesperson.name for member in pool.memberships.order_by("position", "pk")]
