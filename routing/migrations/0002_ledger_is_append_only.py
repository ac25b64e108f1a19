"""The database itself refuses to change, delete or empty the credit ledger."""

from django.db import migrations

from inbox_router.append_only import protection

forbid, allow = protection("routing_ledgerline", "The credit ledger is append-only.")


class Migration(migrations.Migration):
    dependencies = [("routing", "0001_initial")]
    operations = [migrations.RunPython(forbid, allow)]
