from django.apps import AppConfig
from django.core.checks import register

from inbox_router.checks import check_production, check_settings


class InboxRouterConfig(AppConfig):
    name = "inbox_router"

    def ready(self) -> None:
        register(check_settings)
        register(check_production, deploy=True)
