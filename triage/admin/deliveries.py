"""The page of what is owed in the mailboxes."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RelatedDropdownFilter

from inbox_router.admin.deliveries import DeliveryPage, acknowledge_deed, retry_deed
from inbox_router.admin.rows import column
from triage.models import MailboxDelivery
from triage.search import matching

Deed = MailboxDelivery.Deed
NAMED = (Deed.LABEL, Deed.UNLABEL, Deed.COPY)  # those whose label people know: a label's name, or who gets the copy


@admin.register(MailboxDelivery)
class MailboxDeliveryPage(DeliveryPage):
    retry = retry_deed("triage.change_mailboxdelivery")
    acknowledge = acknowledge_deed("triage.change_mailboxdelivery")
    list_filter = [*DeliveryPage.list_filter, ("deed", ChoicesDropdownFilter), ("mailbox", RelatedDropdownFilter)]

    search_help_text: Any = _("Name, address, subject or words")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[MailboxDelivery], search_term: str
    ) -> tuple[QuerySet[MailboxDelivery], bool]:
        return (queryset.filter(message__in=matching(search_term)) if search_term.strip() else queryset), False

    @column(_("Deed"), ordering="deed")
    def what(self, row: Any) -> str:
        told = capfirst(" ".join(filter(None, [row.get_deed_display(), row.label if row.deed in NAMED else ""])))
        if row.draft:
            to = {"deed": told, "whom": row.draft.to_name or row.draft.to_address, "subject": row.draft.subject}
            return gettext("%(deed)s, to %(whom)s: %(subject)s") % to
        mail = row.message
        about = {"deed": told, "subject": mail.subject or gettext("no subject")}
        about["whom"] = mail.sender_name or mail.sender_address or gettext("unknown")
        return gettext("%(deed)s: %(subject)s, from %(whom)s") % about
