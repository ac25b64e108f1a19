"""The pages of messages."""

import uuid
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import (
    ChoicesDropdownFilter,
    RangeDateFilter,
    RangeNumericFilter,
    RelatedDropdownFilter,
)

from crm.models import AuditEntry, Lead
from inbox_router.admin.deeds import WithDeeds, deed, person
from inbox_router.admin.rows import Lines, ReadOnly, Rows, column
from inbox_router.shown import ago, percent, plain
from triage.admin.customers import CustomersPage
from triage.admin.designed import DesignedPage
from triage.admin.dialogs import AskCategory, held_of
from triage.admin.owners import OwnerOfThread, named, with_owner
from triage.admin.problems import ProblemsPage
from triage.admin.reasons import HasDraftFilter, latest_judgements, why
from triage.admin.review import ReviewPage
from triage.learning import verdicts
from triage.models import Category, Classification, Draft, MailboxDelivery, Message
from triage.search import matching
from triage.services import Conflict, hold_decision, read_again, take_back, undo

Status = Message.Status
CATEGORY_COLOURS = {
    Category.LEAD: "success",
    Category.ACCOUNTING: "info",
    Category.NEWSLETTER: "default",
    Category.SPAM: "default",
    Category.UNCERTAIN: "warning",
}
STATUS_COLOURS = {Status.REVIEW: "warning", Status.QUARANTINED: "danger", Status.DONE: "success", Status.ACTED: "info"}
NOT_TO_DECIDE = (Status.FOUND, Status.FETCHED, Status.FILTERED, Status.CLASSIFIED, Status.QUARANTINED, Status.DUPLICATE)
DECIDED = (Status.ACTED, Status.LOGGED, Status.DONE)
NONE = uuid.UUID(int=0)
HEAVY = ("text", "new_text", "html", "hidden", "headers", "raw", "references", "bounced_ids")


class Judgements(ReadOnly, Lines):
    model = Classification
    verbose_name_plural = _("What it was taken for")
    fields = ["said", "how_sure", "judge", "model", "reason"]
    readonly_fields = fields
    ordering = ["-pk"]

    @column(_("Taken for"))
    def said(self, row: Classification) -> str:
        return row.said

    @column(_("Sure"))
    def how_sure(self, row: Classification) -> str:
        return row.sure


class Owed(ReadOnly, Lines):
    model = MailboxDelivery
    verbose_name_plural = _("What was owed for it in the mailbox")
    fields = ["deed", "label", "state", "attempts", "evidence", "error"]
    readonly_fields = fields
    ordering = ["pk"]
    show_change_link = True


@admin.register(Message)
class MessagePage(ReadOnly, WithDeeds, Rows):
    list_display = ["sender", "about", "taken_for", "how_sure", "state", "owner", "received"]
    list_filter = [
        ("category", ChoicesDropdownFilter),
        ("status", ChoicesDropdownFilter),
        OwnerOfThread,
        ("mailbox", RelatedDropdownFilter),
        "language",
        ("confidence", RangeNumericFilter),
        ("received_at", RangeDateFilter),
        HasDraftFilter,
        "backfilled",
    ]
    search_fields = ["sender_address"]  # shows the search box; get_search_results has its own index
    search_help_text = _("Name, address, subject or words")
    when_empty = _("New mail appears within a minute of its arrival. If none does, System, Health tells why.")
    list_select_related = ["mailbox"]
    ordering = ["-received_at", "-pk"]
    inlines = [Judgements, Owed]
    actions_detail = ["decide", "undo", "take_back", "read_again"]
    refusals = (Conflict,)
    fieldsets = [
        (None, {"fields": ["about", "from_whom", "received", "mail", "invisible", "designed", "attached"]}),
        (
            _("Decision"),
            {"fields": ["kind", "sure", "status", "review_reason", "pressed", "concerns", "draft_link", "story"]},
        ),
        (
            _("On the server"),
            {
                "fields": [
                    "mailbox",
                    "folder",
                    "uid",
                    "message_id",
                    "thread_id",
                    "size",
                    "automatic",
                    "error",
                    "raw_link",
                ],
                "classes": ["collapse"],
            },
        ),
    ]
    readonly_fields = [
        "about", "from_whom", "received", "mail", "invisible", "designed", "attached",
        "kind", "sure", "pressed", "concerns", "draft_link", "story", "raw_link",
    ]  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Message]:
        rows: QuerySet[Message] = super().get_queryset(request)
        if request.resolver_match and "object_id" in request.resolver_match.kwargs:
            return rows
        return with_owner(rows).defer(*HEAVY).prefetch_related(latest_judgements())

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Message], search_term: str
    ) -> tuple[QuerySet[Message], bool]:
        return (queryset.filter(pk__in=matching(search_term)) if search_term.strip() else queryset), False

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("review/", view(ReviewPage.as_view(model_admin=self)), name="triage_message_review"),
            path("problems/", view(ProblemsPage.as_view(model_admin=self)), name="triage_message_problems"),
            path("customers/", view(CustomersPage.as_view(model_admin=self)), name="triage_message_customers"),
            path(
                "<int:pk>/designed/<slug:part>/",
                view(DesignedPage.as_view(model_admin=self)),
                name="triage_message_designed",
            ),
            path("<path:object_id>/raw/", view(self.raw), name="triage_message_raw"),
            *super().get_urls(),
        ]

    def raw(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The bytes of a mail that could not be read, as a text file to keep: no browser runs it."""
        row = self.get_object(request, object_id)
        if not self.has_view_permission(request, row):
            raise PermissionDenied
        if row is None or row.raw is None:
            raise Http404(gettext("The bytes of this mail were not kept."))
        name = f'attachment; filename="message-{row.pk}.txt"'
        headers = {"Content-Disposition": name, "X-Content-Type-Options": "nosniff"}
        return HttpResponse(bytes(row.raw), content_type="text/plain; charset=utf-8", headers=headers)

    # --- columns and fields ---

    @column(_("Sender"), header=True, ordering="sender_name")
    def sender(self, row: Message) -> tuple[str, str]:
        return (
            row.sender_name or row.sender_address or gettext("unknown"),
            row.sender_address if row.sender_name else "",
        )

    @column(_("Subject"), ordering="subject")
    def about(self, row: Message) -> str:
        return row.subject or gettext("no subject")

    @column(_("Taken for"), ordering="category", label=CATEGORY_COLOURS)
    def taken_for(self, row: Message) -> tuple[str, str] | str:
        return (row.category, row.taken_for) if row.category else ""

    @column(_("Taken for"))
    def kind(self, row: Message) -> str:
        return row.taken_for

    @column(_("Sure"), ordering="confidence")
    def how_sure(self, row: Message) -> SafeString | str:
        return why(row, self.sure(row))

    @column(_("State"), ordering="status", label=STATUS_COLOURS)
    def state(self, row: Message) -> tuple[str, str]:
        return row.status, row.get_status_display().partition(":")[0]

    @column(_("Owner"))
    def owner(self, row: Message) -> str:
        return named(row)

    @column(_("Received"), ordering="received_at")
    def received(self, row: Message) -> str:
        return ago(row.received_at)

    @column(_("Sure"))
    def sure(self, row: Message) -> str:
        return "-" if row.confidence is None else percent(row.confidence)

    @column(_("From"))
    def from_whom(self, row: Message) -> str:
        who = (
            f"{row.sender_name} <{row.sender_address}>" if row.sender_name else row.sender_address or gettext("unknown")
        )
        said = row.doubt or (row.sender_evidence if row.sender_evidence != "From" else "")
        return f"{who}. {capfirst(said)}." if said else who

    @column(_("Text"))
    def mail(self, row: Message) -> str:
        return plain(row.text)

    @column(_("Invisible text"))
    def invisible(self, row: Message) -> str:
        return gettext("taken out: %(what)s") % {"what": ", ".join(row.hidden)} if row.hidden else gettext("none")

    @column(_("As it was designed"))
    def designed(self, row: Message) -> SafeString | str:
        if not row.html:
            return gettext("it is plain text")
        url = reverse("admin:triage_message_designed", args=(row.pk, "page"))
        said = gettext("Show it without pictures and links")
        return format_html('<a class="text-link" href="{}">{}</a>', url, said)

    @column(_("Attachments"))
    def attached(self, row: Message) -> str:
        return ", ".join(
            str(part.get("name") or part.get("type") or gettext("unnamed")) for part in row.attachments
        ) or gettext("none")

    @column(_("Decided by people"))
    def pressed(self, row: Message) -> SafeString | str:
        """What people decided of it, and what came of that."""
        made = row.decisions.filter(draft=None).select_related("person").order_by("-pk")[:5]
        lines = [
            (one.get_answer_display(), one.person or gettext("somebody"), one.get_state_display(), one.refusal)
            for one in made
        ]
        return format_html_join("", "<p>{} · {} · {} {}</p>", lines) or gettext("nobody yet")

    @column(_("Concerns"))
    def concerns(self, row: Message) -> SafeString | str:
        """The lead of its thread, and the reply that a bounce says did not arrive."""
        leads = Lead.objects.filter(thread_id=row.thread_id).select_related("contact") if row.thread_id else ()
        failed = Draft.objects.filter(sent_mail_id__in=row.bounced_ids.split()) if row.bounced_ids else ()
        links = [
            *((gettext("Lead"), reverse("admin:crm_lead_change", args=(lead.pk,)), lead) for lead in leads),
            *((gettext("Not delivered"), reverse("admin:triage_draft_change", args=(one.pk,)), one) for one in failed),
        ]
        return format_html_join("", '<p>{}: <a class="text-link" href="{}">{}</a></p>', links) or gettext("no lead")

    @column(_("Reply"))
    def draft_link(self, row: Message) -> SafeString | str:
        drafts = [
            (reverse("admin:triage_draft_change", args=(one.pk,)), one.subject, one.get_state_display())
            for one in row.drafts.order_by("pk")
        ]
        return format_html_join("", '<a class="text-link" href="{}">{}</a>: {} ', drafts) or gettext("none")

    @column(_("What happened"))
    def story(self, row: Message) -> SafeString:
        entries = AuditEntry.objects.filter(subject=f"message:{row.pk}").order_by("pk")
        lines = [(ago(e.at), e.summary, f"({e.reason})" if e.reason else "", e.actor) for e in entries]
        return format_html('<ol class="story">{}</ol>', format_html_join("", "<li>{} · {} {} <em>{}</em></li>", lines))

    @column(_("As it came"))
    def raw_link(self, row: Message) -> SafeString | str:
        if row.raw is None:
            return gettext("kept in the mailbox only")
        url = reverse("admin:triage_message_raw", args=(row.pk,))
        said = gettext("Download its %(number)d bytes as text") % {"number": len(row.raw)}
        return format_html('<a class="text-link" href="{}">{}</a>', url, said)

    # --- deeds ---

    @deed(
        _("Decide"),
        permission="triage.change_message",
        form=AskCategory,
        icon="rule",
        when=lambda row: row.status not in NOT_TO_DECIDE and not held_of(row),
        text=_(
            "A lead gets an owner, a reply and a record; spam and newsletters go to Trash on the next run; "
            "what is none of these stays in the inbox."
        ),
    )
    def decide(self, request: HttpRequest, row: Message, answers: dict[str, Any]) -> str:
        row.version = answers["version"]
        hold_decision(row, answers["category"], person(request), why=answers["why"])
        told = {"name": row.subject or gettext("The message"), "seconds": settings.UNDO_SECONDS}
        told["category"] = Category(answers["category"]).settled
        return gettext("%(name)s: %(category)s. It takes effect in %(seconds)d seconds, unless you undo it.") % told

    @deed(
        _("Undo"),
        permission="triage.change_message",
        icon="undo",
        when=lambda row: bool(held_of(row)),
        text=_("What was just decided of this mail has not taken effect yet, and will not."),
    )
    def undo(self, request: HttpRequest, row: Message, answers: dict[str, Any]) -> str:
        held = held_of(row)
        undo(held.request if held else NONE, person(request))
        return gettext("Taken back: nothing has happened, nobody was charged a turn.")

    @deed(
        _("Take the decision back"),
        permission="triage.change_message",
        icon="undo",
        when=lambda row: row.status in DECIDED and not held_of(row) and verdicts.live().filter(message=row).exists(),
        text=_("The message waits for a person again, and the classifier forgets what it learned from the decision."),
    )
    def take_back(self, request: HttpRequest, row: Message, answers: dict[str, Any]) -> str:
        take_back(row, person(request))
        return gettext("Taken back: it waits for a person again.")

    @deed(
        _("Read again"),
        permission="triage.change_message",
        icon="replay",
        when=lambda row: row.status == Status.QUARANTINED,
        text=_("The next run fetches it once more and tries to read it."),
    )
    def read_again(self, request: HttpRequest, row: Message, answers: dict[str, Any]) -> str:
        read_again(row, person(request))
        return gettext("The next run reads it again.")
