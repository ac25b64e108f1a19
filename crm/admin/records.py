"""The rows of the log's mirror. Leads and contacts have their pages in `triage`, which knows the mail."""

from typing import Any

from django.contrib import admin
from django.urls import URLPattern, path
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from crm.admin.mirror import MirrorPage
from crm.models import SheetRow
from inbox_router.admin.deliveries import DeliveryPage, acknowledge_deed, retry_deed
from inbox_router.admin.rows import column


@admin.register(SheetRow)
class SheetRowPage(DeliveryPage):
    retry = retry_deed("crm.change_sheetrow")
    acknowledge = acknowledge_deed("crm.change_sheetrow")

    list_select_related = ["entry"]

    @column(_("What"), ordering="key")
    def what(self, row: Any) -> str:
        summary, subject = row.entry.summary, row.entry.mail_subject
        return summary if subject in summary else f"{summary}: {subject}"

    def called(self, row: Any) -> str:
        return gettext("Row in the spreadsheet: %(what)s") % {"what": self.what(row)}

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(MirrorPage.as_view(model_admin=self))
        return [path("mirror/", view, name="crm_sheetrow_mirror"), *super().get_urls()]
