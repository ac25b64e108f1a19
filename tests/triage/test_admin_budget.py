"""What the model costs, and that its budget is spent, are where people look, with what to do about it."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from tests import office
from triage.learning import budget
from triage.models import Classification, Message

pytestmark = pytest.mark.django_db
PROBLEMS = "admin:triage_message_problems"


@pytest.fixture
def boss(client: Client, settings: Any) -> Client:
    cache.clear()
    settings.LLM_MODEL, settings.LLM_DAILY_BUDGET = "openai/stub", 5
    client.force_login(office.boss())
    return client


def asked(cost: str, **fields: object) -> Message:
    """A mail that the model was asked about."""
    row = office.message()
    told = {"judge": "llm", "model": "x", "category": "lead", "confidence": 1, "cost": Decimal(cost)}
    Classification.objects.create(message=row, **told | fields)
    return row


def page(client: Client, place: str) -> str:
    return client.get(reverse(place)).content.decode()


def test_a_spent_budget_is_a_problem_that_says_what_to_do_and_when_it_is_over(boss: Client):
    asked("5.00")
    asked("0", judge="local", spared="budget", error="not asked")
    problems = page(boss, PROBLEMS)
    assert "The language model's budget is spent" in problems
    assert "LLM_DAILY_BUDGET allows 5.00 USD" in problems
    assert "as soon as LLM_DAILY_BUDGET is raised" in problems
    assert "1 mail does now" in problems
    assert "the budget is spent until" in page(boss, "admin:index")
    badge = boss.get(reverse("admin:index")).content.decode()
    assert "Problems" in badge


@pytest.mark.parametrize("cost", ["4.99", "0"])
def test_below_the_budget_nothing_is_wrong(boss: Client, cost: str):
    asked(cost)
    assert "Nothing is wrong." in page(boss, PROBLEMS)


def test_without_a_model_no_budget_is_missed(boss: Client, settings: Any):
    asked("5.00")
    settings.LLM_MODEL = ""
    assert "Nothing is wrong." in page(boss, PROBLEMS)


@pytest.mark.parametrize(("name", "days"), [("LLM_DAILY_BUDGET", range(1, 2)), ("LLM_MONTHLY_BUDGET", range(1, 32))])
def test_it_is_over_with_the_day_or_the_month_of_the_office(settings: Any, name: str, days: range):
    settings.TIME_ZONE = "Europe/Prague"
    settings.LLM_DAILY_BUDGET = settings.LLM_MONTHLY_BUDGET = 0
    setattr(settings, name, 1)
    asked("1.00")
    spent = budget.exhausted()
    today = datetime.now(ZoneInfo("Europe/Prague"))
    assert spent is not None
    assert (spent.until.hour, spent.until.minute) == (0, 0)
    assert (spent.until.date() - today.date()).days in days
    assert spent.period == "day" or spent.until.day == 1


def test_the_dashboard_tells_how_many_calls_were_saved(boss: Client):
    asked("0.02")
    for spared in ("cascade", "cache", "cache"):
        asked("0", spared=spared)
    assert "0.02 USD a call · 3 calls saved" in page(boss, "admin:index")


def test_an_estimated_cost_is_called_that(boss: Client):
    asked("0.12")
    assert "estimated" not in page(boss, "admin:index")
    asked("0.12", estimated=True)
    assert "estimated, as the server tells no tokens" in page(boss, "admin:index")
    assert "what it costs is estimated" in page(boss, "admin:triage_heartbeat_health")
