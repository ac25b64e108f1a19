"""The dashboard's figures, from the rows of the last days."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from statistics import quantiles

from django.conf import settings
from django.db.models import Count, Max, Min, Q, Sum
from django.db.models.functions import TruncDate
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm.models import Lead
from inbox_router.shown import money, percent, seconds, within
from routing.models import Assignment, Hold, Rule
from triage.admin.waiting import draft_queue, drafts, drafts_again, gaps, problems, reviews, spent_budget
from triage.models import Category, Classification, Draft, Mailbox, Message

SHOWN = [Category.LEAD, Category.ACCOUNTING, Category.NEWSLETTER, Category.SPAM, Category.UNCERTAIN]
BINS = 10
Spared = Classification.Spared
MACHINES = (Classification.Judge.LOCAL, Classification.Judge.LLM)


@dataclass(frozen=True)
class Figure:
    """One number, what it is, and what stands below it; `page` is the admin page behind it."""

    title: str
    value: str
    below: str = ""
    page: str = ""
    query: str = ""
    bad: bool = False


@dataclass
class Overrides:
    """How often people changed what the machine said of one category."""

    label: str
    judged: int = 0
    seen: int = 0
    changed: int = 0
    to: Counter[str] = field(default_factory=Counter)

    @property
    def rate(self) -> str:
        return percent(self.changed / self.seen) if self.seen else "-"

    @property
    def became(self) -> str:
        return ", ".join(f"{number} {within(Category(to).settled)}" for to, number in self.to.most_common())


def figures(since: datetime, days: int) -> list[Figure]:
    """The numbers on top."""
    oldest = Message.objects.filter(status=Message.Status.REVIEW, backfilled=False).aggregate(at=Min("received_at"))[
        "at"
    ]
    waiting = _oldest(oldest) if oldest or not reviews() else _("only old mail")
    looked = Mailbox.objects.aggregate(at=Max("last_polled_at"))["at"]
    rows = Message.objects.filter(created_at__gte=since)
    missing = sum(check.unexplained for check in gaps())
    waits, wrong = Hold.objects.filter(resolved_at=None).count(), problems()
    moved = Assignment.objects.filter(at__gte=since, rule__in=(Rule.MANUAL, Rule.OVERDUE)).count()
    return [
        Figure(
            _("Captured"),
            str(rows.count()),
            _("%(missing)s missing · inbox read %(when)s") % {"missing": missing, "when": _ago(looked)},
            "triage_message_changelist",
            bad=bool(missing),
        ),
        Figure(_("Waiting for review"), str(reviews()), waiting, "triage_message_changelist", "?status=review"),
        drafts_to_approve(),
        time_to_draft(since),
        Figure(_("Held leads"), str(waits), _("given to nobody yet"), "routing_hold_changelist", bad=waits > 0),
        Figure(
            _("Handed over"),
            str(moved),
            ngettext("in %(days)s day", "in %(days)s days", days) % {"days": days},
            "routing_assignment_changelist",
            "?rule=manual",
        ),
        model_cost(since),
        Figure(
            _("Problems"), str(wrong), _("failed, unconfirmed or unreadable"), "triage_message_problems", bad=wrong > 0
        ),
    ]


def drafts_to_approve() -> Figure:
    """How many replies wait, and how many of them for the second time."""
    oldest, again = _oldest(draft_queue().aggregate(at=Min("created_at"))["at"]), drafts_again()
    told = ngettext("%(again)s not sent, they wrote again", "%(again)s not sent, they wrote again", again)
    says = f"{oldest} · {told % {'again': again}}" if again else oldest
    return Figure(_("Drafts to approve"), str(drafts()), says, "triage_draft_changelist", "?state=waiting")


def time_to_draft(since: datetime) -> Figure:
    """How long it took from the mail's arrival to a reply that waits for approval."""
    rows = Draft.objects.filter(created_at__gte=since, message__first_run__isnull=False).order_by("-pk")
    took = sorted(
        (made - found).total_seconds() for made, found in rows.values_list("created_at", "message__created_at")[:2000]
    )
    if not took:
        return Figure(_("From capture to draft"), "-", _("no draft yet"), "triage_draft_changelist")
    cuts = quantiles(took, n=20) if len(took) > 1 else took * 19
    below = _("95 of 100 within %(time)s") % {"time": seconds(cuts[18])}
    return Figure(_("From capture to draft"), seconds(cuts[9]), below, "triage_draft_changelist")


def model_cost(since: datetime) -> Figure:
    """What the language model cost, how many calls were spared, and how often it failed; red when a budget is spent."""
    rows = Classification.objects.filter(created_at__gte=since, judge__in=MACHINES)
    cost = rows.aggregate(cost=Sum("cost"))["cost"] or 0
    asked = rows.filter(judge=Classification.Judge.LLM, spared="").count()
    spared = rows.filter(spared__in=(Spared.CASCADE, Spared.CACHE)).count()
    failed = rows.filter(spared="").exclude(error="").count()
    below = _("%(each)s a call · %(spared)d calls saved") % {"each": money(cost / max(asked, 1)), "spared": spared}
    if rows.filter(estimated=True).exists():
        below += f" · {_('estimated, as the server tells no tokens')}"
    below = below if settings.LLM_MODEL else _("embedded classifier")
    if trouble := spent_budget():
        below = _("the budget is spent until %(when)s") % {
            "when": date_format(timezone.localtime(trouble.until), "SHORT_DATETIME_FORMAT")
        }
    failures = _("%(failed)d failures") % {"failed": failed}
    page = "triage_message_problems" if trouble else "triage_classification_changelist"
    return Figure(_("Model cost"), money(cost), f"{below} · {failures}", page, bad=bool(trouble))


def mix(since: datetime) -> Mapping[date, Counter[str]]:
    """How many messages of each category came on each day."""
    rows = Message.objects.filter(received_at__gte=since).exclude(category="").annotate(day=TruncDate("received_at"))
    days: dict[date, Counter[str]] = defaultdict(Counter)
    for day, category, number in rows.values_list("day", "category").annotate(number=Count("pk")).order_by("day"):
        days[day][category] = number
    return days


def chart(days: Mapping[date, Counter[str]]) -> dict[str, object]:
    """The same as Chart.js wants it."""
    colours = ("var(--color-primary-600)", "var(--color-primary-300)", "var(--color-base-500)", "#cbd5e1", "#f97316")
    return {
        "labels": [date_format(day, "MONTH_DAY_FORMAT") for day in days],
        "datasets": [
            {
                "label": category.label,
                "data": [counts[category] for counts in days.values()],
                "backgroundColor": colour,
                "maxBarThickness": 36,
            }
            for category, colour in zip(SHOWN, colours, strict=True)
        ],
    }


# Unfold's own options draw bars of 4 px, no legend and no axis; given options replace all of them.
CHART_OPTIONS = {
    "responsive": True,
    "maintainAspectRatio": False,
    "animation": False,
    "plugins": {"legend": {"position": "bottom", "labels": {"boxWidth": 12}}},
    "scales": {
        "x": {"stacked": True, "grid": {"display": False}},
        "y": {"stacked": True, "beginAtZero": True, "grid": {"display": True}, "ticks": {"precision": 0}},
    },
}


def leads_per_person(since: datetime) -> list[tuple[str, int, int]]:
    """Each person's leads, and their part of the largest number in percent."""
    rows = Assignment.objects.filter(at__gte=since, active=True).exclude(lead__stage=Lead.Stage.JUNK)
    counts = rows.values_list("salesperson__name").annotate(number=Count("pk")).order_by("-number", "salesperson__name")
    people = list(counts)
    most = max((number for _, number in people), default=1)
    return [(name, number, round(100 * number / most)) for name, number in people]


def judged(since: datetime) -> list[tuple[str, float, str]]:
    """Of each message that a machine judged: its category and confidence, and what a person said who was asked.

    What a person came upon by chance is nearly always wrong, and what was taken back was never said.
    """
    people = Q(judge=Classification.Judge.PERSON, asked=True, undone_at=None)
    rows = Classification.objects.filter(people | Q(judge__in=MACHINES), created_at__gte=since).order_by("pk")
    machine: dict[int, tuple[str, float]] = {}
    person: dict[int, str] = {}
    for message, judge, category, confidence in rows.values_list("message_id", "judge", "category", "confidence"):
        if judge == Classification.Judge.PERSON:
            person[message] = category
        elif judge in MACHINES:
            machine[message] = (category, confidence)
    return [(*told, person.get(message, "")) for message, told in machine.items()]


def overrides(rows: Sequence[tuple[str, float, str]]) -> list[Overrides]:
    """For each category of the machine, what people made of it."""
    table = {category: Overrides(str(category.label)) for category in SHOWN}
    for category, _sure, said in rows:
        row = table[Category(category)]
        row.judged += 1
        row.seen += bool(said)
        if said and said != category:
            row.changed += 1
            row.to[said] += 1
    return [row for row in table.values() if row.judged]


def confidences(rows: Sequence[tuple[str, float, str]]) -> list[tuple[str, int, int, str]]:
    """Per tenth of confidence: how many, their part of the largest number in percent, and how many were changed."""
    bins = Counter(min(int(sure * BINS), BINS - 1) for _, sure, _ in rows)
    seen = Counter(min(int(sure * BINS), BINS - 1) for _, sure, said in rows if said)
    changed = Counter(min(int(sure * BINS), BINS - 1) for cat, sure, said in rows if said and said != cat)
    most = max(bins.values(), default=1)
    return [
        (
            _("%(low)d to %(high)d %%") % {"low": 10 * n, "high": 10 * (n + 1)},
            bins[n],
            round(100 * bins[n] / most),
            _("%(some)d of %(all)d") % {"some": changed[n], "all": seen[n]},
        )
        for n in range(BINS)
        if bins[n]
    ]


def _oldest(moment: datetime | None) -> str:
    return _("the oldest came %(when)s") % {"when": _ago(moment)} if moment else _("nothing waits")


def _ago(moment: datetime | None) -> str:
    if moment is None:
        return _("never")
    if timezone.now() - moment <= timedelta(minutes=1):
        return _("just now")
    return _("%(time)s ago") % {"time": timesince(moment, depth=1)}


def since(days: int) -> datetime:
    return timezone.now() - timedelta(days=days)
