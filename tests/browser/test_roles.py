"""A morning of each role: where it begins, what the sidebar offers, and its own work from end to end."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from inbox_router.delivery import Delivery
from inbox_router.models import Halt
from inbox_router.roles import APPROVER, MANAGER, OPERATOR, READ_ONLY, REVIEWER, ROLES, SALESPERSON
from routing.models import Assignment, Leave, Salesperson
from tests import office
from tests.browser.conftest import Desk
from triage.models import Draft, MailboxDelivery, Message

pytestmark = pytest.mark.browser
Morning = Callable[[str], Desk]

MAIL, RECORDS, LOGS = ["All messages", "Customers", "Drafts"], ["Leads", "Contacts"], ["Audit log", "Spreadsheet"]
TEAM = [
    *("Rotation pools", "My availability", "Salespeople", "Assignments", "Held leads", "Credit ledger"),
]
OFFERED = {  # what the sidebar says, but for the section "System", which is folded up
    REVIEWER: ["Review queue", *MAIL, "Sender rules", *RECORDS],
    APPROVER: ["Drafts to approve", *MAIL, "Reply texts", *RECORDS],
    SALESPERSON: [*MAIL, "My availability", "Assignments", *RECORDS],
    MANAGER: [
        *("Dashboard", "Review queue", "Drafts to approve", "Problems"),
        *(*MAIL, "Categories", "Reply texts", "Sender rules"),
        *(*TEAM, *RECORDS, *LOGS),
    ],
    OPERATOR: ["Dashboard", "Problems", *MAIL, "Sender rules", *TEAM, *RECORDS, *LOGS],
    READ_ONLY: [
        *("Dashboard", "Problems"),
        *(*MAIL, "Categories", "Reply texts", "Sender rules"),
        *(*TEAM, *RECORDS, *LOGS),
    ],
}


@pytest.fixture
def morning(sit_down: Callable[..., Desk]) -> Morning:
    """Somebody of a role sits down and opens the admin."""
    office.fill()

    def begin(role: str) -> Desk:
        desk = sit_down(role.lower().replace(" ", "-"))
        desk.open(reverse("admin:index"))
        return desk

    return begin


@pytest.mark.parametrize("role", ROLES)
def test_the_sidebar_offers_what_the_role_may_open(morning: Morning, role: str) -> None:
    desk = morning(role)
    links = desk.page.locator("#nav-sidebar-apps a:visible")
    assert [text.split("\n")[1] for text in links.all_inner_texts()] == OFFERED[role]
    desk.page.get_by_role("heading", name="System").click()
    expect(links.filter(has_text="Outside effects")).to_be_visible()
    for link in [link.get_attribute("href") for link in links.all()][:: len(ROLES)]:
        assert desk.open(str(link)) == 200


def test_a_reviewer_goes_through_the_queue(morning: Morning) -> None:
    desk = morning(REVIEWER)
    seen = []
    for key in ("4", "3", "s"):
        seen.append(desk.page.locator("[data-focus]").inner_text())
        desk.page.keyboard.press("w")
        desk.page.keyboard.type("Rather clear")
        desk.page.keyboard.press("Escape")
        desk.page.keyboard.press(key)
        expect(desk.page.locator("[data-focus]")).not_to_have_text(seen[-1])
    expect(desk.page.get_by_text("You skipped 1")).to_be_visible()
    assert office.time_passes() == 2
    decided = Message.objects.filter(classifications__judge="person", classifications__reason__contains="Rather clear")
    assert {row.category for row in decided} == {"spam", "newsletter"}


def test_an_approver_corrects_a_reply_and_sends_it(morning: Morning) -> None:
    desk = morning(APPROVER)
    body = desk.page.locator("textarea[name=body]")
    body.fill(body.input_value().replace("personally", "today"))
    body.press("Control+Enter")
    expect(desk.page.get_by_role("status")).to_contain_text("Approved. Nothing has happened yet.")
    office.time_passes()
    draft = Draft.objects.get()
    assert (draft.state, "today" in draft.body) == (Draft.State.APPROVED, True)


def test_a_salesperson_reads_their_lead_and_takes_leave(morning: Morning) -> None:
    ana = Salesperson.objects.get(name="Ana")
    Salesperson.objects.filter(pk=ana.pk).update(user=User.objects.get(username="salesperson"))
    desk = morning(SALESPERSON)
    page = desk.page
    page.locator(f"#nav-sidebar-apps a[href='{reverse('admin:crm_lead_changelist')}']").click()
    page.locator("#result_list a", has_text="Springs").first.click()
    expect(page.get_by_text("Why this person")).to_be_visible()
    page.get_by_role("link", name="My availability").click()
    day = timezone.localdate() + timedelta(days=7)
    page.get_by_label("First day").fill(day.isoformat())
    page.get_by_label("Last day").fill(day.isoformat())
    page.get_by_role("button", name="Add the leave").click()
    expect(page.get_by_text("Saved. Leads go to the others meanwhile")).to_be_visible()
    assert Leave.objects.filter(salesperson=ana, first_day=day).exists()
    page.get_by_role("button", name="Take out").first.click()
    expect(page.get_by_text("The leave was taken out.")).to_be_visible()
    assert not Leave.objects.filter(salesperson=ana, first_day=day).exists()


def test_a_salesperson_on_a_phone_accepts_a_lead_by_a_button_at_the_thumb(
    morning: Morning, sit_down: Callable[..., Desk]
) -> None:
    ana = Salesperson.objects.get(name="Ana")
    Salesperson.objects.filter(pk=ana.pk).update(user=User.objects.get(username="salesperson"))
    given = Assignment.objects.get(active=True, lead__subject="Springs")
    Assignment.objects.filter(pk=given.pk).update(salesperson=ana)
    desk = sit_down("salesperson", "phone")
    desk.open(reverse("admin:crm_lead_change", args=(given.lead_id,)))
    button = desk.page.get_by_role("link", name="Accept")
    expect(button).to_be_in_viewport()
    assert desk.faults() == []
    button.click()
    desk.page.locator("#dialog").get_by_role("button", name="Accept").click()
    expect(desk.page.get_by_text("You have accepted this lead.")).to_be_visible()


def test_a_sales_manager_goes_from_a_figure_to_its_rows_and_gives_a_lead_to_somebody_else(morning: Morning) -> None:
    desk = morning(MANAGER)
    page = desk.page
    page.locator("#main a.figure", has_text="Waiting for review").click()
    expect(page.get_by_text("3 messages")).to_be_visible()
    lead = Assignment.objects.get(active=True, lead__subject="Springs").lead
    desk.open(reverse("admin:crm_lead_change", args=(lead.pk,)))
    page.get_by_role("link", name="Give to").click()
    page.locator("#dialog").get_by_label("To").select_option(label="Ben")
    page.locator("#dialog").get_by_label("Why").fill("Ana is ill")
    page.locator("#dialog").get_by_role("button", name="Give to").click()
    expect(page.get_by_text("Ben has the lead now.")).to_be_visible()
    assert Assignment.objects.get(lead=lead, active=True).salesperson.name == "Ben"


def test_an_operator_mends_what_failed_and_stops_everything_for_a_while(morning: Morning) -> None:
    desk = morning(OPERATOR)
    page = desk.page
    page.get_by_role("link", name="Problems").first.click()
    page.get_by_role("button", name="Try all that failed again").click()
    expect(page.get_by_text("will be tried again within a minute")).to_be_visible()
    assert not MailboxDelivery.objects.filter(state=Delivery.State.FAILED).exists()
    desk.open(reverse("admin:triage_heartbeat_health"))
    page.locator("#queue").get_by_role("button", name="Test now").click()
    expect(page.get_by_role("status")).to_have_text("It works.")
    desk.open(reverse("admin:inbox_router_halt_outside"))
    page.get_by_label("Why").fill("A strange reply went out")
    page.get_by_role("button", name="Stop everything outside").click()
    expect(page.get_by_text("Stopped by operator: nothing goes out.")).to_be_visible()
    assert Halt.in_force().exists()
    page.get_by_role("button", name="Let everything go on").click()
    expect(page.get_by_role("button", name="Stop everything outside")).to_be_visible()
    assert not Halt.in_force().exists()


def test_who_may_only_look_finds_no_button_that_changes_something(morning: Morning) -> None:
    desk = morning(READ_ONLY)
    lead = reverse("admin:crm_lead_change", args=(Assignment.objects.filter(active=True)[0].lead_id,))
    pool = reverse("admin:routing_pool_change", args=(office.team().pk,))
    for path in (lead, pool, *map(reverse, ("admin:triage_message_problems", "admin:inbox_router_halt_outside"))):
        assert desk.open(path) == 200
        buttons = desk.page.locator("#main form[method=post] :is(button, input[type=submit]):visible")
        assert [one.inner_text() for one in buttons.all()] in ([], ["What would the last 30 days have looked like?"])
        assert desk.page.get_by_role("link", name="Give to").count() == 0
