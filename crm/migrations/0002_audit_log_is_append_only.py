"""The database itself refuses to change, delete or empty the audit log.

SQLite drops a table's triggers when a migration alters the table (it copies it to a new one). A later migration
of AuditEntry must therefore end with `migrations.RunPython(forbid, allow)` again; a test notices when it does not.
"""

from django.db import migrations

TABLE = "crm_auditentry"
MESSAGE = "The audit log is append-only."

FORBID = {
    "sqlite": [
        f"CREATE TRIGGER {TABLE}_no_{deed} BEFORE {deed} ON {TABLE} BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END"
        for deed in ("update", "delete")
    ],
    "postgresql": [
        f"CREATE OR REPLACE FUNCTION {TABLE}_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{MESSAGE}' USING ERRCODE = 'restrict_violation'; END $$",
        f"CREATE TRIGGER {TABLE}_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON {TABLE} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {TABLE}_refuse()",
    ],
}
ALLOW = {
    "sqlite": [f"DROP TRIGGER IF EXISTS {TABLE}_no_{deed}" for deed in ("update", "delete")],
    "postgresql": [f"DROP TRIGGER IF EXISTS {TABLE}_no_change ON {TABLE}"],
}


def forbid(apps, schema_editor):
    allow(apps, schema_editor)
    for statement in FORBID[schema_editor.connection.vendor]:
        schema_editor.execute(statement)


def allow(apps, schema_editor):
    for statement in ALLOW[schema_editor.connection.vendor]:
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("crm", "0001_initial")]
    operations = [migrations.RunPython(forbid, allow)]
