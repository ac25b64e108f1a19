from django.apps import AppConfig
from django.db.models.signals import post_migrate

from routing.freemail import seed


class RoutingConfig(AppConfig):
    name = "routing"

    def ready(self) -> None:
        post_migrate.connect(seed, sender=self)
