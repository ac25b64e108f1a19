"""The database itself refuses to change, delete or empty the audit log."""

from django.db import migrations

from inbox_router.append_only import protection

forbid, allow = protection("crm_auditentry", "The audit log is append-only.")


class Migration(migrations.Migration):
    dependencies = [("crm", "0001_initial")]
    operations = [migrations.RunPython(forbid, allow)]
