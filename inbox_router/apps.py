from django.apps import AppConfig, apps
from django.contrib.admin import apps as admin_apps
from django.core.checks import register
from django.db.models.signals import post_migrate

from inbox_router.checks import check_production, check_settings
from inbox_router.field_names import translate_names


class InboxRouterConfig(AppConfig):
    name = "inbox_router"
    verbose_name = "Inbox Router"
    default = True

    def ready(self) -> None:
        from inbox_router.roles import make_roles

        translate_names(apps.get_models())
        register(check_settings)
        register(check_production, deploy=True)
        post_migrate.connect(make_roles, sender=apps.get_app_config("triage"))  # the last one to be migrated


class SiteConfig(admin_apps.AdminConfig):
    default = False
    default_site = "inbox_router.site.Site"
