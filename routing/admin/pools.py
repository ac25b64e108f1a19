"""The page of a pool: what it takes, who stands in it, and who is next."""

from django.contrib import admin
from django.db.models import Count, Prefetch, Q, QuerySet
from django.http import HttpRequest
from simple_history.admin import SimpleHistoryAdmin
from unfold.admin import TabularInline

from inbox_router.admin.rows import NeverDeleted, Rows, column
from routing.admin.words import WithWords
from routing.matching import sentence
from routing.models import Membership, Pool


class Members(TabularInline):
    model = Membership
    extra = 0
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
