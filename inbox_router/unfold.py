"""How the admin looks: the settings of django-unfold."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Inbox Router",
    "SITE_HEADER": "Inbox Router",
    "SITE_SUBHEADER": "inbox_router.unfold.company",
    "SITE_SYMBOL": "stacked_inbox",
    "SITE_URL": None,
    "SITE_FAVICONS": [
        {
            "rel": "icon",
            "type": "image/svg+xml",
            "href": lambda request: static("inbox_router/favicon.svg"),
        }
    ],
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_BACK_BUTTON": True,
    "ENVIRONMENT": "inbox_router.armed.chip",
    "STYLES": [lambda request: static("inbox_router/admin.css")],
    "SCRIPTS": [lambda request: static("inbox_router/admin.js")],
    "COLORS": {
        "primary": {
            "50": "oklch(97% .014 254.604)",
            "100": "oklch(93.2% .032 255.585)",
            "200": "oklch(88.2% .059 254.128)",
            "300": "oklch(80.9% .105 251.813)",
            "400": "oklch(70.7% .165 254.624)",
            "500": "oklch(62.3% .214 259.815)",
            "600": "oklch(54.6% .245 262.881)",
            "700": "oklch(48.8% .243 264.376)",
            "800": "oklch(42.4% .199 265.638)",
            "900": "oklch(37.9% .146 265.522)",
            "950": "oklch(28.2% .091 267.935)",
        }
    },
    "ACCOUNT": {
        "navigation": [
            {"title": _("My settings"), "link": reverse_lazy("admin:auth_user_me")},
            {"title": _("Change password"), "link": reverse_lazy("admin:password_change")},
        ]
    },
    "COMMAND": {
        "search_callback": "inbox_router.navigation.find",
        "search_models": ["triage.message", "triage.draft", "crm.lead", "crm.contact", "routing.salesperson"],
        "show_history": False,  # it would keep customers' names in the browser
    },
    "DASHBOARD_CALLBACK": "triage.admin.dashboard.context",
    "SIDEBAR": {
        "show_search": True,
        "command_search": True,
        "navigation": "inbox_router.navigation.navigation",
    },
}


def company(request: HttpRequest) -> str:
    return str(settings.COMPANY_NAME)
