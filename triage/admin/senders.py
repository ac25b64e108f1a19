"""What a sender rule would have done: the mails of the last 30 days that it matches, before it is saved."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _

from inbox_router.shown import within
from triage.models import Category, Message, SenderRule

DAYS = 30
SHOWN = 10  # mails
Scope = SenderRule.Scope


@dataclass(frozen=True)
class Matched:
    """How many mails a rule matches, what they were taken for, and the newest of them."""

    number: int
    taken_for: str
    leads: int
    newest: list[Message]


def matched(pattern: str, scope: str) -> Matched | None:
    """What a rule with this pattern matches; None for one that matches nothing by its form."""
    sender = senders(pattern.strip().lower().lstrip("@"), scope)
    if sender is None:
        return None
    rows = Message.objects.filter(sender, received_at__gte=timezone.now() - timedelta(days=DAYS))
    counts = dict(rows.values_list("category").annotate(number=Count("pk")).order_by("-number"))
    newest = rows.only("subject", "sender_name", "sender_address", "received_at", "category").order_by("-received_at")
    told = [f"{number} {name(category)}" for category, number in counts.items()]
    return Matched(sum(counts.values()), ", ".join(told), counts.get(Category.LEAD, 0), list(newest[:SHOWN]))


def senders(pattern: str, scope: str) -> Q | None:
    """The mails that a rule is for, as the pre-filter finds it."""
    if not pattern or ("@" in pattern) != (scope == Scope.ADDRESS):
        return None
    if scope == Scope.ADDRESS:
        return Q(sender_address=pattern)
    here = Q(sender_address__endswith=f"@{pattern}")
    return here | Q(sender_address__endswith=f".{pattern}") if scope == Scope.SUBDOMAINS else here


def name(category: str) -> str:
    return within(Category(category).label) if category else _("not judged")


def context(pattern: str, scope: str) -> dict[str, Any]:
    return {"match": matched(pattern, scope), "days": DAYS}


def preview(request: HttpRequest) -> HttpResponse:
    """The answer to a form that is still typed in; nothing is stored."""
    typed = request.GET
    shown = context(typed.get("pattern", "")[:254], typed.get("scope", Scope.DOMAIN))
    return render(request, "admin/triage/rule_match.html", shown)
