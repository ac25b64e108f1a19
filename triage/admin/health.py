"""Health: each connection with what is known of it, and a test that says which step fails and what to do."""

import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db.models import Max
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_q.models import OrmQ

from inbox_router.admin.pages import Page
from inbox_router.delivery import Delivery, kinds
from inbox_router.doctor import Finding, Result, examine
from inbox_router.trial import examine_with
from triage.models import Classification, Heartbeat, Mailbox, Message

AT_HOME = ("settings", "database", "disk", "queue", "worker")  # checks that ask nobody outside
LONGEST = 500  # characters that may be typed for one setting


@dataclass(frozen=True)
class Connection:
    """Something that the doctor tests, and the settings that can be tried for it."""

    check: str
    title: Any
    settings: tuple[str, ...] = ()


CONNECTIONS = (
    Connection("mailbox", gettext_lazy("Mailbox"), ("MAILBOX_URL",)),
    Connection("model", gettext_lazy("Model"), ("LLM_MODEL", "LLM_API_KEY", "LLM_API_BASE")),
    Connection("mail", gettext_lazy("Mail server for replies"), ("EMAIL_URL",)),
    Connection("slack", gettext_lazy("Slack"), ("SLACK_BOT_TOKEN",)),
    Connection("sheet", gettext_lazy("Spreadsheet"), ("GOOGLE_SHEET_ID", "GOOGLE_SERVICE_ACCOUNT_FILE")),
    Connection("database", gettext_lazy("Database")),
    Connection("queue", gettext_lazy("Queue"), ("REDIS_URL",)),
    Connection("worker", gettext_lazy("Worker")),
    Connection("disk", gettext_lazy("Disk")),
    Connection("settings", gettext_lazy("Settings")),
)
SECRET = ("MAILBOX_URL", "LLM_API_KEY", "EMAIL_URL", "SLACK_BOT_TOKEN", "REDIS_URL")


@dataclass(frozen=True)
class Field:
    """A setting that can be tried: its name, and what is known of the value in force."""

    name: str
    now: str
    secret: bool


@dataclass(frozen=True)
class Fact:
    """Something that the rows know of how it goes."""

    what: str
    at: datetime | None = None
    says: str = ""
    bad: bool = False


class HealthPage(Page):
    """What works, what does not, and what to do about it."""

    title = gettext_lazy("Health")
    permission_required = "triage.view_heartbeat"
    template_name = "admin/triage/health.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        tested, findings = kwargs.pop("tested", ""), kwargs.pop("findings", ())
        cards = [(one, fields(one), findings if one.check == tested else ()) for one in CONNECTIONS]
        return super().get_context_data(**kwargs) | {
            "cards": cards,
            "facts": list(facts()),
            "tested": tested,
            "verdict": verdict(findings),
            "may_try": self.may_try(),
        }

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The page; with ?report all that it knows as plain text, to be copied into a mail to whoever helps."""
        if "report" in request.GET:
            return HttpResponse("\n".join(report()), content_type="text/plain; charset=utf-8")
        page: HttpResponse = super().get(request, *args, **kwargs)
        return page

    def may_try(self) -> bool:
        """Whether this person may have the program connect to what they type."""
        return self.request.user.has_perm("triage.change_mailbox")

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Test one connection, with what was typed in place of the settings in force. Nothing is stored."""
        connection = next((one for one in CONNECTIONS if one.check == request.POST.get("check")), None)
        if connection is None or not self.may_try():
            raise PermissionDenied
        typed = {name: request.POST.get(name, "").strip()[:LONGEST] for name in connection.settings}
        findings = examine_with(connection.check, {name: value for name, value in typed.items() if value})
        return self.render_to_response(self.get_context_data(tested=connection.check, findings=findings))


def fields(connection: Connection) -> list[Field]:
    return [Field(name, known(name), name in SECRET) for name in connection.settings]


def known(name: str) -> str:
    """What may be shown of a setting: of a secret only whether it is set, and how it ends."""
    if name == "MAILBOX_URL":
        return ", ".join(f"{one.user}@{one.host}" for one in settings.MAILBOXES.values()) or _("not set")
    value = str(getattr(settings, name, ""))
    if not value:
        return _("not set")
    if name in ("EMAIL_URL", "REDIS_URL"):
        return _("set, %(scheme)s") % {"scheme": value.partition(":")[0]}
    return _("set, ends in …%(end)s") % {"end": value[-2:]} if name in SECRET and len(value) > 8 else value


def verdict(findings: Sequence[Finding]) -> str:
    """The outcome of a test in one sentence; empty before one."""
    if not findings:
        return ""
    failed = next((one for one in findings if one.result == Result.FAIL), None)
    return f"{failed.name}: {failed.found}" if failed else _("It works.")


def facts() -> Iterator[Fact]:
    """When each thing last worked, as far as the rows tell."""
    heart = Heartbeat.objects.filter(name="worker").first()
    yield Fact(_("Worker's last sign of life"), heart.beat_at if heart else None, bad=heart is None)
    for box in Mailbox.objects.filter(active=True).order_by("name"):
        yield Fact(
            _("Mailbox %(name)s last read") % {"name": box}, box.last_polled_at, box.last_error, bool(box.last_error)
        )
    yield Fact(_("Last mail"), Message.objects.aggregate(at=Max("received_at"))["at"])
    judged = Classification.objects.filter(judge=Classification.Judge.LLM)
    if settings.LLM_MODEL:
        last = judged.filter(spared="").order_by("-pk").first()
        told = _("what it costs is estimated, as the server tells no tokens") if last and last.estimated else ""
        yield Fact(_("Model last asked"), last.created_at if last else None, told)
    yield Fact(_("Tasks in the queue"), says=str(OrmQ.objects.count()))
    for kind in kinds():
        rows = kind._default_manager.select_related(None).order_by()
        waiting = rows.filter(state__in=Delivery.WAITING)
        owed = waiting.count()
        done = rows.filter(state=Delivery.State.DONE).order_by("-pk").values_list("settled_at", flat=True).first()
        name = capfirst(str(kind._meta.verbose_name_plural))
        said = _("%(owed)s owed, the oldest since %(when)s") if owed else _("%(owed)s owed")
        oldest = waiting.order_by("due_at").values_list("created_at", flat=True).first()
        yield Fact(name, done, said % {"owed": owed, "when": moment(oldest)})
    yield Fact(_("Version"), says=version())


def moment(at: datetime | None) -> str:
    return date_format(timezone.localtime(at), "DATETIME_FORMAT") if at else ""


def version() -> str:
    """That of this program, as its own files tell it."""
    told = tomllib.loads((Path(settings.BASE_DIR) / "pyproject.toml").read_text())
    return str(told["project"]["version"])


def report() -> Iterator[str]:
    """The facts, and what can be found out without asking anybody outside; names of settings, never their values."""
    for fact in facts():
        yield f"{fact.what}: {' · '.join(filter(None, [moment(fact.at), fact.says])) or '-'}"
    for found in examine(*AT_HOME):
        yield f"{found.result} {found.name}: {found.found} {found.hint}".rstrip()
