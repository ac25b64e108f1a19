"""Tells of contacts that were there before, from their mail, when they and we wrote last."""

from django.db import migrations
from django.db.models import Max, OuterRef, Subquery, Value


def newest(rows, field):
    return Subquery(rows.order_by().annotate(one=Value(1)).values("one").annotate(at=Max(field)).values("at"))


def look_back(apps, schema_editor):
    contact, lead = apps.get_model("crm", "Contact"), apps.get_model("crm", "Lead")
    message, sent_mail = apps.get_model("triage", "Message"), apps.get_model("triage", "SentMail")
    asked = message.objects.filter(sender_address=OuterRef("address"), automatic="")
    threads = lead.objects.filter(contact=OuterRef(OuterRef("pk"))).values("thread_id")
    said = sent_mail.objects.filter(thread_id__in=threads)
    contact.objects.update(last_in_at=newest(asked, "received_at"), last_out_at=newest(said, "sent_at"))


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0006_when_contacts_wrote_last"),
        ("triage", "0015_estimated_cost"),
    ]
    operations = [migrations.RunPython(look_back, migrations.RunPython.noop)]
