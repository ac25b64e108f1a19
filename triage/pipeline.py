"""START HERE: the six stages that every new message goes through.

    fetch -> prefilter -> classify -> act -> log -> cleanup

A message's status is its position in the pipeline. Each stage takes the messages that wait for it, a chunk
at a time, and leaves them with the next status; so a run that dies is resumed by the next one where it
stopped, and no model is asked twice. Nothing here touches the outside world except to read mail and to
ask the model: what a decision owes is worked off afterwards by `inbox_router.delivery`.
"""

import math
from collections import Counter
from collections.abc import Sequence

from django.conf import settings
from django.utils import timezone

from triage import classifiers
from triage.mailbox import ImapMailbox
from triage.models import Mailbox, Run
from triage.parsing.reader import Reader
from triage.stages import act, classify, cleanup, fetch, log, prefilter
from triage.stages.context import Context

STAGES = (fetch, prefilter, classify, act, log, cleanup)


def run_mailbox(
    mailbox: Mailbox,
    classifier: classifiers.Classifier,
    reader: Reader,
    until: float = math.inf,
    old: Sequence[int] = (),
) -> Counter[str] | None:
    """Run all stages over one mailbox until nothing waits any more; None while another run has it.

    No further chunk is begun after `until` (of the monotonic clock). `old` names messages of the backlog to take up.
    Raises MailboxError when the mailbox cannot be read, ReaderError when no mail can, LeaseLost when another run took
    over, Refused at the end when nothing could be judged.
    """
    lease = mailbox.take_lease()
    if lease is None:
        return None
    with lease, ImapMailbox.open(settings.MAILBOXES[mailbox.name]) as box:
        run = Run.objects.create(mailbox=mailbox)
        context = Context(mailbox, box, reader, classifier, run, lease, until=until, old=old)
        while sum(stage.run(context) for stage in STAGES) and not context.is_over():
            pass
        run.finished_at, run.counts = timezone.now(), dict(context.counts)
        run.save(update_fields=["finished_at", "counts"])
    if context.refusal:
        raise classifiers.Refused(context.refusal)
    return context.counts
