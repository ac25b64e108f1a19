"""The pages of the watched mailboxes, the runs over them, and the mail that was sent."""

from django.contrib import admin
from django.http import HttpRequest
from django.urls import URLPattern, path
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import RangeDateFilter, RelatedDropdownFilter

from inbox_router.admin.rows import NeverDeleted, ReadOnly, Rows, column
from inbox_router.shown import ago, plain, seconds, within
from triage.admin.health import HealthPage
from triage.admin.setup import SetupPage
from triage.models import CaptureCheck, Category, Heartbeat, Mailbox, Message, Run, SentMail


@admin.register(Mailbox)
class MailboxPage(NeverDeleted, Rows):
    """How to sign in is a setting; here a mailbox is switched off, and its state is seen."""

    list_display = ["named", "folder", "state", "polled", "last_error"]
    search_fields = ["name", "address"]
    search_help_text = _("Name or address")
    fields = ["name", "address", "folder", "active", "polled", "last_uid", "started_at", "last_error"]
    readonly_fields = ["name", "folder", "polled", "last_uid", "started_at", "last_error"]

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(SetupPage.as_view(model_admin=self))
        return [path("set-up/", view, name="triage_mailbox_setup"), *super().get_urls()]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    @column(_("Mailbox"), header=True, ordering="name")
    def named(self, box: Mailbox) -> tuple[str, str]:
        return (box.name, box.address)

    @column(_("State"), label={"off": "default", "error": "danger", "ok": "success"})
    def state(self, box: Mailbox) -> tuple[str, str]:
        if not box.active:
            return "off", gettext("switched off")
        return ("error", gettext("cannot be read")) if box.last_error else ("ok", gettext("watched"))

    @column(_("Last looked at"), ordering="last_polled_at")
    def polled(self, box: Mailbox) -> str:
        return ago(box.last_polled_at)


COUNTED = {
    "polls": _("looks at the folder"),
    "review": _("for a person"),
    "model_errors": _("errors of the model"),
    Message.Status.BACKLOG: _("from before the beginning"),
}


def counted(what: str) -> str:
    """What a run counted, in words: a state or a category of mail, or something of its own."""
    if what in COUNTED:
        return str(COUNTED[what])
    kind = next((kind for kind in (Category, Message.Status) if what in kind.values), None)
    return within(str(kind(what).label).partition(":")[0]) if kind else what


@admin.register(Run)
class RunPage(ReadOnly, Rows):
    list_display = ["when", "mailbox", "took", "did"]
    list_filter = [("mailbox", RelatedDropdownFilter), ("started_at", RangeDateFilter)]
    list_select_related = ["mailbox"]
    ordering = ["-pk"]
    fields = ["mailbox", "when", "took", "did"]
    readonly_fields = ["when", "took", "did"]

    @column(_("Started"), ordering="started_at")
    def when(self, run: Run) -> str:
        return ago(run.started_at)

    @column(_("Took"))
    def took(self, run: Run) -> str:
        if run.finished_at is None:
            return gettext("not finished")
        return seconds(max((run.finished_at - run.started_at).total_seconds(), 0))

    @column(_("Did"))
    def did(self, run: Run) -> str:
        told = ", ".join(f"{count} {counted(what)}" for what, count in sorted(run.counts.items()) if count)
        return told or gettext("nothing was new")


FOUND = {  # what a comparison notes down
    "messages": _("Mails that came in"),
    "in_inbox": _("of them in the inbox"),
    "moved_by_us": _("moved by the program"),
    "taken_by_people": _("moved by people"),
    "waiting": _("not read yet (UID)"),
    "unread_rows": _("could not be read"),
    "unexplained": _("not accounted for (UID)"),
    "moved_unseen": _("moved before we saw it"),
    "canary": _("Test mail"),
}


@admin.register(CaptureCheck)
class CaptureCheckPage(ReadOnly, Rows):
    """The proof that no mail is missing, each time it was asked for."""

    list_display = ["when", "mailbox", "messages", "missing"]
    list_filter = [("mailbox", RelatedDropdownFilter), ("at", RangeDateFilter)]
    list_select_related = ["mailbox"]
    ordering = ["-pk"]
    fields = ["mailbox", "when", "messages", "unexplained", "details"]
    readonly_fields = ["when", "details"]

    @column(_("Checked"), ordering="at")
    def when(self, check: CaptureCheck) -> str:
        return ago(check.at)

    @column(_("Not accounted for"), ordering="unexplained", label={"none": "success", "some": "danger"})
    def missing(self, check: CaptureCheck) -> tuple[str, str]:
        return ("some", str(check.unexplained)) if check.unexplained else ("none", gettext("none"))

    @column(_("What was found"))
    def details(self, check: CaptureCheck) -> str:
        told = [(FOUND[name], found) for name, found in check.facts.items() if name in FOUND]
        lines = [(said, ", ".join(map(str, one)) if isinstance(one, list) else one) for said, one in told]
        return plain("\n".join(f"{said}: {one if one != '' else '-'}" for said, one in lines))


@admin.register(Heartbeat)
class HeartbeatPage(ReadOnly, Rows):
    """Whether the worker lives."""

    list_display = ["name", "beat", "restarts", "trouble"]

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(HealthPage.as_view(model_admin=self))
        return [path("health/", view, name="triage_heartbeat_health"), *super().get_urls()]

    @column(_("Last sign of life"), ordering="beat_at")
    def beat(self, heart: Heartbeat) -> str:
        return ago(heart.beat_at)


@admin.register(SentMail)
class SentMailPage(ReadOnly, Rows):
    list_display = ["subject", "from_address", "to_addresses", "when"]
    list_filter = [("mailbox", RelatedDropdownFilter), ("sent_at", RangeDateFilter)]
    list_select_related = ["mailbox"]
    search_fields = ["subject", "from_address", "to_addresses"]
    search_help_text = _("Subject or address")
    ordering = ["-sent_at"]

    @column(_("Sent"), ordering="sent_at")
    def when(self, mail: SentMail) -> str:
        return ago(mail.sent_at)
