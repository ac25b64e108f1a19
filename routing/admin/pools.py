"""The page of a pool: what it takes, who stands in it, and who is next."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Prefetch, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path
from unfold.decorators import action

from inbox_router.admin.rows import NeverDeleted, Rows, column
from routing.admin.governed import ByPoolManagers
from routing.admin.history import PoolHistory, Reasoned
from routing.admin.members import Members, edited
from routing.admin.preview import coming, past, what_if
from routing.admin.statement import StatementPage
from routing.admin.words import WithWords
from routing.matching import sentence
from routing.models import Membership, Pool


@admin.register(Pool)
class PoolPage(NeverDeleted, ByPoolManagers, WithWords, Reasoned, Rows):
    list_display = ["named", "takes", "people", "given", "active"]
    list_filter = ["active", "kind"]
    search_fields = ["name"]
    ordering = ["position", "pk"]
    inlines = [Members]
    actions_list = ["to_statement"]
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
        (None, {"fields": ["change_reason"]}),
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

    # --- who is next, what an edit means, what was ---

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        own = [
            path("<int:pk>/next/", view(self.next_of_edited), name="routing_pool_next"),
            path("<int:pk>/what-if/", view(self.what_if_edited), name="routing_pool_what_if"),
            path("statement/", view(StatementPage.as_view(model_admin=self)), name="routing_pool_statement"),
        ]
        return [*own, *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        pool = self.get_object(request, object_id)
        if pool is not None:
            extra_context = (extra_context or {}) | coming(pool, list(pool.memberships.all())) | past(pool)
        answer: HttpResponse = super().change_view(request, object_id, form_url, extra_context)
        return answer

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return PoolHistory.as_view(model_admin=self)(request, object_id=object_id)

    def next_of_edited(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The next leads by the form as it is on the page, and what its edits mean. Nothing is saved."""
        pool, members = self.edited(request, pk)
        return render(request, "admin/routing/next_names.html", coming(pool, members, edited=bool(request.POST)))

    def what_if_edited(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The last leads by the form as it is on the page. Nothing is saved."""
        return render(request, "admin/routing/what_if.html", what_if(*self.edited(request, pk)))

    def edited(self, request: HttpRequest, pk: int) -> tuple[Pool, list[Membership]]:
        """A pool and its members as the form on the page has them."""
        pool = self.get_object(request, str(pk))
        if not self.has_view_permission(request, pool):
            raise PermissionDenied
        if pool is None:
            raise Http404("There is no such pool.")
        if not request.POST:
            return pool, list(pool.memberships.all())
        form = self.get_form(request, pool, change=True)(request.POST, instance=pool)
        form.is_valid()
        made = Members(Pool, self.admin_site).get_formset(request, pool)
        formset = made(data=request.POST, instance=pool, prefix="memberships")
        formset.is_valid()
        return pool, edited(formset)

    @action(description="Monthly statement", permissions=["view"])  # type: ignore[untyped-decorator]
    def to_statement(self, request: HttpRequest) -> HttpResponse:
        return redirect("admin:routing_pool_statement")
