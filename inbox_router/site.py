"""The admin site: where each role begins, and pages that belong to no model."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from unfold.sites import UnfoldAdminSite

from inbox_router.navigation import DASHBOARD, landing


class Site(UnfoldAdminSite):
    """The admin, beginning for each person with the page of their role."""

    index_title = _("Dashboard")
    enable_nav_sidebar = True

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Show the dashboard to those who may see it, and lead everybody else to their own work."""
        if not request.user.has_perm(DASHBOARD) and (page := landing(request)):
            return redirect(reverse(page))
        page_shown: HttpResponse = super().index(request, extra_context)
        return page_shown
