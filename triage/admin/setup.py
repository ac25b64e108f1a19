"""The first hour: what is set up, what comes next, and the very lines to write into .env."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from django import forms
from django.conf import settings
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from inbox_router.admin.pages import Page
from routing.models import Pool, Salesperson
from triage.models import Heartbeat, Message
from triage.running.watchdog import STALE

RIGHT = "triage.change_mailbox"


@dataclass(frozen=True)
class Step:
    """One thing to be set up: whether it is, what is known of it, and where it is done."""

    title: str
    done: bool
    says: str
    url: str = ""
    link: str = ""


class EnvForm(forms.Form):
    """What the lines of .env are made of. The password is not asked for: it belongs into the file alone."""

    company = forms.CharField(label=gettext_lazy("Company"), max_length=100, required=False)
    domains = forms.CharField(
        label=gettext_lazy("Your own domains, separated by commas"), max_length=300, required=False
    )
    user = forms.CharField(label=gettext_lazy("Sign-in name of the mailbox"), max_length=200, required=False)
    host = forms.CharField(label=gettext_lazy("Its IMAP server"), max_length=200, required=False)
    vouches = forms.CharField(
        label=gettext_lazy("How your mail server calls itself in Authentication-Results"),
        max_length=200,
        required=False,
    )
    folder = forms.CharField(label=gettext_lazy("Folder to watch"), max_length=100, required=False, initial="INBOX")

    def lines(self) -> Iterator[str]:
        """The lines of .env that these answers make, in shadow mode."""
        told = {name: " ".join(str(value).split()) for name, value in self.cleaned_data.items()}
        if told["company"]:
            yield f"COMPANY_NAME={told['company']}"
        if told["domains"]:
            yield f"COMPANY_DOMAINS={','.join(told['domains'].replace(',', ' ').lower().split())}"
        if told["vouches"]:
            yield f"AUTH_SERVER={told['vouches'].lower()}"
        if told["user"] and told["host"]:
            folder = quote(told["folder"] or "INBOX")
            yield f"MAILBOX_URL=imaps://{quote(told['user'], safe='')}:PASSWORD@{told['host']}:993/{folder}"
        yield "ARMED=none"


def steps() -> Iterator[Step]:
    """All of them, in the order in which one does them."""
    yield company()
    yield mailbox()
    yield team()
    yield pools()
    yield worker()
    yield watching()
    yield arming()


def company() -> Step:
    domains = ", ".join(settings.COMPANY_DOMAINS)
    says = domains or _("Without your own domains mail of colleagues is treated as mail of customers.")
    return Step(_("Your company"), bool(domains), says, "#lines", _("Make the lines for .env"))


def mailbox() -> Step:
    known = ", ".join(f"{one.user}@{one.host}" for one in settings.MAILBOXES.values())
    says = known or _("Which inbox is watched is said in .env, because its password is.")
    url = reverse("admin:triage_heartbeat_health") + "#mailbox"
    return Step(_("The mailbox"), bool(known), says, url, _("Test the connection, saved or not"))


def team() -> Step:
    number = Salesperson.objects.filter(active=True).count()
    says = _("%(number)s people can get leads.") % {"number": number} if number else _("Who gets leads?")
    return Step(_("The team"), number > 0, says, reverse("admin:routing_salesperson_add"), _("Add a person"))


def pools() -> Step:
    found = with_members(Pool.objects.filter(active=True, kind=Pool.Kind.DEFAULT))
    names = ", ".join(found.values_list("name", flat=True)[:5])
    says = names or _("A pool that takes everything else is needed, with at least one person in it.")
    return Step(_("The rotation"), bool(names), says, reverse("admin:routing_pool_add"), _("Add a pool"))


def with_members(pools: QuerySet[Pool]) -> QuerySet[Pool]:
    return pools.filter(memberships__salesperson__active=True).distinct()


def worker() -> Step:
    heart = Heartbeat.objects.filter(name="worker", beat_at__isnull=False).first()
    alive = bool(heart and heart.beat_at and heart.beat_at > timezone.now() - timedelta(seconds=STALE))
    says = _("It gives signs of life.") if alive else _("Start it: manage.py worker (README: Running it).")
    return Step(_("The worker"), alive, says, reverse("admin:triage_heartbeat_health"), _("Look at its health"))


def watching() -> Step:
    judged = Message.objects.exclude(category="").exists()
    says = _("Mail is judged.") if judged else _("New mail appears within a minute; mail of the last two days too.")
    return Step(_("Watch it decide"), judged, says, reverse("admin:triage_message_changelist"), _("Look at the mail"))


def arming() -> Step:
    armed = ", ".join(one for one in settings.EFFECTS if one in settings.ARMED)
    says = armed or _(
        "Shadow mode: everything is decided and shown, nothing outside is touched. Arm when you trust it."
    )
    url = reverse("admin:inbox_router_halt_outside")
    return Step(_("Arm it, effect by effect"), bool(armed), says, url, _("What each effect does"))


def next_step() -> Step | None:
    """The first one that is not done; arming is nobody's duty."""
    return next((step for step in list(steps())[:-1] if not step.done), None)


class SetupPage(Page):
    """The guide. It changes nothing itself: settings stay in .env, people and pools have their own pages."""

    title = gettext_lazy("Set-up")
    permission_required = RIGHT
    template_name = "admin/triage/setup.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        typed = self.request.GET if self.request.GET.get("company") is not None else None
        form = EnvForm(typed, initial={"company": known_company(), "domains": ", ".join(settings.COMPANY_DOMAINS)})
        found = list(steps())
        return super().get_context_data(**kwargs) | {
            "steps": found,
            "first": next((step for step in found if not step.done), None),
            "form": form,
            "lines": "\n".join(form.lines()) if form.is_bound and form.is_valid() else "",
        }


def known_company() -> str:
    return "" if settings.COMPANY_NAME == "our company" else str(settings.COMPANY_NAME)
