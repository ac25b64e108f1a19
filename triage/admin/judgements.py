"""The pages of judgements and of known senders."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RangeDateFilter, RangeNumericFilter

from crm.services import record_edit
from inbox_router.admin.deeds import person
from inbox_router.admin.rows import ReadOnly, Rows, column
from inbox_router.differences import differences
from inbox_router.shown import ago, money
from triage.admin import senders, suggested
from triage.models import Category, Classification, SenderRule
from triage.search import matching


class RuleForm(forms.ModelForm):
    """A rule as a person writes it."""

    class Meta:
        model = SenderRule
        fields = ["pattern", "scope", "kind", "category", "note", "active"]

    def clean_pattern(self) -> str:
        return str(self.cleaned_data["pattern"]).strip().lower().lstrip("@")

    def clean(self) -> dict[str, Any]:
        told = super().clean() or self.cleaned_data
        kind, scope, pattern = told.get("kind"), told.get("scope"), told.get("pattern", "")
        if kind == SenderRule.Kind.ALWAYS and not told.get("category"):
            self.add_error("category", gettext("Choose the category that this sender's mail always gets."))
        if scope == SenderRule.Scope.ADDRESS and "@" not in pattern:
            self.add_error(
                "pattern", gettext("Write a whole address, such as news@example.com, or choose a domain below.")
            )
        if scope != SenderRule.Scope.ADDRESS and "@" in pattern:
            self.add_error("pattern", gettext("Write the domain only, such as example.com."))
        return told


@admin.register(SenderRule)
class SenderRulePage(Rows):
    form = RuleForm
    list_display = ["pattern", "scope", "kind_label", "category", "active"]
    list_filter = [("kind", ChoicesDropdownFilter), ("category", ChoicesDropdownFilter), "active"]
    search_fields = ["pattern", "note"]
    search_help_text = _("Address, domain or note")
    ordering = ["pattern"]
    when_empty = _("Add one for a sender whose mail is always the same, such as a newsletter of a supplier.")
    change_form_after_template = "admin/triage/rule_preview.html"

    def get_urls(self) -> list[URLPattern]:
        return [
            path("match/", self.admin_site.admin_view(self.match), name="triage_senderrule_match"),
            path("suggested/", self.admin_site.admin_view(suggested.accept), name="triage_senderrule_suggested"),
            *super().get_urls(),
        ]

    def match(self, request: HttpRequest) -> HttpResponse:
        """Which mail the rule that is being written would match."""
        if not (self.has_view_permission(request) and request.user.has_perm("triage.view_message")):
            raise PermissionDenied
        return senders.preview(request)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        rule = self.get_object(request, object_id) if object_id else None
        shown = senders.context(rule.pattern, rule.scope) if rule else {}
        answer: HttpResponse = super().changeform_view(request, object_id, form_url, shown | (extra_context or {}))
        return answer

    def save_model(self, request: HttpRequest, obj: SenderRule, form: forms.ModelForm, change: bool) -> None:
        before = SenderRule.objects.filter(pk=obj.pk).first() or SenderRule()
        super().save_model(request, obj, form, change)
        record_edit(obj, differences(before, obj), str(person(request)))

    def delete_model(self, request: HttpRequest, obj: SenderRule) -> None:
        record_edit(obj, [_("taken out")], str(person(request)))
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[SenderRule]) -> None:
        for rule in queryset:
            record_edit(rule, [_("taken out")], str(person(request)))
        super().delete_queryset(request, queryset)

    @column(_("What follows"), ordering="kind", label={"internal": "info", "always": "warning"})
    def kind_label(self, rule: SenderRule) -> tuple[str, str]:
        return rule.kind, rule.get_kind_display().partition(",")[0]


@admin.register(Classification)
class ClassificationPage(ReadOnly, Rows):
    list_display = ["about", "category_label", "how_sure", "by", "when"]
    list_filter = [
        ("judge", ChoicesDropdownFilter),
        ("category", ChoicesDropdownFilter),
        ("confidence", RangeNumericFilter),
        ("created_at", RangeDateFilter),
    ]
    search_fields = ["reason"]  # shows the search box; get_search_results has its own index
    search_help_text = _("Name, address, subject or words")
    ordering = ["-pk"]
    fields = [
        ("message", "kind"),
        ("how_sure", "stated"),
        ("reason", "error"),
        ("judge", "model"),
        ("prompt", "person"),
        ("language", "technical"),
        ("sender_first_name", "company"),
        ("costs", "estimated"),
        ("input_tokens", "output_tokens"),
        ("spared", "may_trash"),
        ("asked", "undone_at"),
        "when",
    ]
    readonly_fields = ["kind", "how_sure", "stated", "costs", "when"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Classification]:
        rows: QuerySet[Classification] = super().get_queryset(request).select_related("message", "person")
        return rows.defer("message__text", "message__new_text", "message__headers", "message__raw")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Classification], search_term: str
    ) -> tuple[QuerySet[Classification], bool]:
        return (queryset.filter(message__in=matching(search_term)) if search_term.strip() else queryset), False

    @column(_("Message"), header=True)
    def about(self, row: Classification) -> tuple[str, str]:
        return (row.message.subject or gettext("no subject"), row.message.sender_address)

    @column(
        _("Taken for"),
        ordering="category",
        label={Category.LEAD: "success", Category.ACCOUNTING: "info", Category.UNCERTAIN: "warning"},
    )
    def category_label(self, row: Classification) -> tuple[str, str]:
        return row.category, row.said

    @column(_("Taken for"))
    def kind(self, row: Classification) -> str:
        return row.said

    @column(_("Sure"), ordering="confidence")
    def how_sure(self, row: Classification) -> str:
        return row.error or row.sure

    @column(_("Before calibration"))
    def stated(self, row: Classification) -> str:
        return row.stated

    @column(_("Cost"))
    def costs(self, row: Classification) -> str:
        return money(row.cost)

    @column(_("By"), ordering="judge")
    def by(self, row: Classification) -> str:
        return str(row.person) if row.person else row.model or row.get_judge_display()

    @column(_("When"), ordering="created_at")
    def when(self, row: Classification) -> str:
        return ago(row.created_at)
