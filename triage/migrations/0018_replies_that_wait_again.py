"""Until now a reply that waits for approval again was known by how the evidence of its sending ended."""

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

EVIDENCE = "wrote again after the approval"


def carry_over(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Take over when each of these replies was not sent, by the newest such sending."""
    Delivery, Draft = (apps.get_model("triage", name) for name in ("MailboxDelivery", "Draft"))
    unsent = Delivery.objects.filter(deed="send", state="cancelled", evidence__contains=EVIDENCE).order_by("pk")
    for draft, at in unsent.values_list("draft_id", "settled_at"):
        Draft.objects.filter(pk=draft).update(sent_back_at=at)


class Migration(migrations.Migration):
    dependencies = [("triage", "0017_copies_of_replies")]

    operations = [
        migrations.AddField(
            model_name="draft",
            name="sent_back_at",
            field=models.DateTimeField(
                blank=True, help_text="When it was approved but not sent: the customer had written again", null=True
            ),
        ),
        migrations.RunPython(carry_over, migrations.RunPython.noop),
    ]
