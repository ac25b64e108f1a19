"""A mail as its sender designed it: cleaned, without anything from elsewhere, in a frame that can do nothing.

Three walls, each of which would do: nh3 leaves no script, form, link or picture; the frame is sandboxed; and its own
content security policy lets nothing be loaded from anywhere, nor any script run.
"""

from typing import Any

import nh3
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import mark_safe
from django.utils.translation import gettext, gettext_lazy

from inbox_router.admin.pages import Page
from triage.models import Message

TAGS = nh3.ALLOWED_TAGS - {"a", "area", "img", "map", "figure"} | {"a", "font"}
LOOKS = {
    *(
        "color",
        "background-color",
        "font-family",
        "font-size",
        "font-style",
        "font-weight",
        "text-align",
        "line-height",
    ),
    *("text-decoration", "vertical-align", "white-space", "width", "max-width", "padding", "margin", "border"),
    *("border-collapse", "padding-left", "padding-right", "padding-top", "padding-bottom", "display"),
}
ATTRIBUTES = {
    "*": {"style", "align", "valign", "dir", "lang", "title"},
    "table": {"width", "border", "cellpadding", "cellspacing", "bgcolor"},
    "td": {"width", "height", "colspan", "rowspan", "bgcolor"},
    "th": {"width", "height", "colspan", "rowspan", "bgcolor"},
    "tr": {"bgcolor"},
    "font": {"color", "size", "face"},
}
POLICY = "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'; "
POLICY += "frame-ancestors 'self'; sandbox"
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Frame-Options": "SAMEORIGIN",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "private, no-store",
}


def cleaned(html: str) -> str:
    """What of a mail's HTML may be shown: text and looks. Links lead nowhere, pictures are left out."""
    gone = {"script", "style", "title", "template", "noscript", "svg", "math", "object", "iframe", "textarea", "select"}
    return nh3.clean(
        html,
        tags=TAGS,
        clean_content_tags=gone,
        attributes=ATTRIBUTES,
        url_schemes=set(),
        link_rel=None,
        filter_style_properties=LOOKS,
    )


def frame(mail: Message) -> HttpResponse:
    """The document inside the frame."""
    page = format_html(
        '<!doctype html><html lang="{}"><head><meta charset="utf-8"><title>{}</title></head>'
        '<body style="font-family:sans-serif;background:#fff;color:#111">{}</body></html>',
        mail.language or "en",
        mail.subject or gettext("Mail"),
        mark_safe(cleaned(mail.html)),  # noqa: S308 (cleaned)
    )
    return HttpResponse(page, headers=HEADERS)


class DesignedPage(Page):
    """The frame, and what is left out of it."""

    title = gettext_lazy("As it was designed")
    permission_required = "triage.view_message"
    template_name = "admin/triage/designed.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        mail = Message.objects.filter(pk=kwargs["pk"]).defer("text", "new_text", "headers", "raw").first()
        if mail is None or not mail.html:
            raise Http404(gettext("This mail has no HTML."))
        if not self.model_admin.has_view_permission(request, mail):
            raise PermissionDenied
        if kwargs["part"] == "frame":
            return frame(mail)
        source = reverse("admin:triage_message_designed", args=(mail.pk, "frame"))
        return self.render_to_response(self.get_context_data(mail=mail, source=source))
