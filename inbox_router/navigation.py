"""The sidebar: what each person may open, with the number of what waits there."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.core.cache import cache
from django.http import HttpRequest
from django.urls import reverse
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from unfold.dataclasses import SearchResult

DASHBOARD = "crm.view_auditentry"  # the right without which the dashboard is not shown
BADGE_SECONDS = 10


@dataclass(frozen=True)
class Item:
    """One link. `page` is the name of its address; `count` the path of a function that counts what waits."""

    title: str
    icon: str
    page: str
    permission: str
    count: str = ""
    colour: str = "primary"

    def path(self) -> str:
        return reverse(f"admin:{self.page}")


@dataclass(frozen=True)
class Section:
    title: str
    items: tuple[Item, ...]
    collapsible: bool = False


SECTIONS = (
    Section(
        "Work",
        (
            Item("Dashboard", "monitoring", "index", DASHBOARD),
            Item(
                "Review queue",
                "rule",
                "triage_message_review",
                "triage.change_message",
                "triage.admin.waiting.reviews",
                "warning",
            ),
            Item(
                "Drafts to approve",
                "mark_email_read",
                "triage_draft_approve",
                "triage.change_draft",
                "triage.admin.waiting.drafts",
            ),
            Item(
                "Problems",
                "error",
                "triage_message_problems",
                "triage.view_mailboxdelivery",
                "triage.admin.waiting.problems",
                "danger",
            ),
        ),
    ),
    Section(
        "Mail",
        (
            Item("All messages", "inbox", "triage_message_changelist", "triage.view_message"),
            Item("Customers", "person_search", "triage_message_customers", "triage.view_message"),
            Item("Drafts", "drafts", "triage_draft_changelist", "triage.view_draft"),
            Item("Categories", "category", "triage_categoryguide_changelist", "triage.view_categoryguide"),
            Item("Reply texts", "edit_note", "triage_replytemplate_changelist", "triage.view_replytemplate"),
            Item("Sender rules", "filter_alt", "triage_senderrule_changelist", "triage.view_senderrule"),
        ),
    ),
    Section(
        "Team",
        (
            Item("Rotation pools", "sync_alt", "routing_pool_changelist", "routing.view_pool"),
            Item("My availability", "event_available", "routing_salesperson_me", "routing.view_assignment"),
            Item("Salespeople", "groups", "routing_salesperson_changelist", "routing.view_salesperson"),
            Item("Assignments", "assignment_ind", "routing_assignment_changelist", "routing.view_assignment"),
            Item(
                "Held leads",
                "hourglass_top",
                "routing_hold_changelist",
                "routing.view_hold",
                "routing.admin.waiting.holds",
                "warning",
            ),
            Item("Credit ledger", "receipt_long", "routing_ledgerline_changelist", "routing.view_ledgerline"),
        ),
    ),
    Section(
        "Records",
        (
            Item("Leads", "handshake", "crm_lead_changelist", "crm.view_lead"),
            Item("Contacts", "contacts", "crm_contact_changelist", "crm.view_contact"),
            Item("Audit log", "history", "crm_auditentry_changelist", "crm.view_auditentry"),
            Item("Spreadsheet", "table_view", "crm_sheetrow_mirror", "crm.view_sheetrow"),
        ),
    ),
    Section(
        "System",
        (
            Item("Outside effects", "power_settings_new", "inbox_router_halt_outside", "inbox_router.view_halt"),
            Item("Set-up", "checklist", "triage_mailbox_setup", "triage.change_mailbox"),
            Item("Health", "health_and_safety", "triage_heartbeat_health", "triage.view_heartbeat"),
            Item("Mailboxes", "all_inbox", "triage_mailbox_changelist", "triage.view_mailbox"),
            Item("Runs", "play_circle", "triage_run_changelist", "triage.view_run"),
            Item("Capture checks", "fact_check", "triage_capturecheck_changelist", "triage.view_capturecheck"),
            Item("Worker", "monitor_heart", "triage_heartbeat_changelist", "triage.view_heartbeat"),
            Item(
                "Mailbox deliveries",
                "outbox",
                "triage_mailboxdelivery_changelist",
                "triage.view_mailboxdelivery",
            ),
            Item("Slack alerts", "chat", "routing_slackalert_changelist", "routing.view_slackalert"),
            Item("Sheet rows", "table_rows", "crm_sheetrow_changelist", "crm.view_sheetrow"),
            Item("Judgements", "psychology", "triage_classification_changelist", "triage.view_classification"),
            Item("Learned from people", "school", "triage_lesson_changelist", "triage.view_lesson"),
            Item("Cached answers", "cached", "triage_cachedanswer_changelist", "triage.view_cachedanswer"),
            Item("Decisions", "gavel", "triage_decision_changelist", "triage.view_decision"),
            Item("Looked at now", "visibility", "triage_claim_changelist", "triage.view_claim"),
            Item("Put aside", "snooze", "triage_aside_changelist", "triage.view_aside"),
            Item("Sent mail", "send", "triage_sentmail_changelist", "triage.view_sentmail"),
            Item("Memberships", "group_add", "routing_membership_changelist", "routing.view_membership"),
            Item("Leave", "event_busy", "routing_leave_changelist", "routing.view_leave"),
            Item(
                "Freemail domains",
                "alternate_email",
                "routing_freemaildomain_changelist",
                "routing.view_freemaildomain",
            ),
            Item("Schedules", "schedule", "django_q_schedule_changelist", "django_q.view_schedule"),
            Item("Done tasks", "task_alt", "django_q_success_changelist", "django_q.view_success"),
            Item("Failed tasks", "running_with_errors", "django_q_failure_changelist", "django_q.view_failure"),
            Item("Users", "person", "auth_user_changelist", "auth.view_user"),
            Item("Groups", "group", "auth_group_changelist", "auth.view_group"),
        ),
        collapsible=True,
    ),
)


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
    pages = [SearchResult(item.title, section.title, item.path(), item.icon) for section, item in mine]
    models = [model for app in admin.site.get_app_list(request) for model in app["models"] if model["add_url"]]
    adding = [SearchResult(_("Add: %s") % model["name"], _("Action"), model["add_url"], "add") for model in models]
    return [found for found in [*pages, *adding] if words.casefold() in str(found.title).casefold()]


def current_item(request: HttpRequest) -> Item | None:
    """The item of this page: the one with the longest path that this one begins with."""
    items = [item for section in SECTIONS for item in section.items]
    ours = [item for item in items if request.path.startswith(item.path())]
    return max(ours, key=lambda item: len(item.path()), default=None)


def landing(request: HttpRequest) -> str:
    """The name of the page that this person's day begins with; empty for somebody who may open none."""
    work = (item for section in SECTIONS for item in allowed(section, request))
    return next((f"admin:{item.page}" for item in work), "")


def waiting(count: str) -> int | None:
    """The number that a function at this path counts, not older than some seconds; None where nothing waits."""
    if not count:
        return None
    return cache.get_or_set(f"badge:{count}", import_string(count), BADGE_SECONDS) or None
