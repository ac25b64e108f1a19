"""What was changed of a pool and its members, by whom and why, and the way back."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from simple_history.admin import SimpleHistoryAdmin
from unfold.widgets import UnfoldAdminTextInputWidget

from inbox_router.admin.pages import Page
from routing.changes import changes, shown
from routing.governance import check_staffed
from routing.models import Membership, Pool

WHY = 100  # characters that the history keeps of a reason
RESTORED = ("weight", "active", "cap_day", "cap_week", "cap_open", "paused_until", "note", "position")


class Reasoned(SimpleHistoryAdmin):
    """Mixed in: a page that asks why something is changed. What is saved together has one moment in the history."""

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        field = forms.CharField(
            label=_("Why"), max_length=WHY, required=False, help_text=_("Kept in the history with the change")
        )
        field.widget = UnfoldAdminTextInputWidget(attrs={"maxlength": WHY})
        asked = type("Asked", (self.form,), {"change_reason": field})
        return super().get_form(request, obj, change, form=asked, **kwargs)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        _sign([obj], form.cleaned_data.get("change_reason", ""), timezone.now())
        super().save_model(request, obj, form, change)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        lines = [line.instance for line in formset.forms]
        _sign(lines, form.cleaned_data.get("change_reason", ""), form.instance._history_date)
        super().save_formset(request, form, formset, change)


def _sign(rows: Iterable[Any], why: str, moment: datetime) -> None:
    """What simple-history notes with the next save of these rows."""
    for row in rows:
        row._change_reason, row._history_date = why[:WHY] or None, moment


@dataclass(frozen=True)
class Moment:
    """What was changed at one moment, in sentences."""

    at: datetime
    who: str
    why: str
    told: tuple[str, ...]


def moments(pool: Pool) -> list[Moment]:
    """Every change of a pool and its members, the newest first."""
    members = Membership.history.filter(pool_id=pool.pk).select_related("salesperson", "history_user")
    rows = [*pool.history.select_related("history_user"), *members]
    rows.sort(key=attrgetter("history_date", "history_id"))
    before: dict[tuple[type, int], Any] = {}
    found = []
    for at, group in groupby(rows, attrgetter("history_date")):
        together = list(group)
        told = tuple(line for row in together for line in _told(row, before))
        first = together[0]
        if told:
            found.append(Moment(at, str(first.history_user or ""), first.history_change_reason or "", told))
    return found[::-1]


def _told(row: Any, before: dict[tuple[type, int], Any]) -> Iterator[str]:
    """What is different from the version before, which it takes the place of."""
    name = f"{row.salesperson.name}: " if hasattr(row, "salesperson_id") else ""
    old, before[type(row), row.id] = before.get((type(row), row.id)), row
    if row.history_type == "-":
        yield name + gettext("taken out")
    elif old is None or old.history_type == "-":
        joined, made = gettext("joins, weight %(weight)s"), gettext("%(pool)s is made")
        yield name + joined % {"weight": row.weight} if name else made % {"pool": row.name}
    else:
        for change in row.diff_against(old, foreign_keys_are_objs=True).changes:
            field = row._meta.get_field(change.field).verbose_name
            told = {"field": field, "old": shown(change.old), "new": shown(change.new)}
            yield name + gettext("%(field)s %(old)s becomes %(new)s") % told


def as_it_was(pool: Pool, moment: datetime) -> tuple[Pool, list[Membership]]:
    """A pool and its members as they were, unsaved; who joined later is switched off. The ledger stays as it is.

    Raises Pool.DoesNotExist if there was no such pool then.
    """
    then: Pool = pool.history.as_of(moment)
    then._state.adding = False
    now = {member.salesperson_id: member for member in pool.memberships.select_related("salesperson")}
    were = {member.salesperson_id: member for member in Membership.history.as_of(moment).filter(pool_id=pool.pk)}
    for who, member in now.items():
        if who not in were:
            member.active = False
    for who, old in were.items():
        current = now.setdefault(who, Membership(pool=pool, salesperson=old.salesperson))
        for name in RESTORED:
            setattr(current, name, getattr(old, name))
    return then, list(now.values())


@transaction.atomic
def restore(pool: Pool, moment: datetime, why: str) -> list[str]:
    """Bring a pool and its members back to a moment; what that changed. Raises ValidationError, Pool.DoesNotExist."""
    then, members = as_it_was(pool, moment)
    check_staffed(then, members)
    told = changes(then, members)
    rows: Sequence[Any] = (then, *members)
    _sign(rows, why, timezone.now())
    for row in rows:
        row.save()
    return told


class PoolHistory(Page):
    """A pool's changes, each with a way back to it."""

    title = _("History")
    permission_required = "routing.view_pool"
    template_name = "admin/routing/history.html"

    def pool(self) -> Pool:
        pool = self.model_admin.get_object(self.request, self.kwargs["object_id"])
        if pool is None:
            raise Http404(_("There is no such pool."))
        return pool  # type: ignore[no-any-return]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        pool, moment = self.pool(), _moment(self.request.GET.get("at", ""))
        title = gettext("History of %(pool)s") % {"pool": pool}
        context = {"pool": pool, "moments": moments(pool), "may": self.may(pool), "title": title}
        if moment and self.may(pool):
            context |= {"at": moment, "changes": changes(*as_it_was(pool, moment))}
        return super().get_context_data(**kwargs) | context

    def may(self, pool: Pool) -> bool:
        return bool(self.model_admin.has_change_permission(self.request, pool))

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return super().get(request, *args, **kwargs)
        except Pool.DoesNotExist as error:
            raise Http404(_("There was no such pool then.")) from error

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        pool, moment = self.pool(), _moment(request.POST.get("at", ""))
        if not self.may(pool):
            raise PermissionDenied
        try:
            told = restore(pool, moment, request.POST.get("why", "")) if moment else []
        except (ValidationError, Pool.DoesNotExist) as error:
            messages.error(request, " ".join(getattr(error, "messages", [gettext("There was no such pool then.")])))
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
