"""What was changed of a pool, a member or a person, by whom and why, and the way back."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from simple_history.admin import SimpleHistoryAdmin
from unfold.widgets import UnfoldAdminTextInputWidget

from crm.services import record_edit
from inbox_router.admin.pages import Page
from inbox_router.differences import difference
from inbox_router.shown import for_the_record
from routing.admin.restoring import WHY, as_it_was, restore, sign, versions
from routing.models import Leave
from routing.whatif.changes import of_leaves


class Reasoned(SimpleHistoryAdmin):
    """Mixed in: a page that asks why something is changed. What is saved together has one moment in the history."""

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        field = forms.CharField(
            label=_("Why"), max_length=WHY, required=False, help_text=_("Kept in the history with the change")
        )
        field.widget = UnfoldAdminTextInputWidget(attrs={"maxlength": WHY})
        asked = type("Asked", (self.form,), {"change_reason": field})
        return super().get_form(request, obj, change, form=asked, **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Who may only look is not asked why."""
        asked = self.has_change_permission(request, obj) if obj else self.has_add_permission(request)
        sets = [
            (title, options | {"fields": [name for name in options["fields"] if asked or name != "change_reason"]})
            for title, options in super().get_fieldsets(request, obj)
        ]
        return [(title, options) for title, options in sets if options["fields"]]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        sign([obj], form.cleaned_data.get("change_reason", ""), timezone.now())
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        log_edit(form.instance, form.instance._history_date)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        permission = f"{self.opts.app_label}.view_{self.opts.model_name}"
        page = HistoryPage.as_view(model_admin=self, permission_required=permission)
        return page(request, object_id=object_id)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        lines = [line.instance for line in formset.forms]
        sign(lines, form.cleaned_data.get("change_reason", ""), form.instance._history_date)
        super().save_formset(request, form, formset, change)


@dataclass(frozen=True)
class Moment:
    """What was changed at one moment, in sentences."""

    at: datetime
    who: str
    why: str
    told: tuple[str, ...]


def moments(thing: Model) -> list[Moment]:
    """Every change of a pool, a member or a person and of what belongs to them, the newest first."""
    rows = sorted(versions(thing), key=attrgetter("history_date", "history_id"))
    before: dict[tuple[type, int], Any] = {}
    found = []
    for at, group in groupby(rows, attrgetter("history_date")):
        together = list(group)
        told = tuple(line for row in together for line in _told(row, before))
        first = together[0]
        if told:
            found.append(Moment(at, str(first.history_user or ""), first.history_change_reason or "", told))
    return found[::-1]


def log_edit(thing: Model, at: datetime) -> None:
    """Write what was changed of a thing at a moment into the audit log: the old values and the new ones."""
    with for_the_record():
        found = next((moment for moment in moments(thing) if moment.at == at), None)
    if found:
        record_edit(thing, found.told, found.who, found.why)


@contextmanager
def logged(thing: Model, edited: Model) -> Iterator[None]:
    """Have the audit log tell what this block changes of something that belongs to a thing, or of the thing itself."""
    now = timezone.now()
    sign([edited], "", now)
    yield
    log_edit(thing, now)


def _told(row: Any, before: dict[tuple[type, int], Any]) -> Iterator[str]:
    """What is different from the version before, which it takes the place of."""
    name = f"{row.salesperson.name}: " if hasattr(row, "salesperson_id") else ""
    old, before[type(row), row.id] = before.get((type(row), row.id)), row
    if isinstance(row.instance, Leave):
        yield from of_leaves([row.instance], taken_out=row.history_type == "-")
    elif row.history_type == "-":
        yield name + gettext("taken out")
    elif old is None or old.history_type == "-":
        joined, made = gettext("joins, weight %(weight)s"), gettext("%(pool)s is made")
        yield name + joined % {"weight": row.weight} if name else made % {"pool": row.name}
    else:
        for change in row.diff_against(old, foreign_keys_are_objs=True).changes:
            field = row._meta.get_field(change.field)
            yield from (name + told for told in difference(field, change.old, change.new))


class HistoryPage(Page):
    """The changes of a pool, a member or a person, each with a way back to it."""

    title = _("History")
    permission_required = ()  # told by the page whose history it is
    template_name = "admin/routing/history.html"

    def thing(self) -> Model:
        thing = self.model_admin.get_object(self.request, self.kwargs["object_id"])
        if thing is None:
            raise Http404(_("This has no history."))
        return thing  # type: ignore[no-any-return]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        thing, moment = self.thing(), _moment(self.request.GET.get("at", ""))
        title = gettext("History of %(pool)s") % {"pool": thing}
        context = {"pool": thing, "moments": moments(thing), "may": self.may(thing), "title": title}
        name = f"admin:{thing._meta.app_label}_{thing._meta.model_name}"
        context |= {page: reverse(f"{name}_{page}", args=(thing.pk,)) for page in ("change", "history")}
        if moment and self.may(thing):
            context |= {"at": moment, "changes": as_it_was(thing, moment).told}
        return super().get_context_data(**kwargs) | context

    @transaction.atomic
    def restore(self, thing: Model, moment: datetime) -> Sequence[str]:
        was = as_it_was(thing, moment)
        told = restore(was, self.request.POST.get("why", ""))
        log_edit(thing, was.rows[0]._history_date)
        return told

    def may(self, thing: Model) -> bool:
        return bool(self.model_admin.has_change_permission(self.request, thing))

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return super().get(request, *args, **kwargs)
        except ObjectDoesNotExist as error:
            raise Http404(_("There was nothing of it then.")) from error

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        thing, moment = self.thing(), _moment(request.POST.get("at", ""))
        if not self.may(thing):
            raise PermissionDenied
        try:
            told = self.restore(thing, moment) if moment else []
        except (ValidationError, ObjectDoesNotExist) as error:
            messages.error(request, " ".join(getattr(error, "messages", [gettext("There was nothing of it then.")])))
        else:
            nothing = gettext("Nothing is different from then.")
            messages.success(request, " ".join([gettext("Restored."), *told]) if told else nothing)
        return HttpResponseRedirect(request.path)


def _moment(text: str) -> datetime | None:
    """A moment as the page writes it; None for anything else."""
    try:
        found = parse_datetime(text)
    except ValueError:
        return None
    return found if found and timezone.is_aware(found) else None
