"""The pages of the people: who they are, and when they are away."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from inbox_router.admin.deeds import AskWhy, WithDeeds, deed
from inbox_router.admin.rows import Lines, NeverDeleted, Rows, column
from inbox_router.shown import ago
from routing.admin.availability import AvailabilityPage
from routing.admin.governed import EDIT_POOL, ByPoolManagers
from routing.admin.history import Reasoned, logged
from routing.admin.members import MembershipForm, PoolsOfPerson
from routing.admin.words import WithWords
from routing.models import FreemailDomain, Leave, Membership, Salesperson
from routing.people.governance import touched_by
from routing.services import HandoverError, give_turn, skip_turn


class LeaveOfPerson(Lines):
    model = Leave
    fields = ["first_day", "last_day", "note"]


class PersonForm(forms.ModelForm):
    """A person; who leaves does so by the deed that says what that touches."""

    def clean_active(self) -> bool:
        active: bool = self.cleaned_data["active"]
        was = Salesperson.objects.filter(pk=self.instance.pk, active=True).first()
        touched = touched_by(was) if was and not active else None
        if touched and (touched.pools or touched.open_leads):
            told = _("This touches %(touched)s. Use “Leaves the team”, which hands them over.")
            raise forms.ValidationError(told, params={"touched": touched})
        return active


@admin.register(Salesperson)
class SalespersonPage(NeverDeleted, WithWords, Reasoned, Rows):
    list_display = ["who", "speaks", "open_leads", "presence"]
    list_filter = ["active", "memberships__pool"]
    search_fields = ["name", "email"]
    search_help_text = _("Name or address")
    ordering = ["name"]
    autocomplete_fields = ["user", "cover"]
    inlines = [LeaveOfPerson, PoolsOfPerson]
    form = PersonForm
    change_form_after_template = "admin/routing/person.html"
    fieldsets = [
        (None, {"fields": ["name", "email", "slack_id", "languages", "active", "user"]}),
        (_("When they are there"), {"fields": ["hours", "timezone", "holidays", "paused_until", "cover"]}),
        (_("Replies"), {"fields": ["signature"]}),
        (None, {"fields": ["change_reason"]}),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Salesperson]:
        still_open = Q(assignments__active=True, assignments__lead__stage="open")
        rows: QuerySet[Salesperson] = super().get_queryset(request).prefetch_related("leaves")
        return rows.annotate(open_count=Count("assignments", filter=still_open, distinct=True))

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(AvailabilityPage.as_view(model_admin=self))
        return [path("me/", view, name="routing_salesperson_me"), *super().get_urls()]

    @column(_("Person"), header=True, ordering="name")
    def who(self, person: Salesperson) -> tuple[str, str, str]:
        return (person.name, person.email, _initials(person.name))

    @column(_("Languages"), label=True)
    def speaks(self, person: Salesperson) -> list[str]:
        return list(person.languages)

    @column(_("Open leads"), ordering="open_count")
    def open_leads(self, person: Salesperson) -> int:
        return int(person.open_count)  # type: ignore[attr-defined]

    @column(_("Now"), label={"here": "success", "away": "warning", "left": "default"})
    def presence(self, person: Salesperson) -> tuple[str, str]:
        now, today = timezone.now(), timezone.localdate()
        if not person.active:
            return "left", gettext("has left")
        leave = next((one for one in person.leaves.all() if one.first_day <= today <= one.last_day), None)
        if leave:
            return "away", gettext("on leave until %(day)s") % {"day": date_format(leave.last_day, "MONTH_DAY_FORMAT")}
        if person.paused_until and person.paused_until > now:
            until = date_format(timezone.localtime(person.paused_until), "SHORT_DATETIME_FORMAT")
            return "away", gettext("paused until %(moment)s") % {"moment": until}
        return "here", gettext("gets leads")


def _initials(name: str) -> str:
    return "".join(word[0] for word in name.split()[:2]).upper()


@admin.register(Leave)
class LeavePage(Rows):
    list_display = ["salesperson", "first_day", "last_day", "note"]
    list_filter = ["salesperson"]
    list_select_related = ["salesperson"]
    search_fields = ["salesperson__name", "note"]
    search_help_text = _("Person or note")
    autocomplete_fields = ["salesperson"]
    ordering = ["-last_day"]

    def save_model(self, request: HttpRequest, obj: Leave, form: forms.ModelForm, change: bool) -> None:
        with logged(obj.salesperson, obj):
            super().save_model(request, obj, form, change)

    def delete_model(self, request: HttpRequest, obj: Leave) -> None:
        with logged(obj.salesperson, obj):
            super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Leave]) -> None:
        for leave in queryset:
            self.delete_model(request, leave)


@admin.register(FreemailDomain)
class FreemailDomainPage(Rows):
    list_display = ["domain"]
    search_fields = ["domain"]
    search_help_text = _("Domain")


@admin.register(Membership)
class MembershipPage(NeverDeleted, ByPoolManagers, WithDeeds, Reasoned, Rows):
    form = MembershipForm
    list_display = ["salesperson", "pool", "weight", "active", "last_turn"]
    list_filter = ["pool", "active"]
    list_select_related = ["salesperson", "pool"]
    search_fields = ["salesperson__name", "pool__name"]
    search_help_text = _("Person or pool")
    autocomplete_fields = ["salesperson", "pool"]
    actions_detail = ["skip", "give"]
    refusals = (HandoverError,)
    fields = [
        "pool",
        "salesperson",
        "weight",
        "active",
        ("cap_day", "cap_week", "cap_open"),
        "paused_until",
        "note",
        "position",
        "change_reason",
    ]

    def get_readonly_fields(self, request: HttpRequest, obj: Membership | None = None) -> list[str]:
        return ["pool", "salesperson"] if obj else []  # another place is another membership, with its own credit

    @column(_("Last turn"), ordering="last_turn_at")
    def last_turn(self, member: Membership) -> str:
        return ago(member.last_turn_at)

    @deed(
        _("Skip next turn"),
        permission=EDIT_POOL,
        form=AskWhy,
        icon="skip_next",
        text=_("A turn is charged without a lead: the person is passed over once."),
    )
    def skip(self, request: HttpRequest, member: Membership, answers: dict[str, Any]) -> str:
        skip_turn(member, str(request.user), answers["why"])
        told = gettext("%(person)s is passed over once in %(pool)s.")
        return told % {"person": member.salesperson, "pool": member.pool}

    @deed(
        _("Give one back"),
        permission=EDIT_POOL,
        form=AskWhy,
        icon="exposure_plus_1",
        text=_("A turn is credited: the person gets one lead more than they would."),
    )
    def give(self, request: HttpRequest, member: Membership, answers: dict[str, Any]) -> str:
        give_turn(member, str(request.user), answers["why"])
        told = gettext("%(person)s gets one lead more in %(pool)s.")
        return told % {"person": member.salesperson, "pool": member.pool}
