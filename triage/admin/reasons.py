"""Why a mail is where it is, for its line in the list: one opens it there, and needs no other page for it."""

from typing import Any

from django.db.models import Exists, OuterRef, Prefetch, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import DropdownFilter

from triage.models import Classification, Draft, Message

SHOWN = ("message_id", "judge", "category", "confidence", "reason", "error")
YES, NO = "yes", "no"


def latest_judgements() -> Prefetch:
    """The judgements of all mails of a list, in one statement; to be used with `why`."""
    return Prefetch("classifications", Classification.objects.only(*SHOWN).order_by("pk"), to_attr="judged")


def why(row: Message, shown: str) -> SafeString | str:
    """What is shown of a mail's judgement, to be opened for the reasons; that alone where there are none."""
    judged: list[Classification] = getattr(row, "judged", [])
    lines = [(each.get_judge_display(), each.error or each.reason) for each in judged if each.error or each.reason]
    lines += [(_("waits"), row.review_reason)] if row.review_reason and row.status == Message.Status.REVIEW else []
    if not lines:
        return shown
    told = format_html_join("", "<li><strong>{}</strong> {}</li>", lines)
    spoken = format_html('<span class="spoken">{}</span>', _("Why?"))
    return format_html('<details class="row-why"><summary>{} {}</summary><ul>{}</ul></details>', shown, spoken, told)


class HasDraftFilter(DropdownFilter):
    """Keeps mails that a reply was drafted for, or the others."""

    title = gettext_lazy("drafted reply")
    parameter_name = "draft"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(YES, _("has one")), (NO, _("has none"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Message]) -> QuerySet[Message]:
        drafted = Exists(Draft.objects.filter(message=OuterRef("pk")))
        kept = {YES: drafted, NO: ~drafted}.get(str(self.value() or ""))
        return queryset if kept is None else queryset.filter(kept)
