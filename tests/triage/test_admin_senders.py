"""A sender rule tells which mail of the last 30 days it would match, while it is being written."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from inbox_router.models import Preferences
from tests import office
from triage.models import Category, SenderRule
from triage.stages.prefilter import Rules

pytestmark = pytest.mark.django_db
MATCH = "/admin/triage/senderrule/match/"
ADDRESSES = [
    "news@shop.example",
    "sales@shop.example",
    "bot@mail.shop.example",
    "a@notshop.example",
    "b@shop.example.org",
]


def shown(client: Client, pattern: str, scope: str) -> str:
    return " ".join(client.get(MATCH, {"pattern": pattern, "scope": scope}).content.decode().split())


@pytest.mark.parametrize(
    ("pattern", "scope", "number"),
    [
        ("news@shop.example", "address", 1),
        (" News@Shop.example ", "address", 1),
        ("shop.example", "domain", 2),
        ("@shop.example", "domain", 2),
        ("shop.example", "subdomains", 3),
        ("nobody.example", "domain", 0),
    ],
)
def test_it_counts_the_mail_that_the_rule_would_match_as_the_pipeline_does(boss, pattern, scope, number):
    for address in ADDRESSES:
        office.message(address=address)
    assert f"{number} mail" in shown(boss, pattern, scope)
    rules = Rules([SenderRule(pattern=pattern.strip(), scope=scope)])
    assert sum(rules.matching(address) is not None for address in ADDRESSES) == number


def test_it_shows_which_and_warns_of_leads(boss):
    office.message("Offer of pumps", address="a@shop.example", category=Category.LEAD)
    office.message("March news", address="a@shop.example", category=Category.NEWSLETTER)
    page = shown(boss, "shop.example", "domain")
    assert "2 mails of the last 30 days match." in page
    assert "1 of them was a lead." in page
    assert "Offer of pumps" in page
    assert "March news" in page


def test_older_mail_does_not_count(boss):
    office.message(address="a@shop.example", received_at=timezone.now() - timedelta(days=31))
    assert "0 mails" in shown(boss, "shop.example", "domain")


@pytest.mark.parametrize(
    ("pattern", "scope"), [("", "domain"), ("shop.example", "address"), ("a@shop.example", "domain")]
)
def test_a_pattern_that_cannot_match_says_how_to_write_it(boss, pattern, scope):
    assert "Write a whole address, or a domain" in shown(boss, pattern, scope)
    assert not SenderRule.objects.exists()


def test_a_saved_rule_shows_it_without_being_asked(boss):
    office.message("March news", address="a@shop.example")
    rule = SenderRule.objects.create(pattern="shop.example", scope="domain")
    page = boss.get(f"/admin/triage/senderrule/{rule.pk}/change/").content.decode()
    assert "1 mail of the last 30 days matches." in page
    assert f'hx-get="{MATCH}"' in page
    assert f'hx-get="{MATCH}"' in boss.get("/admin/triage/senderrule/add/").content.decode()


def test_only_those_who_may_see_rules_and_mail_are_told(client):
    client.force_login(office.user("ana", "Salesperson"))
    assert client.get(MATCH, {"pattern": "shop.example", "scope": "domain"}).status_code == 403


def test_the_audit_log_has_what_people_change_of_a_rule_with_its_old_value(boss):
    Preferences.objects.create(user=office.boss(), language="de")
    rule = {"pattern": "shop.example", "scope": "domain", "kind": "always", "category": "spam", "active": "on"}
    boss.post(reverse("admin:triage_senderrule_add"), rule)
    made = SenderRule.objects.get()
    page = reverse("admin:triage_senderrule_change", args=(made.pk,))
    boss.post(page, rule | {"category": "accounting", "note": "bills"})
    boss.post(page, rule | {"category": "accounting", "note": "bills"})
    boss.post(reverse("admin:triage_senderrule_delete", args=(made.pk,)), {"post": "yes"})
    name = "shop.example (always this category, without the classifier): "
    assert [(told.removeprefix(name), who) for told, _, who in office.edits(made)] == [
        ("pattern nothing becomes shop.example; kind marketing: tell the classifier becomes always this category, "
         "without the classifier; category nothing becomes Spam", "boss"),
        ("category Spam becomes Accounting; note nothing becomes bills", "boss"),
        ("taken out", "boss"),
    ]  # fmt: skip
    assert not SenderRule.objects.exists()
