"""The definitions of the categories: written, tried on recent mail, and let go live."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Model, QuerySet, Subquery
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_q.tasks import async_task
from unfold.enums import ActionVariant
from unfold.widgets import UnfoldAdminDecimalFieldWidget, UnfoldAdminIntegerFieldWidget, UnfoldAdminTextareaWidget

from crm.services import record_edit
from inbox_router.admin.deeds import Ask, AskWhy, WithDeeds, deed, person
from inbox_router.admin.rows import NeverDeleted, ReadOnly, Rows, column
from inbox_router.shown import ago, money, percent, within
from triage.classifiers.llm.guide import DEFINITION, EXAMPLE, EXAMPLES, Guide, shipped
from triage.classifiers.llm.prompt import visible
from triage.learning.guides import MAILS, NotTried, go_live, guide_of, in_force, plan
from triage.models import Category, CategoryGuide, DryRun


class AskHowMany(Ask):
    """A dialog that asks how much a dry run may try."""

    mails = forms.IntegerField(
        label=gettext_lazy("How many of the newest mails"), min_value=1, max_value=MAILS, initial=20,
        widget=UnfoldAdminIntegerFieldWidget(),
    )  # fmt: skip
    max_cost = forms.DecimalField(
        label=gettext_lazy("At most, in USD"), min_value=Decimal("0.01"), max_value=Decimal(100),
        initial=Decimal("0.50"), max_digits=6, decimal_places=2, widget=UnfoldAdminDecimalFieldWidget(),
    )  # fmt: skip


class GuideForm(forms.ModelForm):
    """A definition and examples, one a line, for each category. A version that went live is not changed any more."""

    class Meta:
        model = CategoryGuide
        fields = ["note"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        start = guide_of(self.instance) if self.instance.pk else in_force()
        for name, text in start.definitions.items():
            self.initial[f"define_{name}"] = text
            self.initial[f"examples_{name}"] = "\n".join(start.examples.get(name, ()))

    def clean(self) -> dict[str, Any]:
        told = super().clean() or self.cleaned_data
        self.instance.definitions = {
            name: " ".join(visible(told.get(f"define_{name}", "")).split()) for name in names()
        }
        self.instance.examples = {name: self.lines(f"examples_{name}") for name in names()}
        return told

    def lines(self, field: str) -> list[str]:
        """The examples in a field, each on one line."""
        found = [" ".join(visible(line).split()) for line in self.cleaned_data.get(field, "").splitlines()]
        found = [line for line in found if line]
        if len(found) > EXAMPLES or any(len(line) > EXAMPLE for line in found):
            told = {"number": EXAMPLES, "length": EXAMPLE}
            self.add_error(field, _("At most %(number)d examples of %(length)d characters, one a line.") % told)
        return found


def page(model: str, pk: int) -> str:
    return reverse(f"admin:triage_{model}_change", args=(pk,))


def names() -> list[str]:
    return list(shipped().definitions)


def changed_texts(before: Guide, now: Guide) -> Iterator[str]:
    """Which categories' texts are different, and the version that judgements name; nothing where none is."""
    for name in names():
        if (before.definitions[name], before.examples.get(name, ())) != (now.definitions[name], now.examples[name]):
            told = {"category": within(Category(name).label), "version": now.version}
            yield _("text of %(category)s in version %(version)s") % told


def text_field(label: Any, rows: int, limit: int, *, required: bool, help_text: Any = "") -> forms.CharField:
    return forms.CharField(
        label=label,
        max_length=limit,
        required=required,
        help_text=help_text,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": rows}),
    )


ONE_A_LINE = gettext_lazy("One a line, in words that tell nothing of any customer: every judgement sees them.")
for _name in names():
    _label = Category(_name).label
    GuideForm.declared_fields[f"define_{_name}"] = text_field(_label, 3, DEFINITION, required=True)
    GuideForm.declared_fields[f"examples_{_name}"] = text_field(
        gettext_lazy("Examples of it"), 2, EXAMPLES * (EXAMPLE + 2), required=False, help_text=ONE_A_LINE
    )


@admin.register(CategoryGuide)
class CategoryGuidePage(NeverDeleted, WithDeeds, Rows):
    form = GuideForm
    list_display = ["name", "state", "version", "made_by", "made"]
    ordering = ["-pk"]
    actions_detail = ["dry_run", "release"]
    refusals = (NotTried,)
    readonly_fields = ["tried"]

    def get_fieldsets(self, request: HttpRequest, obj: Model | None = None) -> Any:
        if obj and not self.has_change_permission(request, obj):
            return [(None, {"fields": ["note", "as_told", "tried"]})]
        texts = [(None, {"fields": [f"define_{name}", f"examples_{name}"]}) for name in names()]
        return [(None, {"fields": ["note", "tried"] if obj else ["note"]}), *texts]

    def get_queryset(self, request: HttpRequest) -> QuerySet[CategoryGuide]:
        newest = CategoryGuide.objects.exclude(live_at=None).order_by("-live_at", "-pk").values("pk")[:1]
        rows: QuerySet[CategoryGuide] = super().get_queryset(request)
        return rows.annotate(newest=Subquery(newest))

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:
        return ["as_told", "tried"]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        return super().get_form(request, obj, change, **kwargs | {"fields": ["note"]})

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        allowed: bool = super().has_change_permission(request, obj)
        return allowed and not (isinstance(obj, CategoryGuide) and obj.live_at)

    def save_model(self, request: HttpRequest, obj: CategoryGuide, form: forms.ModelForm, change: bool) -> None:
        stored = CategoryGuide.objects.filter(pk=obj.pk).first()
        before = guide_of(stored) if stored else in_force()
        obj.made_by = str(person(request))
        super().save_model(request, obj, form, change)
        record_edit(obj, changed_texts(before, guide_of(obj)), obj.made_by)

    @column(gettext_lazy("Version"))
    def name(self, row: CategoryGuide) -> str:
        return str(row)

    @column(gettext_lazy("State"), label={"live": "success", "before": "default", "proposed": "info"})
    def state(self, row: CategoryGuide) -> tuple[str, str]:
        if row.pk == row.newest:  # type: ignore[attr-defined]
            return "live", _("live")
        return ("before", _("was live")) if row.live_at else ("proposed", _("proposed"))

    @column(gettext_lazy("In judgements"))
    def version(self, row: CategoryGuide) -> str:
        return guide_of(row).version

    @column(gettext_lazy("Made"), ordering="created_at")
    def made(self, row: CategoryGuide) -> str:
        return ago(row.created_at)

    @column(gettext_lazy("As the model is told"))
    def as_told(self, row: CategoryGuide) -> SafeString:
        return format_html('<div class="mail-text">{}</div>', guide_of(row).text())

    @column(gettext_lazy("Dry runs"))
    def tried(self, row: CategoryGuide) -> SafeString | str:
        line = '<li><a class="text-link" href="{}">{}</a>, {}{}</li>'
        now, stale = guide_of(row).version, _(", of an earlier text")
        lines = [
            (page("dryrun", run.pk), run.get_state_display(), ago(run.created_at),
             stale if run.version not in ("", now) else "")
            for run in row.runs.order_by("-pk")[:5]
        ]  # fmt: skip
        return format_html("<ul>{}</ul>", format_html_join("", line, lines)) if lines else _("none yet")

    @deed(
        gettext_lazy("Dry run"),
        permission="triage.change_categoryguide",
        form=AskHowMany,
        icon="science",
        text=gettext_lazy("The newest mails are judged by this text in the background. Nothing follows from it."),
    )
    def dry_run(self, request: HttpRequest, row: CategoryGuide, answers: dict[str, Any]) -> str:
        run = plan(row, person(request), answers["mails"], answers["max_cost"])
        async_task("triage.tasks.dry_run", run.pk)
        return _("It runs in the background; its result stands under “Dry runs”.")

    @deed(
        gettext_lazy("Go live"),
        permission="triage.release_categoryguide",
        form=AskWhy,
        icon="rocket_launch",
        variant=ActionVariant.PRIMARY,
        when=lambda row: row != CategoryGuide.in_force(),
        text=gettext_lazy(
            "All further mail is judged by this text, once a dry run tried it. An earlier version can go live again."
        ),
    )
    def release(self, request: HttpRequest, row: CategoryGuide, answers: dict[str, Any]) -> str:
        go_live(row, person(request), answers["why"])
        return _("All further mail is judged by it.")


@admin.register(DryRun)
class DryRunPage(ReadOnly, Rows):
    list_display = ["guide", "state", "mails", "costs", "when"]
    list_select_related = ["guide"]
    ordering = ["-pk"]
    fields = ["guide", "version", "state", "error", "mails", "costs", "at_most", "changed", "verdicts"]
    readonly_fields = ["costs", "at_most", "changed", "verdicts"]

    @column(gettext_lazy("Cost"), ordering="cost")
    def costs(self, row: DryRun) -> str:
        return money(row.cost)

    @column(gettext_lazy("At most"))
    def at_most(self, row: DryRun) -> str:
        return money(row.max_cost)

    @column(gettext_lazy("Made"), ordering="created_at")
    def when(self, row: DryRun) -> str:
        return ago(row.created_at)

    @column(gettext_lazy("What changed"))
    def changed(self, row: DryRun) -> str:
        others = sum(one["before"] != one["now"] for one in row.results)
        return _("%(others)d of %(all)d would be taken for something else") % {
            "others": others,
            "all": len(row.results),
        }

    @column(gettext_lazy("Verdicts, then and now"))
    def verdicts(self, row: DryRun) -> SafeString:
        """What changed first; a link to each mail."""
        line = '<li><a class="text-link" href="{}">{}</a>: {} {} ({}) → <strong>{}</strong> {}. {}</li>'
        rows = sorted(row.results, key=lambda one: one["before"] == one["now"])
        cells = [
            (page("message", one["message"]), one["subject"] or "-", one["before"], percent(one["before_sure"]),
             one["before_by"], one["now"], percent(one["now_sure"]), one["error"] or one["reason"])
            for one in rows
        ]  # fmt: skip
        return format_html("<ol>{}</ol>", format_html_join("", line, cells))
