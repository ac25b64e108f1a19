"""The pages of drafts: change one, approve it, reject it."""

import uuid
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.db.models import Exists, Model, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RangeDateFilter
from unfold.enums import ActionVariant
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from inbox_router.admin.deeds import Ask, AskWhy, WithDeeds, deed, person
from inbox_router.admin.rows import NeverDeleted, Rows, column
from inbox_router.shown import ago, plain
from triage.admin.approval import ApprovalPage, written_since
from triage.admin.owners import OwnerOfDraft
from triage.admin.proof import addressed, edited_percent
from triage.admin.several import SeveralPage
from triage.models import Decision, Draft, Message
from triage.services import Conflict, edit_draft, hold_approval, undo

State, Answer = Draft.State, Decision.Answer
NONE = uuid.UUID(int=0)
AGAIN = "again"
COLOURS = {
    AGAIN: "danger",
    State.WAITING: "warning",
    State.APPROVED: "info",
    State.SENT: "success",
    State.OUTSIDE: "info",
}


def is_waiting(draft: Draft) -> bool:
    return draft.state == State.WAITING and not is_held(draft)


def newer_mail() -> QuerySet[Message]:
    """What people wrote in the thread of the outer row, a draft, after the mail that it answers."""
    rows = Message.objects.filter(thread_id=OuterRef("message__thread_id"), automatic="", same_as=None)
    return rows.filter(received_at__gt=OuterRef("message__received_at")).exclude(thread_id="")


def is_held(draft: Draft) -> bool:
    """Whether somebody has decided and can still take it back."""
    return Decision.held().filter(draft=draft).exists()


class Versioned(Ask):
    """A dialog that remembers which version of the draft the person saw."""

    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["version"] = Draft.objects.filter(pk=self.object_id).values_list("version", flat=True).first()


class AskWhyNot(Versioned, AskWhy):
    """A dialog that asks why a draft is not sent."""


class DraftForm(forms.ModelForm):
    """The text of a draft, and the version that the person saw."""

    seen = forms.IntegerField(widget=forms.HiddenInput, required=False)

    class Meta:
        model = Draft
        fields = ["subject", "body"]
        widgets = {"subject": UnfoldAdminTextInputWidget(), "body": UnfoldAdminTextareaWidget(attrs={"rows": 16})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "seen" in self.fields:
            self.initial["seen"] = self.instance.version

    def clean(self) -> dict[str, Any]:
        told = super().clean() or self.cleaned_data
        if told.get("seen") not in (None, self.instance.version):
            raise forms.ValidationError(_("Somebody changed this draft meanwhile; reload the page to see their text."))
        return told


@admin.register(Draft)
class DraftPage(NeverDeleted, WithDeeds, Rows):
    form = DraftForm
    list_display = ["to", "subject", "owner", "state_label", "edited", "age"]
    list_filter = [("state", ChoicesDropdownFilter), OwnerOfDraft, "language", ("created_at", RangeDateFilter)]
    search_fields = ["to_address", "to_name", "subject", "body"]
    search_help_text = gettext_lazy("Recipient, subject or words")
    when_empty = gettext_lazy(
        "A reply is drafted for each new lead; it waits here until a person approves or rejects it."
    )
    ordering = ["-pk"]
    actions_detail = ["approve", "reject", "undo"]
    refusals = (Conflict,)
    readonly_fields = [
        "state",
        "from_address",
        "to_name",
        "to_address",
        "cc",
        "recipient",
        "wording",
        "original_mail",
        "newer_mails",
        "drafted",
        "age",
        "decision",
    ]

    def get_urls(self) -> list[URLPattern]:
        approval = self.admin_site.admin_view(ApprovalPage.as_view(model_admin=self))
        several = self.admin_site.admin_view(SeveralPage.as_view(model_admin=self))
        ours = [
            path("approve/", approval, name="triage_draft_approve"),
            path("approve/several/", several, name="triage_draft_several"),
        ]
        return [*ours, *super().get_urls()]

    def get_fieldsets(self, request: HttpRequest, obj: Model | None = None) -> Any:
        text = ["subject", "body", "seen"] if self.has_change_permission(request, obj) else ["subject", "wording"]
        return [
            (None, {"fields": [("state", "from_address"), ("to_name", "to_address"), "recipient", "cc", *text]}),
            (_("The mail that it answers"), {"fields": ["original_mail", "newer_mails"]}),
            (_("As it was drafted"), {"fields": ["drafted", "age", "decision"], "classes": ["collapse"]}),
        ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Draft]:
        rows: QuerySet[Draft] = super().get_queryset(request)
        if not (request.resolver_match and "object_id" in request.resolver_match.kwargs):
            return rows.annotate(wrote_again=Exists(newer_mail()))
        heavy = ("headers", "raw", "references")
        return rows.select_related("message", "decided_by").defer(*(f"message__{name}" for name in heavy))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """A draft can be changed while it waits."""
        allowed: bool = super().has_change_permission(request, obj)
        return allowed and (not isinstance(obj, Draft) or is_waiting(obj))

    def save_model(self, request: HttpRequest, obj: Draft, form: forms.ModelForm, change: bool) -> None:
        edit_draft(obj, subject=obj.subject, body=obj.body, version=form.cleaned_data["seen"])

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            answer: HttpResponse = super().changeform_view(request, *args, **kwargs)
        except Conflict as conflict:
            messages.error(request, str(conflict))
            return HttpResponseRedirect(request.path)
        return answer

    @column(gettext_lazy("To"), header=True, ordering="to_address")
    def to(self, draft: Draft) -> tuple[str, str] | str:
        return (draft.to_name or draft.to_address, draft.to_address if draft.to_name else "")

    @column(gettext_lazy("In the name of"), ordering="owner_name")
    def owner(self, draft: Draft) -> str:
        return draft.owner_name

    @column(gettext_lazy("State"), ordering="state", label=COLOURS)
    def state_label(self, draft: Any) -> tuple[str, str]:
        if draft.waits_again:
            return AGAIN, _("waits again: not sent, they wrote again")
        if draft.is_waiting and draft.wrote_again:
            return AGAIN, _("waits: they wrote again")
        return draft.state, draft.get_state_display()

    @column(gettext_lazy("Edited"))
    def edited(self, draft: Draft) -> str:
        return f"{edited_percent(draft.original_body, draft.body)} %"

    @column(gettext_lazy("Drafted"), ordering="created_at")
    def age(self, draft: Draft) -> str:
        return ago(draft.created_at)

    @column(gettext_lazy("Reply"))
    def wording(self, draft: Draft) -> str:
        return plain(draft.body)

    @column(gettext_lazy("Checked"))
    def recipient(self, draft: Draft) -> str:
        return addressed(draft, draft.message).says

    @column(gettext_lazy("They wrote"))
    def original_mail(self, draft: Draft) -> str:
        return plain(draft.message.text)

    @column(gettext_lazy("They wrote again"))
    def newer_mails(self, draft: Draft) -> SafeString | str:
        mails = ((ago(mail.received_at), plain(mail.new_text or mail.text)) for mail in written_since(draft))
        return format_html_join("", "<p>{}</p>{}", mails) or _("no")

    @column(gettext_lazy("Text"))
    def drafted(self, draft: Draft) -> str:
        return plain(draft.original_body)

    @column(gettext_lazy("Decided"))
    def decision(self, draft: Draft) -> str:
        if draft.waits_again:
            return _("to be approved again: it was not sent, for they had written again first")
        if draft.decided_at is None:
            return _("not yet")
        told = {"state": draft.get_state_display(), "who": draft.decided_by or _("somebody")}
        return " ".join([_("%(state)s by %(who)s") % told, draft.reject_reason]).strip()

    @deed(
        gettext_lazy("Approve and send"),
        permission="triage.change_draft",
        form=Versioned,
        icon="send",
        variant=ActionVariant.PRIMARY,
        when=is_waiting,
        text=gettext_lazy("The reply goes out as it is saved here, and its copy is filed in Sent."),
    )
    def approve(self, request: HttpRequest, draft: Draft, answers: dict[str, Any]) -> str:
        draft.version = answers["version"]
        hold_approval(draft, Answer.APPROVE, person(request))
        return _("Approved: the reply to %(to)s goes out in %(seconds)d seconds, unless you undo it.") % {
            "to": draft.to_address,
            "seconds": settings.UNDO_SECONDS,
        }

    @deed(
        gettext_lazy("Reject"),
        permission="triage.change_draft",
        form=AskWhyNot,
        icon="block",
        when=is_waiting,
        text=gettext_lazy("Nothing is sent, and the draft is taken out of the mailbox."),
    )
    def reject(self, request: HttpRequest, draft: Draft, answers: dict[str, Any]) -> str:
        draft.version = answers["version"]
        hold_approval(draft, Answer.REJECT, person(request), why=answers["why"])
        return _("Rejected: nothing is sent.")

    @deed(
        gettext_lazy("Undo"),
        permission="triage.change_draft",
        icon="undo",
        when=is_held,
        text=gettext_lazy("What was just decided of this draft has not taken effect yet, and will not."),
    )
    def undo(self, request: HttpRequest, draft: Draft, answers: dict[str, Any]) -> str:
        held = Decision.held().filter(draft=draft).first()
        undo(held.request if held else NONE, person(request))
        return _("Taken back: it waits for approval again.")
