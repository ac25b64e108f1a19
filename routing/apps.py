from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _

from routing.freemail import seed


class RoutingConfig(AppConfig):
    name = "routing"
    verbose_name = _("Team and rotation")

    def ready(self) -> None:
        post_migrate.connect(seed, sender=self)
