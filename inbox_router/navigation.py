"""The sidebar: what each person may open, with the number of what waits there."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.core.cache import cache
from django.db.models import Model
from django.http import HttpRequest
from django.urls import reverse
from django.utils.module_loading import import_string
from django.utils.translation import gettext
from unfold.dataclasses import SearchResult

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise
from django.utils.translation import gettext_lazy as _

DASHBOARD = "crm.view_auditentry"  # the right without which the dashboard is not shown
BADGE_SECONDS = 10


@dataclass(frozen=True)
class Item:
    """One link. `page` is the name of its address; `count` the path of a function that counts what waits."""

    title: "StrOrPromise"
    icon: str
    page: str
    permission: str
    count: str = ""
    colour: str = "primary"

    def path(self) -> str:
        return reverse(f"admin:{self.page}")


@dataclass(frozen=True)
class Section:
    title: "StrOrPromise"
    items: tuple[Item, ...]
    collapsible: bool = False


SECTIONS = (
    Section(
        _("Work"),
        (
            Item(_("Dashboard"), "monitoring", "index", DASHBOARD),
            Item(
                _("Review queue"),
                "rule",
                "triage_message_review",
                "triage.change_message",
                "triage.admin.waiting.reviews",
                "warning",
            ),
            Item(
                _("Drafts to approve"),
                "mark_email_read",
                "triage_draft_approve",
                "triage.change_draft",
                "triage.admin.waiting.drafts",
            ),
            Item(
                _("Problems"),
                "error",
                "triage_message_problems",
                "triage.view_mailboxdelivery",
                "triage.admin.waiting.problems",
                "danger",
            ),
        ),
    ),
    Section(
        _("Mail"),
        (
            Item(_("All messages"), "inbox", "triage_message_changelist", "triage.view_message"),
            Item(_("Customers"), "person_search", "triage_message_customers", "triage.view_message"),
            Item(_("Drafts"), "drafts", "triage_draft_changelist", "triage.view_draft"),
            Item(_("Categories"), "category", "triage_categoryguide_changelist", "triage.view_categoryguide"),
            Item(_("Reply texts"), "edit_note", "triage_replytemplate_changelist", "triage.view_replytemplate"),
            Item(_("Sender rules"), "filter_alt", "triage_senderrule_changelist", "triage.view_senderrule"),
        ),
    ),
    Section(
        _("Team"),
        (
            Item(_("Rotation pools"), "sync_alt", "routing_pool_changelist", "routing.view_pool"),
            Item(_("My availability"), "event_available", "routing_salesperson_me", "routing.view_assignment"),
            Item(_("Salespeople"), "groups", "routing_salesperson_changelist", "routing.view_salesperson"),
            Item(_("Assignments"), "assignment_ind", "routing_assignment_changelist", "routing.view_assignment"),
            Item(
                _("Held leads"),
                "hourglass_top",
                "routing_hold_changelist",
                "routing.view_hold",
                "routing.admin.waiting.holds",
                "warning",
            ),
            Item(_("Credit ledger"), "receipt_long", "routing_ledgerline_changelist", "routing.view_ledgerline"),
        ),
    ),
    Section(
        _("Records"),
        (
            Item(_("Leads"), "handshake", "crm_lead_changelist", "crm.view_lead"),
            Item(_("Contacts"), "contacts", "crm_contact_changelist", "crm.view_contact"),
            Item(_("Audit log"), "history", "crm_auditentry_changelist", "crm.view_auditentry"),
            Item(_("Spreadsheet"), "table_view", "crm_sheetrow_mirror", "crm.view_sheetrow"),
        ),
    ),
    Section(
        _("System"),
        (
            Item(_("Outside effects"), "power_settings_new", "inbox_router_halt_outside", "inbox_router.view_halt"),
            Item(_("Set-up"), "checklist", "triage_mailbox_setup", "triage.change_mailbox"),
            Item(_("Health"), "health_and_safety", "triage_heartbeat_health", "triage.view_heartbeat"),
            Item(_("Mailboxes"), "all_inbox", "triage_mailbox_changelist", "triage.view_mailbox"),
            Item(_("Runs"), "play_circle", "triage_run_changelist", "triage.view_run"),
            Item(_("Capture checks"), "fact_check", "triage_capturecheck_changelist", "triage.view_capturecheck"),
            Item(_("Worker"), "monitor_heart", "triage_heartbeat_changelist", "triage.view_heartbeat"),
            Item(
                _("Mailbox deliveries"),
                "outbox",
                "triage_mailboxdelivery_changelist",
                "triage.view_mailboxdelivery",
            ),
            Item(_("Slack alerts"), "chat", "routing_slackalert_changelist", "routing.view_slackalert"),
            Item(_("Sheet rows"), "table_rows", "crm_sheetrow_changelist", "crm.view_sheetrow"),
            Item(_("Judgements"), "psychology", "triage_classification_changelist", "triage.view_classification"),
            Item(_("Learned from people"), "school", "triage_lesson_changelist", "triage.view_lesson"),
            Item(_("Cached answers"), "cached", "triage_cachedanswer_changelist", "triage.view_cachedanswer"),
            Item(_("Decisions"), "gavel", "triage_decision_changelist", "triage.view_decision"),
            Item(_("Looked at now"), "visibility", "triage_claim_changelist", "triage.view_claim"),
            Item(_("Put aside"), "snooze", "triage_aside_changelist", "triage.view_aside"),
            Item(_("Sent mail"), "send", "triage_sentmail_changelist", "triage.view_sentmail"),
            Item(_("Memberships"), "group_add", "routing_membership_changelist", "routing.view_membership"),
            Item(_("Leave"), "event_busy", "routing_leave_changelist", "routing.view_leave"),
            Item(
                _("Freemail domains"),
                "alternate_email",
                "routing_freemaildomain_changelist",
                "routing.view_freemaildomain",
            ),
            Item(_("Schedules"), "schedule", "django_q_schedule_changelist", "django_q.view_schedule"),
            Item(_("Done tasks"), "task_alt", "django_q_success_changelist", "django_q.view_success"),
            Item(_("Failed tasks"), "running_with_errors", "django_q_failure_changelist", "django_q.view_failure"),
            Item(_("Users"), "person", "auth_user_changelist", "auth.view_user"),
            Item(_("Groups"), "group", "auth_group_changelist", "auth.view_group"),
        ),
        collapsible=True,
    ),
)


def titles() -> dict[str, str]:
    """What the sidebar calls each page, by its path."""
    return {item.path(): str(item.title) for section in SECTIONS for item in section.items}


def called(row: Model) -> str:
    """What a row is called over its page: as it calls itself; a delivery, whose name is its key, by what it does."""
    return str(getattr(admin.site._registry.get(type(row)), "called", str)(row))


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """The sidebar of this person, as unfold wants it."""
    current = current_item(request)
    return [
        {
            "title": section.title,
            "collapsible": section.collapsible,
            "separator": section is not SECTIONS[0],
            "items": [_shown(item, item is current) for item in allowed(section, request)],
        }
        for section in SECTIONS
    ]


def _shown(item: Item, active: bool) -> dict[str, Any]:
    return {
        "title": item.title,
        "icon": item.icon,
        "link": item.path(),
        "active": lambda request: active,
        "badge": waiting(item.count),
        "badge_variant": item.colour,
    }


def allowed(section: Section, request: HttpRequest) -> Iterator[Item]:
    return (item for item in section.items if request.user.has_perm(item.permission))


def find(request: HttpRequest, words: str) -> list[SearchResult]:
    """What Ctrl+K finds beside records: the pages that this person may open, and what they may add."""
    mine = [(section, item) for section in SECTIONS for item in allowed(section, request)]
    pages = [SearchResult(str(item.title), str(section.title), item.path(), item.icon) for section, item in mine]
    models = [model for app in admin.site.get_app_list(request) for model in app["models"] if model["add_url"]]
    add, kind = gettext("Add: %s"), gettext("Action")
    adding = [SearchResult(add % model["name"], kind, model["add_url"], "add") for model in models]
    return [found for found in [*pages, *adding] if words.casefold() in str(found.title).casefold()]


def current_item(request: HttpRequest) -> Item | None:
    """The item of this page: the one with the longest path that this one begins with; but all begin with "/admin/"."""
    items = [item for section in SECTIONS for item in section.items if item.page != "index" or is_index(request)]
    ours = [item for item in items if request.path.startswith(item.path())]
    return max(ours, key=lambda item: len(item.path()), default=None)


def is_index(request: HttpRequest) -> bool:
    return request.path == reverse("admin:index")


def landing(request: HttpRequest) -> str:
    """The name of the page that this person's day begins with; empty for somebody who may open none."""
    work = (item for section in SECTIONS for item in allowed(section, request))
    return next((f"admin:{item.page}" for item in work), "")


def waiting(count: str) -> int | None:
    """The number that a function at this path counts, not older than some seconds; None where nothing waits."""
    if not count:
        return None
    return cache.get_or_set(f"badge:{count}", import_string(count), BADGE_SECONDS) or None
