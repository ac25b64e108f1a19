"""The admin with much in it: as many queries as with little, and no page that counts all there is."""

import pytest
from django.contrib import admin
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from inbox_router.admin import paging
from triage.demo.history import Amounts, make
from triage.models import Message

pytestmark = pytest.mark.django_db
OURS = ["index", "triage_message_review", "triage_message_problems", "triage_message_customers", "triage_draft_approve"]
LISTS = [f"{model._meta.app_label}_{model._meta.model_name}_changelist" for model in admin.site._registry]


def grow(messages: int) -> None:
    make(Amounts(messages, messages // 2, messages * 3), lambda done: None)


def queries(client: Client, url: str) -> int:
    cache.clear()
    client.get(url)  # what is looked up once in a process
    cache.clear()
    with CaptureQueriesContext(connection) as asked:
        assert client.get(url).status_code == 200
    return len(asked)


def test_sixty_rows_take_as_many_queries_as_ten(boss):
    pages = [reverse(f"admin:{page}") for page in OURS + LISTS]
    pages += [
        reverse("admin:triage_message_customers") + "?q=valve",
        reverse("admin:triage_message_changelist") + "?q=a1",
    ]
    grow(10)
    few = {page: queries(boss, page) for page in pages}
    grow(50)
    many = {page: queries(boss, page) for page in pages}
    assert {page: (few[page], many[page]) for page in pages if many[page] > few[page]} == {}


def test_a_list_shows_25_rows_and_its_pages(boss):
    grow(60)
    page = boss.get(reverse("admin:triage_message_changelist")).content.decode()
    assert page.count('class="data-row') == 25
    assert "60 messages" in " ".join(page.split())


def test_a_long_list_is_not_counted_to_its_end(boss, monkeypatch):
    monkeypatch.setattr(paging, "COUNTED", 50)
    grow(60)
    with CaptureQueriesContext(connection) as asked:
        page = boss.get(reverse("admin:triage_message_changelist")).content.decode()
    assert "the first 50 messages; filter or search for others" in page
    assert any("LIMIT 51" in query["sql"] for query in asked)
    assert not any(query["sql"] == 'SELECT COUNT(*) AS "__count" FROM "triage_message"' for query in asked)
    assert boss.get(reverse("admin:triage_message_changelist") + "?p=2").status_code == 200
    assert Message.objects.count() == 60


def shown(client: Client, query: str = "") -> str:
    return " ".join(client.get(reverse("admin:triage_message_changelist") + query).content.decode().split())


def test_an_empty_list_says_what_it_waits_for_or_how_to_find_more(boss):
    assert "New mail appears within a minute of its arrival." in shown(boss)
    grow(10)
    assert "Nothing here has “zebra”." in shown(boss, "?q=zebra")
    assert "Take a filter away" in shown(boss, "?status__exact=quarantined")
    rules = boss.get(reverse("admin:triage_senderrule_changelist")).content.decode()
    assert "Add one for a sender" in rules
    assert reverse("admin:triage_senderrule_add") in rules


def test_the_number_of_results_is_told_only_where_something_was_asked_for(boss):
    grow(10)
    assert "results (" not in shown(boss)
    assert "results (" in shown(boss, "?q=a1")
