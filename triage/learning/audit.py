"""The audit sample: of what is filed without a person, a few mails are shown to one, so that sure mistakes are seen.

It holds nothing up and undoes nothing. Which mails it takes follows from their names, so that a further run, or a
restored backup, takes the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db.models import OuterRef, Subquery

from triage.learning.experience import is_right
from triage.learning.verdicts import live
from triage.models import Classification, Message

Sample = Message.Sample


@dataclass(frozen=True)
class Outcome:
    """What people found: of how many mails that nobody was asked about, how many were filed wrongly."""

    waiting: int
    seen: int
    wrong: int


def outcome(since: datetime) -> Outcome:
    """What people found in the sample since then. Spam for a newsletter does no harm, so it is not wrong."""
    filed_as = Classification.objects.filter(message=OuterRef("message")).exclude(judge=Classification.Judge.PERSON)
    rows = live().filter(message__sample=Sample.SEEN, created_at__gte=since)
    pairs = rows.annotate(filed=Subquery(filed_as.order_by("-pk").values("category")[:1])).values_list(
        "filed", "category"
    )
    wrong = [said for filed, said in pairs if filed and not is_right(filed, said)]
    waiting = Message.objects.filter(sample=Sample.WAITING, status__in=Message.FILED).count()
    return Outcome(waiting, len(pairs), len(wrong))


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
