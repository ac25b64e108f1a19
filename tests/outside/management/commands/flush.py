"""Empties the test database after a test that commits."""

from importlib import import_module
from typing import Any

from django.core.management.commands import flush
from django.db import connections

GUARDS = [
    import_module("crm.migrations.0002_audit_log_is_append_only"),
    import_module("routing.migrations.0002_ledger_is_append_only"),
]


class Command(flush.Command):
    """Django's own, with the protection of the logs lifted meanwhile; the product has no such door."""

    def handle(self, **options: Any) -> None:
        connection = connections[options["database"]]
        with connection.schema_editor() as editor:
            for guard in GUARDS:
                guard.allow(None, editor)
        try:
            super().handle(**options)
        finally:
            with connection.schema_editor() as editor:
                for guard in GUARDS:
                    guard.forbid(None, editor)
