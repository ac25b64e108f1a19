"""The index behind triage/search.py, in the database's own kind; what is there already is taken up.

No foreign key: the mail is never deleted, and what is found is looked up among the mails anyway.
"""

from django.db import migrations

from triage import search

MADE = {
    "postgresql": [
        f"CREATE TABLE {search.TABLE} (message_id bigint PRIMARY KEY, words tsvector NOT NULL)",
        f"CREATE INDEX {search.TABLE}_gin ON {search.TABLE} USING gin (words)",
    ],
    # ascii: the words come folded, and whatever is not ASCII is taken as it is
    "sqlite": [f"CREATE VIRTUAL TABLE {search.TABLE} USING fts5(words, tokenize='ascii', detail=none, prefix='2 3')"],
}


def make(apps, schema_editor):
    for statement in MADE[schema_editor.connection.vendor]:
        schema_editor.execute(statement)
    needed = ("sender_name", "sender_address", "from_name", "from_address", "subject", "text")
    batch = []
    for message in apps.get_model("triage", "Message").objects.only(*needed).iterator(500):
        batch.append(message)
        if len(batch) == 500:
            search.index(batch)
            batch = []
    search.index(batch)


def drop(apps, schema_editor):
    schema_editor.execute(f"DROP TABLE {search.TABLE}")


class Migration(migrations.Migration):
    dependencies = [("triage", "0001_initial")]
    operations = [migrations.RunPython(make, drop)]
