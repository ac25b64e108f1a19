"""The audit sample: of what is filed without a person, a few mails are shown to one, so that sure mistakes are seen.

It holds nothing up and undoes nothing. Which mails it takes follows from their names, so that a further run, or a
restored backup, takes the same.
"""

from __future__ import annotations

from django.conf import settings

from triage.models import Message

Sample = Message.Sample


def draw(message: Message) -> None:
    """Put a mail that was just filed into the sample, if it is one of those; once in its life."""
    if message.sample or int(message.name, 16) % 10_000 >= settings.AUDIT_SAMPLE * 100:
        return
    message.sample = Sample.WAITING
    Message.objects.filter(pk=message.pk, sample="").update(sample=Sample.WAITING)


def agree(message: Message, category: str) -> bool:
    """Note that a person says of a sampled mail what it was filed as; False if this is not such a case."""
    filed = Message.objects.filter(pk=message.pk, version=message.version, status__in=Message.FILED, category=category)
    return bool(filed.filter(sample=Sample.WAITING).update(sample=Sample.SEEN))
