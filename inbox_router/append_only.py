"""Tables of which the database itself refuses to change, delete or empty rows, whoever asks.

SQLite drops a table's triggers when a migration alters the table (it copies it to a new one). A later migration of
such a table must therefore end with `RunPython(forbid, allow)` again; a test notices when it does not.
"""

from collections.abc import Callable
from typing import Any

Deed = Callable[[Any, Any], None]


def protection(table: str, message: str) -> tuple[Deed, Deed]:
    """What forbids changes of a table, and what allows them again: the two halves of a migration's RunPython."""
    forbidding = {
        "sqlite": [
            f"CREATE TRIGGER {table}_no_{deed} BEFORE {deed} ON {table} BEGIN SELECT RAISE(ABORT, '{message}'); END"
            for deed in ("update", "delete")
        ],
        "postgresql": [
            f"CREATE OR REPLACE FUNCTION {table}_refuse() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN RAISE EXCEPTION '{message}' USING ERRCODE = 'restrict_violation'; END $$",
            f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION {table}_refuse()",
        ],
    }
    allowing = {
        "sqlite": [f"DROP TRIGGER IF EXISTS {table}_no_{deed}" for deed in ("update", "delete")],
        "postgresql": [f"DROP TRIGGER IF EXISTS {table}_no_change ON {table}"],
    }

    def allow(apps: Any, schema_editor: Any) -> None:
        for statement in allowing[schema_editor.connection.vendor]:
            schema_editor.execute(statement)

    def forbid(apps: Any, schema_editor: Any) -> None:
        allow(apps, schema_editor)
        for statement in forbidding[schema_editor.connection.vendor]:
            schema_editor.execute(statement)

    return forbid, allow
