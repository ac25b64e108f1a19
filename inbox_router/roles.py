"""Who may do what: the roles of the people who work with it, as groups of permissions.

They are made after each `migrate`, as permissions do not exist before. Permissions are added, never taken
away: what an administrator gave a group stays.
"""

from typing import Any

from django.contrib.auth.models import Group, Permission
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

# Groups keep these names in the database; what people read is translated.
REVIEWER, APPROVER, MANAGER = "Reviewer", "Approver", "Sales manager"
SALESPERSON, OPERATOR, READ_ONLY = "Salesperson", "Operator", "Read-only"

STOPPING, GOING_ON = "inbox_router.add_halt", "inbox_router.change_halt"
MAIL = (
    "crm.view_contact",
    "crm.view_lead",
    "inbox_router.view_halt",
    "triage.view_message",
    "triage.view_classification",
    "triage.view_draft",
)
TEAM = (
    "routing.view_salesperson",
    "routing.view_pool",
    "routing.view_membership",
    "routing.view_leave",
    "routing.view_assignment",
    "routing.view_hold",
    "routing.view_ledgerline",
    "routing.view_freemaildomain",
)
TEAM_EDITING = (
    "routing.edit_pool",
    "routing.add_pool",
    "routing.change_pool",
    "routing.add_membership",
    "routing.change_membership",
    "routing.delete_membership",
    "routing.add_salesperson",
    "routing.change_salesperson",
    "routing.add_leave",
    "routing.change_leave",
    "routing.delete_leave",
    "routing.add_freemaildomain",
    "routing.delete_freemaildomain",
)
RULES = ("triage.view_senderrule", "triage.add_senderrule", "triage.change_senderrule")
GUIDES = ("triage.view_categoryguide", "triage.view_dryrun")
GUIDE_EDITING = ("triage.add_categoryguide", "triage.change_categoryguide", "triage.release_categoryguide")
WORK = ("triage.view_decision", "triage.view_claim", "triage.view_aside")
REPLIES = ("triage.view_replytemplate", "triage.add_replytemplate", "triage.change_replytemplate")
RECORDS = ("crm.view_auditentry", "crm.view_sheetrow", "routing.view_slackalert", "triage.view_mailboxdelivery")
MACHINE = (
    "triage.view_mailbox",
    "triage.view_run",
    "triage.view_capturecheck",
    "triage.view_heartbeat",
    "triage.view_lesson",
    "triage.view_cachedanswer",
    "triage.view_sentmail",
    "django_q.view_schedule",
    "django_q.view_success",
    "django_q.view_failure",
)
REVIEWING, APPROVING = "triage.change_message", "triage.change_draft"
EXPORTING = "crm.export_auditentry"
MENDING = ("crm.change_sheetrow", "routing.change_slackalert", "triage.change_mailboxdelivery")

ROLES: dict[str, tuple[str, ...]] = {
    REVIEWER: (*MAIL, *RULES, REVIEWING, STOPPING),
    APPROVER: (*MAIL, APPROVING, STOPPING, "triage.view_replytemplate"),
    MANAGER: (
        *MAIL,
        *TEAM,
        *TEAM_EDITING,
        *RULES,
        *REPLIES,
        *GUIDES,
        *GUIDE_EDITING,
        *RECORDS,
        *WORK,
        REVIEWING,
        APPROVING,
        EXPORTING,
        STOPPING,
        GOING_ON,
        *MENDING,
        "crm.change_lead",
        "crm.change_contact",
        "routing.change_assignment",
        "routing.change_hold",
        "triage.delete_senderrule",
    ),
    SALESPERSON: (*MAIL, "routing.view_assignment"),
    OPERATOR: (
        *MAIL,
        *TEAM,
        *RECORDS,
        *WORK,
        *MACHINE,
        *MENDING,
        *RULES,
        EXPORTING,
        STOPPING,
        GOING_ON,
        "triage.change_mailbox",
        "django_q.change_schedule",
        "auth.view_user",
        "auth.view_group",
    ),
    READ_ONLY: (
        *MAIL,
        *GUIDES,
        *TEAM,
        *RECORDS,
        *WORK,
        *MACHINE,
        "triage.view_senderrule",
        "triage.view_replytemplate",
    ),
}


SHOWN = {
    REVIEWER: _("Reviewer"),
    APPROVER: _("Approver"),
    MANAGER: _("Sales manager"),
    SALESPERSON: _("Salesperson"),
    OPERATOR: _("Operator"),
    READ_ONLY: _("Read-only"),
}


def shown_role(name: str) -> str:
    """The name of a group as people read it."""
    return str(SHOWN.get(name, name))


def make_roles(**kwargs: Any) -> None:
    """Give each role its permissions; to be called when the last app was migrated, with all permissions made."""
    for name, permissions in ROLES.items():
        group, __ = Group.objects.get_or_create(name=name)
        group.permissions.add(*_rows(permissions))


def _rows(names: tuple[str, ...]) -> list[Permission]:
    """The permissions named "app.codename". Raises LookupError for one that does not exist."""
    wanted = Q()
    for name in names:
        app, codename = name.split(".")
        wanted |= Q(content_type__app_label=app, codename=codename)
    rows = list(Permission.objects.filter(wanted).select_related("content_type"))
    found = {f"{row.content_type.app_label}.{row.codename}" for row in rows}
    if missing := set(names) - found:
        raise LookupError(f"No such permission: {', '.join(sorted(missing))}")
    return rows
