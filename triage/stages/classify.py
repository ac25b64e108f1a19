"""Stage 3: one judgement per message, outside any transaction; what is not sure goes to a person."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from crm.models import AuditEntry
from crm.services import Entry, record
from inbox_router.rows import save_fields
from inbox_router.shown import recorded
from triage.classifiers import Classifier, Judgement, MailText
from triage.learning import put_off
from triage.models import Category, Classification, Message
from triage.stages.context import Context
from triage.stages.prefilter import rule_evidence
from triage.threads import summaries

TEXT_LIMIT = 6000  # characters of a mail that a judge sees, half from each end


def run(context: Context) -> int:
    """Judge each message that waits for it. Each batch of answers is stored before the next is asked for.

    New mail first, then what the model was not asked about as its budget was spent.
    Where the judge refuses every mail, they go on waiting: thousands for a person to judge would help nobody.
    """
    if context.refusal:
        return 0
    waiting = Message.objects.filter(mailbox=context.mailbox, status=Message.Status.FILTERED)
    if not waiting.exists():
        put_off.take_up(context.mailbox)
    messages = list(waiting.select_related("mailbox", "sender_rule").order_by("pk"))
    step, judged = context.classifier.batch, 0
    for start in range(0, len(messages), step):
        batch = messages[start : start + step]
        judgements = context.classifier.classify(mail_texts(batch))
        answered = [pair for pair in zip(batch, judgements, strict=True) if not pair[1].refused]
        if answered:
            store(context, *zip(*answered, strict=True))
        judged += len(answered)
        context.refusal = next((judgement.error for judgement in judgements if judgement.refused), "")
        if context.refusal or context.is_over():
            break
    return judged


def mail_texts(messages: Sequence[Message]) -> list[MailText]:
    """What a judge sees of each message, with who else wrote in its thread, and when."""
    threads = summaries(messages)
    return [mail_text(message, threads.get(message.pk, "")) for message in messages]


def mail_text(message: Message, thread: str = "") -> MailText:
    """What a judge sees of a message: the same for every judge and for the reviewer."""
    return MailText(
        subject=message.subject,
        sender_name=message.sender_name,
        sender_address=message.sender_address,
        text=both_ends(message.text, TEXT_LIMIT),
        new_text=both_ends(message.new_text, TEXT_LIMIT),
        headers=message.headers | ({"in-reply-to": message.in_reply_to} if message.in_reply_to else {}),
        attachments=tuple(f"{part['name']} ({part['type']})" for part in message.attachments),
        evidence=(*rule_evidence(message), *([thread] if thread else ())),
        automatic=message.automatic,
    )


def both_ends(text: str, limit: int) -> str:
    """The beginning and the end of a long text: what is asked stands in one of the two."""
    if len(text) <= limit:
        return text
    return f"{text[: limit // 2]}\n[...]\n{text[-limit // 2 :]}"


def store(context: Context, messages: Sequence[Message], judgements: Sequence[Judgement]) -> None:
    """One Classification per judgement; the message carries the newest, which is the one that counts."""
    rows = [row(context.classifier, *pair) for pair in zip(messages, judgements, strict=True)]
    others = [
        row(context.classifier, message, other)
        for message, judgement in zip(messages, judgements, strict=True)
        for other in judgement.before
    ]
    for message, made in zip(messages, rows, strict=True):
        message.adopt(made)
        message.status = Message.Status.CLASSIFIED
    with transaction.atomic():
        context.lease.renew()
        Classification.objects.bulk_create([*others, *rows])
        save_fields(messages, ["status", *Message.JUDGED])
        record([entry(message, made) for message, made in zip(messages, rows, strict=True)])
    context.counts["classified"] += len(messages)
    context.counts["model_errors"] += sum(bool(made.error) for made in rows)


def row(classifier: Classifier, message: Message, judgement: Judgement) -> Classification:
    return Classification(
        message=message,
        judge=judgement.judge or classifier.judge,
        model=judgement.model[:100],
        prompt=judgement.prompt,
        category=judgement.category,
        confidence=judgement.confidence,
        language=judgement.language[:8],
        technical=judgement.technical,
        sender_first_name=(judgement.sender_first_name or "")[:100],
        company=(judgement.company or "")[:200],
        reason=judgement.reason[:500],
        may_trash=judgement.may_trash,
        raw_confidence=judgement.raw_confidence,
        spared=judgement.spared,
        error=judgement.error[:300],
        input_tokens=judgement.input_tokens,
        output_tokens=judgement.output_tokens,
        cost=judgement.cost,
        estimated=judgement.estimated,
    )


def entry(message: Message, made: Classification) -> Entry:
    return Entry(
        key=f"message:{message.name}:classified" + (f":{message.version}" if message.version else ""),
        action="classified",
        subject=f"message:{message.pk}",
        summary=f"{recorded(Category(made.category).label)}, {made.percent} % sure",
        reason=made.error or made.reason,
        actor=made.model or made.judge,
        actor_kind=AuditEntry.Actor.MODEL,
        sender=message.sender_address,
        mail_subject=message.subject,
    )
