"""The page of a pool: what it takes, who stands in it, and who is next."""

from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Prefetch, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action

from inbox_router.admin.rows import NeverDeleted, Rows, column
from inbox_router.shown import decimal
from routing.admin.governed import ByPoolManagers
from routing.admin.history import Reasoned
from routing.admin.members import Members, edited, edited_leaves
from routing.admin.preview import coming, past, what_if
from routing.admin.statement import StatementPage
from routing.admin.words import WithWords
from routing.models import Leave, Membership, Pool
from routing.rules.matching import sentence
from routing.whatif.preview import Glance, glances


@admin.register(Pool)
class PoolPage(NeverDeleted, ByPoolManagers, WithWords, Reasoned, Rows):
    list_display = ["named", "takes", "people", "given", "answers"]
    list_filter = ["active", "kind"]
    search_fields = ["name"]
    search_help_text = _("Name")
    ordering = ["position", "pk"]
    inlines = [Members]
    actions_list = ["to_statement"]
    autocomplete_fields = ["fallback"]
    change_form_after_template = "admin/routing/next_leads.html"
    fieldsets = [
        (None, {"fields": [("name", "kind"), ("position", "active")]}),
        (
            _("Takes only"),
            {
                "fields": [("language", "mailboxes"), ("sender_domains", "countries"), "words"],
                "description": _("Empty: no such condition. All conditions must hold."),
                "classes": ["collapse"],
            },
        ),
        (
            _("Copies, absence and deadlines"),
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
        week = timezone.now() - timedelta(days=7)
        return rows.annotate(
            given_count=Count("assignments", filter=Q(assignments__active=True, assignments__at__gte=week))
        )

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        """The list, with each pool at a glance."""
        shown = super().get_changelist_instance(request)
        seen = glances(list(shown.result_list))
        for pool in shown.result_list:
            pool.glance = seen[pool.pk]
        return shown  # type: ignore[no-any-return]

    @column(_("Pool"), header=True, ordering="position")
    def named(self, pool: Pool) -> tuple[str, str]:
        asked = gettext("asked at place %(place)s") % {"place": pool.position}
        return (pool.name, asked if pool.active else gettext("switched off"))

    @column(_("What"))
    def takes(self, pool: Pool) -> str:
        return sentence(pool)

    @column(_("People"), header=True)
    def people(self, pool: Pool) -> tuple[str, str]:
        glance: Glance = pool.glance  # type: ignore[attr-defined]
        inside = gettext("%(here)s in, %(away)s out") % {"here": glance.here, "away": glance.away}
        return (inside, gettext("next: %(name)s") % {"name": glance.next or gettext("nobody")})

    @column(_("Leads, 7 days"), ordering="given_count")
    def given(self, pool: Pool) -> int:
        return int(pool.given_count)  # type: ignore[attr-defined]

    @column(_("Answer within"), ordering="response_minutes")
    def answers(self, pool: Pool) -> str:
        minutes = pool.response_minutes
        if not minutes:
            return gettext("not watched")
        if minutes < 60:
            return gettext("%(n)s min") % {"n": minutes}
        return gettext("%(hours)s h") % {"hours": decimal(minutes / 60, 1 if minutes % 60 else 0)}

    # --- who is next, what an edit means, what was ---

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        own = [
            path("next/", view(self.next_of_edited), name="routing_pool_next_new"),
            path("what-if/", view(self.what_if_edited), name="routing_pool_what_if_new"),
            path("<int:pk>/next/", view(self.next_of_edited), name="routing_pool_next"),
            path("<int:pk>/what-if/", view(self.what_if_edited), name="routing_pool_what_if"),
            path("statement/", view(StatementPage.as_view(model_admin=self)), name="routing_pool_statement"),
        ]
        return [*own, *super().get_urls()]

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The form of a new pool, previewed like one that is stored."""
        places = {
            "next_url": reverse("admin:routing_pool_next_new"),
            "what_if_url": reverse("admin:routing_pool_what_if_new"),
        }
        answer: HttpResponse = super().add_view(request, form_url, (extra_context or {}) | places)
        return answer

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        pool = self.get_object(request, object_id)
        if pool is not None:
            shown = coming(pool, list(pool.memberships.all())) | past(pool)
            for name in ("next", "what_if"):
                shown[f"{name}_url"] = reverse(f"admin:routing_pool_{name}", args=(pool.pk,))
            extra_context = (extra_context or {}) | shown
        answer: HttpResponse = super().change_view(request, object_id, form_url, extra_context)
        return answer

    def next_of_edited(self, request: HttpRequest, pk: int | None = None) -> HttpResponse:
        """The next leads by the form as it is on the page, and what its edits mean. Nothing is saved."""
        edit = self.edited(request, pk)
        return render(request, "admin/routing/next_names.html", coming(*edit, edited=bool(request.POST)))

    def what_if_edited(self, request: HttpRequest, pk: int | None = None) -> HttpResponse:
        """The last leads by the form as it is on the page. Nothing is saved."""
        return render(request, "admin/routing/what_if.html", what_if(*self.edited(request, pk)))

    def edited(self, request: HttpRequest, pk: int | None) -> tuple[Pool, list[Membership], list[Leave]]:
        """A pool, its members and their leaves as the form on the page has them; without a key, of a new pool."""
        pool = self.get_object(request, str(pk)) if pk else Pool()
        if not (self.has_view_permission(request, pool) if pk else self.has_add_permission(request)):
            raise PermissionDenied
        if pool is None:
            raise Http404(gettext("There is no such pool."))
        if not request.POST:
            return pool, list(pool.memberships.all()) if pk else [], []
        form = self.get_form(request, pool if pk else None, change=bool(pk))(request.POST, instance=pool)
        form.is_valid()
        made = Members(Pool, self.admin_site).get_formset(request, pool if pk else None)
        formset = made(data=request.POST, instance=pool, prefix="memberships")
        formset.is_valid()
        return pool, edited(formset), edited_leaves(formset)

    @action(description=_("Monthly statement"), permissions=["view"])  # type: ignore[untyped-decorator]
    def to_statement(self, request: HttpRequest) -> HttpResponse:
        return redirect("admin:routing_pool_statement")
