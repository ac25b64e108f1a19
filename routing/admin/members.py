"""Members as lines of a form: of a pool's, and of a person's. No form leaves a pool with nobody."""

from collections.abc import Sequence

from django import forms
from django.db import models
from django.forms.formsets import DELETION_FIELD_NAME

from inbox_router.admin.moments import MomentInput
from inbox_router.admin.rows import Lines, SpokenLines
from routing.admin.governed import ByPoolManagers
from routing.governance import check_staffed
from routing.models import Membership, Pool


def edited(formset: forms.BaseInlineFormSet) -> list[Membership]:
    """The members as a form has them, without those that it takes out; what is half typed counts as before."""
    kept = [form.instance for form in formset.forms if not form.cleaned_data.get(DELETION_FIELD_NAME)]
    return [member for member in kept if member.salesperson_id and member.pool]


class StaffedPool(SpokenLines):
    """The members of one pool."""

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
    formset = StaffedPool
    verbose_name = "member"
    verbose_name_plural = "Members"
    formfield_overrides = {models.DateTimeField: {"form_class": forms.DateTimeField, "widget": MomentInput}}
    autocomplete_fields = ["salesperson"]
    # The field that is dragged must be listed, or unfold's script stops on the page (unfold's issue 2015).
    fields = ["position", "salesperson", "weight", "active", "cap_day", "cap_week", "cap_open", "paused_until"]
    ordering_field = "position"
    hide_ordering_field = True
    show_change_link = True


class PoolsOfPerson(ByPoolManagers, Lines):
    model = Membership
    formset = StaffedPools
    fields = ["pool", "weight", "active", "paused_until", "note"]
    autocomplete_fields = ["pool"]
