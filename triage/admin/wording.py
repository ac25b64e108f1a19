"""Reply texts: the one of each language as people want it, tried on real mail before it is saved."""

from collections.abc import Iterator
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST
from unfold.contrib.filters.admin import RelatedDropdownFilter
from unfold.widgets import UnfoldAdminTextareaWidget

from crm.services import record_edit
from inbox_router.admin.deeds import WithDeeds, deed, person
from inbox_router.admin.pages import Page
from inbox_router.admin.rows import NeverDeleted, Rows, column
from inbox_router.shown import language_name, plain
from routing.models import Pool
from triage.classifiers.llm.reply import LANGUAGES
from triage.drafts import drafting, wording
from triage.drafts.replies import NotSent, default_text, occasion_of_lead, recent_leads, send_test, texts_for, written
from triage.drafts.slots import many_lines
from triage.models import ReplyTemplate


class ReplyTemplateForm(forms.ModelForm):
    """A reply text as a person writes it. What is the same as the default is kept as the default."""

    class Meta:
        model = ReplyTemplate
        fields = ["language", "pool", "text"]
        widgets = {"text": UnfoldAdminTextareaWidget(attrs={"rows": 12})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "text" not in self.fields:
            return
        self.fields["text"].help_text = wording.allowed()
        language = self.instance.language or self.initial.get("language", "")
        self.initial["text"] = self.instance.text or default_text(language, self.instance.pool)

    def clean_language(self) -> str:
        code = str(self.cleaned_data["language"]).strip().lower()
        if code not in LANGUAGES:
            raise forms.ValidationError(_("Write a two-letter code (ISO 639-1), such as en or de."))
        return code

    def clean_text(self) -> str:
        text = many_lines(self.cleaned_data["text"]).strip()
        try:
            wording.check(text)
        except wording.WordingError as error:
            raise forms.ValidationError(str(error)) from None
        return text

    def clean(self) -> dict[str, Any]:
        told = super().clean() or self.cleaned_data
        language = told.get("language", self.instance.language)
        default = default_text(language, told.get("pool", self.instance.pool)).strip()
        if "text" in told and not (told["text"] or default):
            self.add_error("text", _("No text ships for this language: write one."))
        if told.get("text") == default:
            told["text"] = ""
        return told


class TextHistory(Page):
    """What a reply text was before, and the way back."""

    title = gettext_lazy("History")

    permission_required = "triage.view_replytemplate"
    template_name = "admin/triage/text_history.html"

    def row(self) -> ReplyTemplate:
        row = self.model_admin.get_object(self.request, self.kwargs["object_id"])
        if row is None:
            raise Http404(_("There is no such text."))
        return row  # type: ignore[no-any-return]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        row = self.row()
        versions = row.history.select_related("history_user").order_by("-history_date", "-history_id")[:100]
        may = self.model_admin.has_change_permission(self.request, row)
        title = _("History of the reply text in %(language)s") % {"language": row}
        return super().get_context_data(**kwargs) | {"text": row, "versions": versions, "may": may, "title": title}

    @transaction.atomic
    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Bring an earlier text back."""
        row = self.row()
        if not self.model_admin.has_change_permission(request, row):
            raise PermissionDenied
        earlier = row.history.filter(history_id=chosen(request, "version")).first()
        if earlier is None:
            messages.error(request, _("There is no such version; nothing was changed."))
        else:
            row.text = earlier.text
            row.save()
            record_edit(row, changed_text(row), str(person(request)))
            messages.success(request, _("Restored."))
        return redirect("admin:triage_replytemplate_change", row.pk)


@admin.register(ReplyTemplate)
class ReplyTemplatePage(NeverDeleted, WithDeeds, Rows):
    form = ReplyTemplateForm
    list_display = ["named", "for_whom", "state", "beginning"]
    list_filter = [("pool", RelatedDropdownFilter)]
    search_fields = ["language", "text"]
    search_help_text = gettext_lazy("Language or words of the text")
    list_select_related = ["pool"]
    ordering = ["language", "pool"]
    actions_detail = ["restore_text"]
    refusals = (NotSent,)
    list_after_template = "admin/triage/shipped_texts.html"
    change_form_after_template = "admin/triage/try_text.html"

    def get_readonly_fields(self, request: HttpRequest, obj: ReplyTemplate | None = None) -> list[str]:
        return ["language", "pool", "as_written"] if obj else ["as_written"]

    def get_fields(self, request: HttpRequest, obj: ReplyTemplate | None = None) -> list[Any]:
        editable = self.has_change_permission(request, obj) if obj else self.has_add_permission(request)
        return [("language", "pool"), "text" if editable else "as_written"]

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {"language": request.GET.get("language", "")[:8]}

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        edited = ReplyTemplate.objects.filter(pool=None).values_list("language", flat=True)
        untouched = sorted(set(wording.shipped()) - set(edited))
        answer: HttpResponse = super().changelist_view(request, {"untouched": untouched} | (extra_context or {}))
        return answer

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        context = {"recent": recent_leads(), "row_pk": object_id or 0} | (extra_context or {})
        answer: HttpResponse = super().changeform_view(request, object_id, form_url, context)
        return answer

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return TextHistory.as_view(model_admin=self)(request, object_id=object_id)

    def save_model(self, request: HttpRequest, obj: ReplyTemplate, form: forms.ModelForm, change: bool) -> None:
        super().save_model(request, obj, form, change)
        record_edit(obj, changed_text(obj), str(person(request)))

    @column(gettext_lazy("Text"))
    def as_written(self, row: ReplyTemplate) -> str:
        return plain(row.text or default_text(row.language, row.pool))

    @column(gettext_lazy("Language"), ordering="language")
    def named(self, row: ReplyTemplate) -> str:
        return language_name(row.language)

    @column(gettext_lazy("For"), ordering="pool")
    def for_whom(self, row: ReplyTemplate) -> str:
        return row.pool.name if row.pool else _("all leads")

    @column(gettext_lazy("State"), label={"edited": "info", "default": "default"})
    def state(self, row: ReplyTemplate) -> tuple[str, str]:
        return (
            ("edited", _("edited")) if row.text else ("default", _("as shipped") if not row.pool else _("as for all"))
        )

    @column(gettext_lazy("Text"))
    def beginning(self, row: ReplyTemplate) -> str:
        return (row.text or default_text(row.language, row.pool))[:80]

    # --- trying ---

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        own = [
            path("<int:pk>/preview/", view(require_POST(self.preview)), name="triage_replytemplate_preview"),
            path("<int:pk>/test/", view(require_POST(self.test)), name="triage_replytemplate_test"),
        ]
        return [*own, *super().get_urls()]

    def preview(self, request: HttpRequest, pk: int) -> HttpResponse:
        """How a reply reads with the text as it stands on the page. Nothing is saved."""
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        return self.shown(request, pk)

    def test(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Send that reply to whoever asks."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        try:
            return self.shown(request, pk, sent=send_test(self.reply(request, pk), person(request)))
        except (NotSent, wording.WordingError) as error:
            return self.shown(request, pk, trouble=str(error))

    def shown(self, request: HttpRequest, pk: int, **told: Any) -> HttpResponse:
        """What was tried: the part that a script swaps in, or a page with the unsaved text for a browser without."""
        try:
            told |= {"subject": (reply := self.reply(request, pk)).subject, "body": reply.body}
        except wording.WordingError as error:
            told["trouble"] = str(error)
        if request.headers.get("HX-Request"):
            return render(request, "admin/triage/tried_text.html", told)
        typed = {name: request.POST.get(name, "") for name in ("language", "pool", "text", "occasion")}
        page = self.admin_site.each_context(request) | {"title": _("Try it"), "opts": None, "row_pk": pk}
        return render(request, "admin/triage/try_page.html", page | typed | told | {"recent": recent_leads()})

    def reply(self, request: HttpRequest, pk: int) -> drafting.ReplyText:
        """The reply by the form on the page. Raises WordingError."""
        row = ReplyTemplate.objects.filter(pk=pk).first()
        language = row.language if row else request.POST.get("language", "").strip().lower()
        pool = row.pool if row else Pool.objects.filter(pk=chosen(request, "pool")).first()
        typed = request.POST.get("text", row.text if row else "")  # who may only look has no field for it
        text = many_lines(typed).strip() or default_text(language, pool)
        wording.check(text)
        occasion = occasion_of_lead(request.POST.get("occasion", ""))
        return written(occasion, language or drafting.ENGLISH, {**texts_for(pool), language or drafting.ENGLISH: text})

    @deed(
        gettext_lazy("Restore the shipped text"),
        permission="triage.change_replytemplate",
        icon="settings_backup_restore",
        when=lambda row: bool(row.text),
        text=gettext_lazy(
            "Replies are written from the text that ships again; for a pool, from the one for all leads."
        ),
    )
    def restore_text(self, request: HttpRequest, row: ReplyTemplate, answers: dict[str, Any]) -> str:
        row.text = ""
        row.save()
        record_edit(row, changed_text(row), str(person(request)))
        return _("Restored.")


def changed_text(row: ReplyTemplate) -> Iterator[str]:
    """Which version of a reply text was made, if it is another text; its words are in the history."""
    newest, *before = row.history.order_by("-history_id")[:2]
    if not before or before[0].text != newest.text:
        told = _("version %(version)s of the reply text") if row.text else _("version %(version)s, the text that ships")
        yield told % {"version": newest.history_id}


def chosen(request: HttpRequest, name: str) -> int:
    """The number that a select of the form has; 0 for none."""
    value = request.POST.get(name, "")
    return int(value) if value.isdecimal() else 0
