"""Members as lines of a form: of a pool's, and of a person's. No form leaves a pool with nobody."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import QuerySet
from django.forms.formsets import DELETION_FIELD_NAME
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from inbox_router.admin.moments import DayInput, MomentInput
from inbox_router.admin.rows import Lines, SpokenLines
from routing.admin.governed import ByPoolManagers
from routing.models import Leave, Membership, Pool, Salesperson
from routing.people.governance import check_staffed


def edited(formset: forms.BaseInlineFormSet) -> list[Membership]:
    """The members as a form has them, without those that it takes out; what is half typed counts as before."""
    kept = [form.instance for form in formset.forms if not form.cleaned_data.get(DELETION_FIELD_NAME)]
    if isinstance(formset.instance, Pool):
        for member in kept:
            member.pool = formset.instance  # which may not be saved yet
    return [member for member in kept if member.salesperson_id and (member.pool_id or formset.instance.pk is None)]


def edited_leaves(formset: Any) -> list[Leave]:
    """The leaves as a form has them where they were changed, unsaved."""
    changed = [form.leave() for form in formset.forms if form.leave_changed()]
    return [leave for leave in changed if leave]


class MemberLine(forms.ModelForm):
    """A member as a line of a pool's form, with the days of the leave that they are on or that comes next."""

    away_from = forms.DateField(label=_("Away from"), required=False, widget=DayInput())
    away_until = forms.DateField(label=_("Away until, included"), required=False, widget=DayInput())

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.stored = next_leave(self.instance.salesperson) if self.instance.pk else None
        if self.stored:
            self.initial.update(away_from=self.stored.first_day, away_until=self.stored.last_day)

    def leave_changed(self) -> bool:
        return not {"away_from", "away_until"}.isdisjoint(self.changed_data)

    def leave(self) -> Leave | None:
        """The leave as the line has it, without days if it was emptied; None where it is half typed."""
        first, last = (self.cleaned_data.get(name) for name in ("away_from", "away_until"))
        if bool(first) != bool(last) or not self.instance.salesperson_id:
            return None
        leave = self.stored or Leave(salesperson=self.instance.salesperson)
        leave.first_day, leave.last_day = first or date.max, last or date.min
        return leave

    def clean(self) -> None:
        super().clean()
        first, last = (self.cleaned_data.get(name) for name in ("away_from", "away_until"))
        if bool(first) != bool(last):
            raise ValidationError({"away_until": _("A leave has a first and a last day.")})
        if first and last and last < first:
            raise ValidationError({"away_until": _("The last day cannot be before the first day.")})

    def save(self, commit: bool = True) -> Any:
        member = super().save(commit)
        if commit and self.leave_changed() and (leave := self.leave()):
            if leave.takes_time:
                leave.save()
            elif leave.pk:
                leave.delete()
        return member


def next_leave(person: Salesperson) -> Leave | None:
    """The leave that a person is on, or the next one."""
    ahead = [leave for leave in person.leaves.all() if leave.last_day >= timezone.localdate()]
    return min(ahead, key=lambda leave: leave.first_day, default=None)


class StaffedPool(SpokenLines):
    """The members of one pool, in their order. The page's script makes buttons of the names for moving one."""

    def add_fields(self, form: Any, index: int | None) -> None:
        super().add_fields(form, index)
        if form.instance.pk and "position" in form.fields:
            who = str(form.instance.salesperson)
            names = {"data-move-up": _("Move up: %(who)s"), "data-move-down": _("Move down: %(who)s")}
            told = {key: name % {"who": who} for key, name in names.items()}
            form.fields["position"].widget.attrs.update({"data-move": who} | told)

    def clean(self) -> None:
        super().clean()
        check_staffed(self.instance, edited(self))


class StaffedPools(SpokenLines):
    """One person's place in each pool."""

    def clean(self) -> None:
        super().clean()
        if self.instance.pk is None:
            return  # somebody new takes nothing away
        kept = edited(self)
        for pool in Pool.objects.filter(pk__in=[form.initial["pool"] for form in self.initial_forms]):
            check_staffed(pool, [*_others(pool, self.instance.pk), *(each for each in kept if each.pool == pool)])


class MembershipForm(forms.ModelForm):
    """One member, on a page of their own."""

    def clean(self) -> None:
        super().clean()
        values = self.cleaned_data
        if self.instance.pk and (pool := self.instance.pool):
            member = Membership(pool=pool, salesperson=self.instance.salesperson, active=values.get("active", True))
            check_staffed(pool, [*_others(pool, member.salesperson_id), member])


def _others(pool: Pool, person: int) -> Sequence[Membership]:
    return list(pool.memberships.exclude(salesperson=person).select_related("salesperson"))


class Members(ByPoolManagers, Lines):
    model = Membership
    form = MemberLine
    formset = StaffedPool
    verbose_name = _("member")
    verbose_name_plural = _("Members")
    formfield_overrides = {models.DateTimeField: {"form_class": forms.DateTimeField, "widget": MomentInput}}
    autocomplete_fields = ["salesperson"]
    # The field that is dragged must be listed, or unfold's script stops on the page (unfold's issue 2015); and not as
    # the first one, whose column holds what one drags by, and is hidden.
    fields = [
        "salesperson",
        "weight",
        "active",
        "cap_day",
        "cap_week",
        "cap_open",
        "away_from",
        "away_until",
        "paused_until",
        "position",
    ]
    ordering_field = "position"
    hide_ordering_field = True
    show_change_link = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[Membership]:
        rows: QuerySet[Membership] = super().get_queryset(request)
        return rows.select_related("salesperson").prefetch_related("salesperson__leaves")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        fields = list(super().get_fields(request, obj))
        leave = () if request.user.has_perm("routing.change_leave") else ("away_from", "away_until")
        return [name for name in fields if name not in leave]


class PoolsOfPerson(ByPoolManagers, Lines):
    model = Membership
    formset = StaffedPools
    fields = ["pool", "weight", "active", "paused_until", "note"]
    autocomplete_fields = ["pool"]
