"""The page of a pool: what it takes, who stands in it, and who is next."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db import models
from django.db.models import Count, Prefetch, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path
from simple_history.admin import SimpleHistoryAdmin

from inbox_router.admin.moments import MomentInput
from inbox_router.admin.rows import Lines, NeverDeleted, Rows, column
from routing.admin.preview import last_leads, next_leads, shares
from routing.admin.words import WithWords
from routing.matching import sentence
from routing.models import Membership, Pool


class Members(Lines):
    model = Membership
    verbose_name_plural = "Members"
    formfield_overrides = {models.DateTimeField: {"form_class": forms.DateTimeField, "widget": MomentInput}}
    autocomplete_fields = ["salesperson"]
    # The field that is dragged must be listed, or unfold's script stops on the page (unfold's issue 2015).
    fields = ["position", "salesperson", "weight", "active", "cap_day", "cap_week", "cap_open", "paused_until"]
    ordering_field = "position"
    hide_ordering_field = True
    show_change_link = True


@admin.register(Pool)
class PoolPage(NeverDeleted, WithWords, SimpleHistoryAdmin, Rows):
    list_display = ["named", "takes", "people", "given", "active"]
    list_filter = ["active", "kind"]
    search_fields = ["name"]
    inlines = [Members]
    autocomplete_fields = ["fallback"]
    change_form_after_template = "admin/routing/next_leads.html"
    fieldsets = [
        (None, {"fields": [("name", "kind"), ("position", "active")]}),
        (
            "Takes only",
            {
                "fields": [("language", "mailboxes"), ("sender_domains", "countries"), "words"],
                "description": "Empty: no such condition. All conditions must hold.",
                "classes": ["collapse"],
            },
        ),
        (
            "Copies, absence and deadlines",
            {
                "fields": [
                    ("cc_pool", "owner_away"),
                    ("fallback", "fallback_after"),
                    ("response_minutes", "catch_up"),
                    ("hours", "timezone", "holidays"),
                ],
                "classes": ["collapse"],
            },
        ),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Pool]:
        members = Membership.objects.select_related("salesperson")
        rows: QuerySet[Pool] = super().get_queryset(request).prefetch_related(Prefetch("memberships", members))
        return rows.annotate(given_count=Count("assignments", filter=Q(assignments__active=True)))

    @column("Pool", header=True, ordering="position")
    def named(self, pool: Pool) -> tuple[str, str]:
        return (pool.name, f"asked at place {pool.position}")

    @column("Takes")
    def takes(self, pool: Pool) -> str:
        return sentence(pool)

    @column("People")
    def people(self, pool: Pool) -> str:
        members: list[Membership] = list(pool.memberships.all())
        off = sum(not (member.active and member.salesperson.active) for member in members)
        return f"{len(members) - off} active" + (f", {off} off" if off else "")

    @column("Leads", ordering="given_count")
    def given(self, pool: Pool) -> int:
        return int(pool.given_count)  # type: ignore[attr-defined]

    # --- who is next ---

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.next_of_edited)
        return [path("<int:pk>/next/", view, name="routing_pool_next"), *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        pool = self.get_object(request, object_id)
        if pool is not None:
            members = list(pool.memberships.all())
            shown = {"next": next_leads(pool, members), "last": last_leads(pool), "shares": shares(pool, members)}
            extra_context = (extra_context or {}) | shown
        answer: HttpResponse = super().change_view(request, object_id, form_url, extra_context)
        return answer

    def next_of_edited(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The next leads by the form as it is on the page. Nothing is saved."""
        pool = self.get_object(request, str(pk))
        if not self.has_view_permission(request, pool):
            raise PermissionDenied
        if pool is None:
            raise Http404("There is no such pool.")
        inline = Members(Pool, self.admin_site)
        formset = inline.get_formset(request, pool)(data=request.POST or None, instance=pool, prefix="memberships")
        members = edited(formset) if request.POST else list(pool.memberships.all())
        shown = {"next": next_leads(pool, members), "edited": formset.is_bound and formset.has_changed()}
        return render(request, "admin/routing/next_names.html", shown)


def edited(formset: forms.BaseInlineFormSet) -> list[Membership]:
    """The members as a form has them, without those that it takes out and those that make no sense yet."""
    formset.is_valid()
    kept = [form for form in formset.forms if form not in formset.deleted_forms]
    return [form.instance for form in kept if not form.errors and form.instance.salesperson_id]
