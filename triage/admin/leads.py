"""Leads, who has them and why, and what people do about it: hand over, credit back, give a held one out."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RangeDateFilter, RelatedDropdownFilter
from unfold.dataclasses import UnfoldAction
from unfold.enums import ActionVariant
from unfold.widgets import UnfoldAdminSelectWidget

from crm.models import AuditEntry, Lead, SheetRow
from inbox_router.admin.deeds import AskWhy, WithDeeds, deed, person
from inbox_router.admin.deliveries import COLOURS
from inbox_router.admin.rows import Lines, NeverDeleted, ReadOnly, Rows, column
from inbox_router.shown import ago, plain
from routing.models import Assignment, Hold, Rule, Salesperson
from routing.services import Card, HandoverError, accept, card_text, credit_back, is_theirs
from triage.admin.leaving import LeavingPage
from triage.admin.mirrored import MirroredFilter, with_mirror
from triage.admin.owners import OwnerFilter
from triage.leads import CONVERSATION
from triage.models import Message
from triage.parsing import automatic
from triage.services import hand_over


class AskWhom(AskWhy):
    """A dialog that asks who gets a lead, and why."""

    to = forms.ModelChoiceField(
        Salesperson.objects.filter(active=True),
        label=gettext_lazy("To"),
        widget=UnfoldAdminSelectWidget(),
        empty_label=gettext_lazy("Choose"),
    )
    field_order = ["to", "why"]


def active_assignment(lead: Lead) -> Assignment | None:
    """Who has the lead now."""
    return Assignment.objects.filter(lead=lead, active=True).select_related("salesperson", "lead").first()


def can_be_junk(lead: Lead) -> bool:
    return lead.stage != Lead.Stage.JUNK and active_assignment(lead) is not None


def can_be_accepted(lead: Lead) -> bool:
    given = active_assignment(lead)
    return lead.stage == Lead.Stage.OPEN and given is not None and given.accepted_at is None


def can_be_given(lead: Lead) -> bool:
    return lead.stage == Lead.Stage.OPEN


def clock_lines(row: Assignment) -> Iterator[str]:
    """What the response clock did with an assignment, step by step."""
    if row.hops:
        said = ngettext(
            "passed on %(hops)s time for want of an answer",
            "passed on %(hops)s times for want of an answer",
            row.hops,
        )
        yield said % {"hops": row.hops}
    for said, at in (
        (_("accepted %(when)s"), row.accepted_at),
        (_("reminded %(when)s"), row.reminded_at),
        (_("managers told %(when)s"), row.escalated_at),
        (_("answered %(when)s"), row.answered_at),
    ):
        if at:
            yield said % {"when": moment(at)}
    if row.due_at and row.active and not row.answered_at:
        late = row.due_at < timezone.now()
        said = _("overdue since %(when)s") if late else _("answer is due %(when)s")
        yield said % {"when": moment(row.due_at)}


def moment(at: datetime) -> str:
    return date_format(timezone.localtime(at), "DATETIME_FORMAT")


def conversation(lead: Lead) -> str:
    """The card of a lead that one of us talks about already, with the evidence; empty where nobody does."""
    mails = Message.objects.filter(thread_id=lead.thread_id).values_list("pk", flat=True)
    subjects = [f"message:{pk}" for pk in mails]
    entry = AuditEntry.objects.filter(action=CONVERSATION, subject__in=subjects).order_by("pk").first()
    if entry is None:
        return ""
    reason = _("In the conversation already: no turn was used, no reply is proposed.")
    return card_text(Card(Rule.IN_THREAD, lead.owner_name, reason, evidence=tuple(entry.reason.split("; "))))


def machine_line(mail: Message) -> str:
    """What an automatic mail tells of a lead, in some words."""
    if mail.automatic == automatic.BOUNCE:
        return _("A reply did not arrive")
    if mail.away_until:
        return _("Away until %(day)s") % {"day": date_format(mail.away_until, "DATE_FORMAT")}
    return mail.automatic.replace("-", " ").capitalize()


class History(ReadOnly, Lines):
    """Who had a lead, and what the response clock did meanwhile."""

    model = Assignment
    verbose_name_plural = gettext_lazy("Who had it")
    fields = ["salesperson", "cc", "rule_label", "reason", "by", "at", "clock"]
    readonly_fields = fields
    show_change_link = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[Assignment]:
        rows: QuerySet[Assignment] = super().get_queryset(request)
        return rows.select_related("salesperson", "cc", "pool", "lead__contact")

    @column(gettext_lazy("Rule"))
    def rule_label(self, row: Assignment) -> str:
        return row.get_rule_display().partition(":")[0]

    @column(gettext_lazy("Clock"))
    def clock(self, row: Assignment) -> str:
        return "; ".join(clock_lines(row))


@admin.register(Lead)
class LeadPage(NeverDeleted, WithDeeds, Rows):
    list_display = ["about", "customer", "owner", "stage_label", "synced", "since"]
    list_filter = [
        ("stage", ChoicesDropdownFilter),
        ("reply_bounced_at", admin.EmptyFieldListFilter),
        OwnerFilter,
        MirroredFilter,
        "technical",
        "language",
        ("created_at", RangeDateFilter),
    ]
    search_fields = ["subject", "contact__name", "contact__address", "contact__company", "owner_name"]
    search_help_text = gettext_lazy("Subject, customer or owner")
    when_empty = gettext_lazy(
        "A lead is made when a customer's mail is taken for one, by the classifier or in the review queue."
    )
    list_select_related = ["contact"]
    ordering = ["-pk"]
    inlines = [History]
    actions_detail = ["accept", "give_to", "junk"]
    refusals = (HandoverError,)
    readonly_fields = [
        "subject",
        "contact",
        "owner",
        "source",
        "inquiry",
        "mails",
        "machines",
        "decision",
        "clock",
        "created_at",
    ]
    fields = ["stage", *readonly_fields]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # a lead is made of a mail

    def get_queryset(self, request: HttpRequest) -> QuerySet[Lead]:
        rows: QuerySet[Lead] = super().get_queryset(request)
        return with_mirror(rows)

    @column(gettext_lazy("Lead"), ordering="subject")
    def about(self, lead: Lead) -> str:
        return lead.subject or _("no subject")

    @column(gettext_lazy("Customer"), header=True, ordering="contact__name")
    def customer(self, lead: Lead) -> tuple[str, str]:
        contact = lead.contact
        return (contact.name or contact.address, contact.address if contact.name else contact.company)

    @column(gettext_lazy("Owner"), ordering="owner_name")
    def owner(self, lead: Lead) -> str:
        return lead.owner_name or _("nobody yet")

    @column(
        gettext_lazy("Stage"),
        ordering="stage",
        label={"open": "info", "won": "success", "lost": "default", "junk": "danger", "bounced": "danger"},
    )
    def stage_label(self, lead: Lead) -> tuple[str, str]:
        if lead.reply_bounced_at:
            return "bounced", _("reply bounced")
        return lead.stage, lead.get_stage_display().partition(":")[0]

    @column(gettext_lazy("In the sheet?"), label=COLOURS)
    def synced(self, lead: Any) -> tuple[str, str] | str:
        state = lead.mirror_missing or lead.mirror_newest
        return (state, SheetRow.State(state).label.partition(":")[0]) if state else ""

    @column(gettext_lazy("Came in"), ordering="created_at")
    def since(self, lead: Lead) -> str:
        return ago(lead.created_at)

    @column(gettext_lazy("Inquiry"))
    def inquiry(self, lead: Lead) -> str:
        return plain(lead.first_message)

    @column(gettext_lazy("Mail"))
    def mails(self, lead: Lead) -> str:
        url = reverse("admin:triage_message_changelist")
        said = _("Show its thread")
        return format_html('<a class="text-link" href="{}?thread_id={}">{}</a>', url, lead.thread_id, said)

    @column(gettext_lazy("Automatic mail"))
    def machines(self, lead: Lead) -> SafeString | str:
        """Bounces, absences, invitations and receipts of its thread, each with a link."""
        lines = [
            (reverse("admin:triage_message_change", args=(mail.pk,)), machine_line(mail), ago(mail.received_at))
            for mail in Message.objects.filter(thread_id=lead.thread_id).exclude(automatic="").order_by("-pk")[:20]
        ]
        item = '<li><a class="text-link" href="{}">{}</a> {}</li>'
        return format_html("<ul>{}</ul>", format_html_join("", item, lines)) if lines else _("none")

    @column(gettext_lazy("Why this person"))
    def decision(self, lead: Lead) -> str:
        given = active_assignment(lead)
        if given is None:
            held = Hold.objects.filter(lead=lead, resolved_at=None).first()
            return _("Nobody has it yet: %(why)s") % {"why": held.reason} if held else plain(conversation(lead))
        return plain(card_text(Card.read(given.card)) if given.card else given.reason)

    @column(gettext_lazy("Response clock"))
    def clock(self, lead: Lead) -> str:
        given = active_assignment(lead)
        return plain("\n".join(clock_lines(given)) if given else "") or _("not watched")

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(LeavingPage.as_view(model_admin=self))
        return [path("leaving/<int:pk>/", view, name="crm_lead_leaving"), *super().get_urls()]

    def has_accept_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Whoever has or had the lead may try, or who could hand it over: those are told who has it now."""
        if request.user.has_perm("routing.change_assignment"):
            return True
        had = Assignment.objects.filter(lead=object_id).select_related("salesperson")
        return request.user.has_perm("routing.view_assignment") and any(is_theirs(one, person(request)) for one in had)

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[UnfoldAction]:
        """A lead is accepted by whom it was given to, and by nobody else."""
        deeds: list[UnfoldAction] = super().get_actions_detail(request, object_id)
        row = self.get_object(request, unquote(str(object_id)))
        given = active_assignment(row) if isinstance(row, Lead) else None
        theirs = given is not None and is_theirs(given, person(request))
        return [each for each in deeds if theirs or not each.action_name.endswith("_accept")]

    @deed(
        gettext_lazy("Accept"),
        permission="accept",
        icon="thumb_up",
        variant=ActionVariant.PRIMARY,
        when=can_be_accepted,
        text=gettext_lazy("You take this lead on. Whoever looks at it sees that, in Slack too."),
    )
    def accept(self, request: HttpRequest, lead: Lead, answers: dict[str, Any]) -> str:
        given = active_assignment(lead)
        if given is None:
            raise HandoverError(_("Nobody has this lead any more; nothing was changed."))
        accept(given.pk, person(request))
        return _("You have accepted this lead.")

    @deed(
        gettext_lazy("Give to"),
        permission="routing.change_assignment",
        form=AskWhom,
        icon="forward",
        when=can_be_given,
        text=gettext_lazy(
            "The turn that was paid for the lead goes back to who has it now and is charged to the new one."
        ),
    )
    def give_to(self, request: HttpRequest, lead: Lead, answers: dict[str, Any]) -> str:
        given = hand_over(lead, answers["to"], person(request), why=answers["why"])
        return _("%(who)s has the lead now.") % {"who": given.salesperson}

    @deed(
        gettext_lazy("Was no lead"),
        permission="routing.change_assignment",
        form=AskWhy,
        icon="delete_sweep",
        when=can_be_junk,
        text=gettext_lazy("The lead is marked as junk, and the turns that were paid for it are credited back."),
    )
    def junk(self, request: HttpRequest, lead: Lead, answers: dict[str, Any]) -> str:
        given = active_assignment(lead)
        if given is None:
            raise HandoverError(_("Nobody has this lead any more; nothing was changed."))
        credit_back(given, str(person(request)), answers["why"])
        return _("Marked as junk; %(who)s is credited.") % {"who": given.salesperson}


@admin.register(Hold)
class HoldPage(ReadOnly, WithDeeds, Rows):
    list_display = ["about", "pool", "reason", "waits", "when"]
    list_filter = [("resolved_at", admin.EmptyFieldListFilter), ("pool", RelatedDropdownFilter), "for_person"]
    search_fields = ["lead__subject", "lead__contact__address", "reason"]
    search_help_text = gettext_lazy("Subject, customer or reason")
    list_select_related = ["lead__contact", "pool", "owner"]
    ordering = ["resolved_at", "pk"]
    actions_detail = ["give_to"]
    refusals = (HandoverError,)

    @column(gettext_lazy("Lead"), header=True)
    def about(self, hold: Hold) -> tuple[str, str]:
        return (hold.lead.subject or _("no subject"), str(hold.lead.contact))

    @column(gettext_lazy("State"), label={"waits": "warning", "given": "success"})
    def waits(self, hold: Hold) -> tuple[str, str]:
        return ("given", _("given out")) if hold.resolved_at else ("waits", _("waits"))

    @column(gettext_lazy("Since"), ordering="since")
    def when(self, hold: Hold) -> str:
        return ago(hold.since)

    @deed(
        gettext_lazy("Give to"),
        permission="routing.change_assignment",
        form=AskWhom,
        icon="forward",
        when=lambda hold: hold.resolved_at is None,
        text=gettext_lazy("Nobody could be given this lead yet. Choose who gets it."),
    )
    def give_to(self, request: HttpRequest, hold: Hold, answers: dict[str, Any]) -> str:
        given = hand_over(hold.lead, answers["to"], person(request), why=answers["why"])
        return _("%(who)s has the lead now.") % {"who": given.salesperson}
