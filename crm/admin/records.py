"""The rows of the log's mirror. Leads and contacts have their pages in `triage`, which knows the mail."""

from django.contrib import admin
from django.urls import URLPattern, path

from crm.admin.mirror import MirrorPage
from crm.models import SheetRow
from inbox_router.admin.deliveries import DeliveryPage, acknowledge_deed, retry_deed


@admin.register(SheetRow)
class SheetRowPage(DeliveryPage):
    retry = retry_deed("crm.change_sheetrow")
    acknowledge = acknowledge_deed("crm.change_sheetrow")

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(MirrorPage.as_view(model_admin=self))
        return [path("mirror/", view, name="crm_sheetrow_mirror"), *super().get_urls()]
