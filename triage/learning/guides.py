"""The definitions of the categories that are in force, and what others would change, tried on recent mail."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from decimal import Decimal

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import DatabaseError, transaction
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from crm.models import AuditEntry
from crm.services import Entry, record
from triage import classifiers
from triage.classifiers.llm import LlmClassifier
from triage.classifiers.llm.guide import Guide, shipped
from triage.learning import budget
from triage.models import CategoryGuide, Classification, DryRun, Message
from triage.stages.classify import mail_texts

MAILS = 50  # that one dry run tries at most


class NotTried(Exception):
    """Why definitions cannot be tried, or not go live untried; one sentence says what to do."""


@dataclass(frozen=True)
class Verdict:
    """What one mail was taken for, and would be taken for. `error`: the model gave no usable answer."""

    message: int
    subject: str
    before: str
    before_sure: float
    before_by: str
    now: str
    now_sure: float
    reason: str
    error: str = ""


def guide_of(row: CategoryGuide | None) -> Guide:
    """What the model is told by a version, or by the text that ships."""
    if row is None:
        return shipped()
    names = shipped().definitions
    definitions = {name: row.definitions.get(name) or names[name] for name in names}
    return Guide(definitions, {name: tuple(row.examples.get(name, ())) for name in names})


def in_force() -> Guide:
    """What the model is told now."""
    return guide_of(CategoryGuide.in_force())


def in_force_if_known() -> Guide:
    """What the model is told now; what ships where there is no database to ask."""
    try:
        return in_force()
    except DatabaseError:
        return shipped()


@transaction.atomic
def go_live(row: CategoryGuide, user: AbstractBaseUser, why: str) -> None:
    """Judge all further mail by this version; also by one that was live before. Raises NotTried."""
    row = CategoryGuide.objects.select_for_update().get(pk=row.pk)  # nobody changes the text that was tried
    require_trial(row)
    row.live_at, row.live_by, row.live_why = timezone.now(), str(user), why[:300]
    row.save(update_fields=["live_at", "live_by", "live_why"])
    told = f"The definitions of the categories are now {guide_of(row).version}"
    key, person = f"guide:{row.pk}:{row.live_at:%s%f}", AuditEntry.Actor.PERSON
    record([Entry(key, "definitions live", f"categoryguide:{row.pk}", told, why, actor=str(user), actor_kind=person)])


def require_trial(row: CategoryGuide) -> None:
    """Raise NotTried unless this very text was tried on mail, in a dry run or as the one in force."""
    if row.live_at or row.runs.filter(state=DryRun.State.DONE, version=guide_of(row).version).exists():
        return
    if row.runs.filter(state=DryRun.State.DONE).exists():
        raise NotTried(_("The text was changed after its last dry run: make another one, and look at it first."))
    if row.runs.filter(state__in=(DryRun.State.WAITING, DryRun.State.RUNNING)).exists():
        raise NotTried(_("Its dry run has not ended yet: look at what comes of it first."))
    raise NotTried(_("This text was not tried yet: make a dry run on recent mail, and look at it first."))


def plan(row: CategoryGuide, user: AbstractBaseUser, mails: int, max_cost: Decimal) -> DryRun:
    """Have a version tried in the background. Raises NotTried."""
    if not settings.LLM_MODEL:
        raise NotTried(_("No language model is set up, and only one reads definitions. Set LLM_MODEL."))
    if trouble := budget.exhausted():
        told = {"setting": trouble.setting, "until": date_format(timezone.localtime(trouble.until), "j M H:i")}
        raise NotTried(_("The model's budget is spent until %(until)s. Wait, or raise %(setting)s.") % told)
    return DryRun.objects.create(guide=row, by_id=user.pk, mails=min(mails, MAILS), max_cost=max_cost)


def carry_out(pk: int) -> None:
    """Try the version of a planned run, once; the run keeps what came of it, and nothing else is written."""
    if not DryRun.objects.filter(pk=pk, state=DryRun.State.WAITING).update(state=DryRun.State.RUNNING):
        return
    run = DryRun.objects.select_related("guide").get(pk=pk)
    run.version = guide_of(run.guide).version
    try:
        run.error, run.state = try_out(run), DryRun.State.DONE
    except Exception as error:  # its text may quote a mail
        run.error, run.state = f"stopped unexpectedly ({type(error).__name__})", DryRun.State.FAILED
    if run.error and not run.results:
        run.state = DryRun.State.FAILED
    run.save()


def try_out(run: DryRun) -> str:
    """Judge the newest mails that a model has judged, a batch at a time; why it ended early, if it did."""
    classifier = LlmClassifier.from_settings(guide_of(run.guide))
    judged = Message.objects.filter(classifications__judge__in=Classification.Judge.machines()).distinct()
    messages = list(judged.select_related("mailbox", "sender_rule").order_by("-pk")[: run.mails])
    for start in range(0, len(messages), classifier.batch):
        if run.cost >= run.max_cost:
            return f"stopped at {run.cost:.2f} USD after {start} mails"
        if trouble := budget.exhausted():
            return f"stopped after {start} mails: {trouble}"
        batch = messages[start : start + classifier.batch]
        judgements = classifier.classify(mail_texts(batch))
        if refusal := next((one.error for one in judgements if one.refused), ""):
            return refusal[:300]
        run.cost += sum(one.cost for one in judgements)
        run.results += [asdict(verdict(*pair)) for pair in zip(batch, judgements, strict=True)]
        run.save(update_fields=["cost", "results"])
    return ""


def verdict(message: Message, now: classifiers.Judgement) -> Verdict:
    """The newest verdict on a mail, a person's if there is one, beside the one of the dry run."""
    rows = message.classifications.order_by("pk")
    then = rows.filter(judge=Classification.Judge.PERSON, undone_at=None).last() or rows.last()
    assert then, "only mail that was judged is tried"
    by = then.get_judge_display()
    return Verdict(
        message.pk, message.subject[:150], then.category, then.confidence, str(by),
        now.category, now.confidence, now.reason[:300], now.error[:300],
    )  # fmt: skip
