"""Who gets a lead, in which order of rules, and what is written down and told."""

from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from crm.models import AuditEntry, Lead
from routing.card import Card, text
from routing.models import Assignment, FreemailDomain, Hold, Leave, LedgerLine, Membership, Pool, Rule, SlackAlert
from routing.services import Participant, assign, colleagues
from tests.routing.making import check_books, give, lead, member, owners, person, pool

pytestmark = pytest.mark.django_db


@pytest.fixture
def inside() -> Pool:
    field = pool("Field", person("Fay"), person("Fritz"), kind="cc")
    return pool("Inside", person("Ana", "en"), person("Ben", "en"), person("Cleo", "en", "fr"), cc_pool=field)


def away(name: str, days: int = 0) -> None:
    today = timezone.now().date()
    who = colleagues()[f"{name.lower()}@acme.example"]
    Leave.objects.create(salesperson=who, first_day=today, last_day=today + timedelta(days=days))


def test_leads_go_round_and_the_state_is_in_the_database(inside: Pool) -> None:
    assert owners(7) == ["Ana", "Ben", "Cleo", "Ana", "Ben", "Cleo", "Ana"]
    check_books()


def test_everything_that_follows_is_written(inside: Pool, settings) -> None:
    settings.SITE_URL = "https://inbox.acme.example"
    given = give(of := lead(subject="<!channel> pumps & pipes"))
    of.refresh_from_db()
    assert (given.rule, given.salesperson.name, given.cc.name) == (Rule.ROTATION, "Ana", "Fay")
    assert (of.owner_name, of.owner_email) == ("Ana", "ana@acme.example")
    alert = SlackAlert.objects.get()
    assert (alert.salesperson, alert.effect, alert.assignment) == (given.salesperson, "slack", given)
    assert alert.text.splitlines()[:4] == [
        f"*New lead for you:* <https://inbox.acme.example/admin/crm/lead/{of.pk}/change/|&lt;!channel&gt; pumps &amp; "
        "pipes> from Berta Buyer",
        "Ana: Next in Inside.",
        "Rule: next in the rotation",
        "CC: Fay",
    ]
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.subject, entry.actor_kind) == ("assigned", f"lead:{of.pk}", "system")
    assert entry.summary == "<!channel> pumps & pipes: Ana, CC Fay"
    kinds = LedgerLine.objects.order_by("pool__name", "pk").values_list("pool__name", "salesperson__name", "kind")
    assert [line for line in kinds if line[2] == "turn"] == [("Field", "Fay", "turn"), ("Inside", "Ana", "turn")]


@pytest.mark.django_db(transaction=True)
def test_it_needs_the_transaction_of_the_decision(inside: Pool) -> None:
    with pytest.raises(RuntimeError, match="transaction"):
        assign(lead())


def test_a_failure_afterwards_takes_the_turn_back(inside: Pool) -> None:
    with transaction.atomic():
        assign(lead())
        transaction.set_rollback(True)
    assert not Assignment.objects.exists()
    assert not LedgerLine.objects.exists()
    assert owners(2) == ["Ana", "Ben"]


def test_assigning_twice_keeps_the_first_one(inside: Pool) -> None:
    first = give(of := lead())
    assert give(of) == first
    assert LedgerLine.objects.filter(kind="turn").count() == 2
    assert SlackAlert.objects.count() == 1


def test_the_number_of_statements_is_small_and_does_not_grow(inside: Pool) -> None:
    def statements() -> int:
        of = lead()
        with CaptureQueriesContext(connection) as captured, transaction.atomic():
            assign(of)
        return len(captured)

    few = statements()
    owners(10)
    assert statements() <= few <= 18


def test_a_paused_member_is_skipped_and_told_why(inside: Pool) -> None:
    ana = member(inside, colleagues()["ana@acme.example"])
    ana.paused_until = timezone.now() + timedelta(hours=2)
    ana.save()
    given = give()
    assert given.salesperson.name == "Ben"
    skipped = Card.read(given.card).main.skipped
    assert [row.name for row in skipped] == ["Ana"]
    assert skipped[0].why.startswith("is paused until")


def test_a_technical_request_goes_to_the_engineers_and_in_german_to_those_who_speak_it(inside: Pool) -> None:
    pool("German", person("Greta", "de"), kind="language", language="de")
    pool("Engineering", person("Emil", "en"), person("Hans", "de", "en"), kind="technical")
    assert give(lead(technical=True)).salesperson.name == "Emil"
    for _ in range(3):
        given = give(lead(technical=True, language="de"))
        assert (given.salesperson.name, given.pool.name) == ("Hans", "Engineering")
    assert Card.read(given.card).main.skipped[0].why == "does not speak de"
    assert give(lead(language="de")).salesperson.name == "Greta"
    assert give(lead(technical=True, language="pl")).salesperson.name in ("Emil", "Hans"), "nobody speaks it: all stand"


def test_a_language_that_no_pool_takes_rotates_among_those_who_speak_it_else_among_all(inside: Pool) -> None:
    assert [give(lead(language="fr")).salesperson.name for _ in range(2)] == ["Cleo", "Cleo"]
    assert {give(lead(language="xx")).salesperson.name for _ in range(3)} == {"Ana", "Ben", "Cleo"}


def test_conditions_are_asked_in_order_and_the_first_match_wins(inside: Pool) -> None:
    pool("Key accounts", person("Kim"), kind="other", sender_domains=["big.example"])
    pool("Spare parts", person("Sam"), kind="other", words=["spare part"])
    pool("Alps", person("Alma"), kind="other", countries=["ch", "at"])
    assert give(lead("a@eu.big.example", subject="spare part")).salesperson.name == "Kim"
    assert give(lead(subject="A Spare part!")).salesperson.name == "Sam"
    assert give(lead(subject="spare parts")).salesperson.name == "Ana"
    assert give(lead("a@firma.ch")).salesperson.name == "Alma"


def test_the_same_person_is_never_twice_on_a_lead(inside: Pool) -> None:
    ana = colleagues()["ana@acme.example"]
    Membership.objects.filter(pool=inside.cc_pool).delete()
    Membership.objects.create(pool=inside.cc_pool, salesperson=ana)
    given = give()
    assert (given.salesperson.name, given.cc) == ("Ana", None)
    assert Card.read(given.card).copies.skipped[0].why == "has the lead"
    given = give()
    assert (given.salesperson.name, given.cc.name) == ("Ben", "Ana")


def test_with_nobody_there_the_fallback_person_gets_it_without_a_turn(inside: Pool) -> None:
    inside.fallback = person("Petra")
    inside.save()
    for name in ("Ana", "Ben", "Cleo"):
        away(name)
    given = give()
    assert (given.rule, given.salesperson.name, given.cc.name) == (Rule.FALLBACK, "Petra", "Fay")
    assert not LedgerLine.objects.filter(pool=inside).exists()


def test_with_nobody_at_all_it_is_held_and_the_managers_are_told(inside: Pool, settings) -> None:
    settings.SLACK_MANAGER_CHANNEL = "#sales-managers"
    for name in ("Ana", "Ben", "Cleo"):
        away(name)
    held = give(of := lead())
    assert isinstance(held, Hold)
    assert "Ana is on leave until" in held.reason
    alert = SlackAlert.objects.get()
    assert (alert.channel, alert.salesperson) == ("#sales-managers", None)
    assert give(of) == held
    assert AuditEntry.objects.get().action == "held"


def test_without_any_pool_a_lead_is_held() -> None:
    held = give()
    assert isinstance(held, Hold)
    assert "add a default pool" in held.reason


def test_who_is_in_the_conversation_keeps_it_without_a_turn(inside: Pool) -> None:
    given = give(participants=[Participant("cleo@acme.example", "Cleo wrote on 12 Nov")])
    assert (given.rule, given.salesperson.name) == (Rule.IN_THREAD, "Cleo")
    assert not LedgerLine.objects.exists()
    assert not SlackAlert.objects.exists()
    assert "Cleo wrote on 12 Nov" in text(Card.read(given.card))


def test_on_weak_evidence_a_person_decides(inside: Pool) -> None:
    held = give(participants=[Participant("ben@acme.example", "Ben was only CC'd on 3 Mar", weak=True)])
    assert isinstance(held, Hold)
    assert held.for_person
    assert "Ben was only CC'd on 3 Mar" in held.reason


def test_a_known_customer_stays_with_their_owner_and_moves_nothing(inside: Pool) -> None:
    give()
    first = give(lead("karl@kunde.example"))
    lines = LedgerLine.objects.count()
    again = give(lead("karl@kunde.example"))
    colleague = give(lead("kurt@kunde.example"))
    assert {first.salesperson.name, again.salesperson.name, colleague.salesperson.name} == {"Ben"}
    assert (again.rule, again.cc) == (Rule.EXISTING_OWNER, first.cc)
    assert again.reason.startswith("Ben has had this customer since")
    assert colleague.reason.startswith("Ben has had kunde.example since")
    assert LedgerLine.objects.count() == lines


def test_a_freemail_domain_is_no_company(inside: Pool) -> None:
    assert FreemailDomain.objects.filter(domain="gmail.com").exists()
    assert give(lead("one@gmail.com")).salesperson.name == "Ana"
    assert give(lead("two@gmail.com")).salesperson.name == "Ben"
    assert give(lead("one@gmail.com")).salesperson.name == "Ana"


def test_ownership_ends_after_half_a_year(inside: Pool) -> None:
    first = give(lead("karl@kunde.example"))
    Assignment.objects.filter(pk=first.pk).update(at=timezone.now() - timedelta(days=181))
    assert give(lead("karl@kunde.example")).salesperson.name == "Ben"


def test_junk_makes_nobody_an_owner(inside: Pool) -> None:
    first = give(lead("karl@kunde.example"))
    Lead.objects.filter(pk=first.lead_id).update(stage=Lead.Stage.JUNK)
    assert give(lead("karl@kunde.example")).salesperson.name == "Ben"


def test_an_absent_owner_is_covered_else_the_rotation_decides(inside: Pool) -> None:
    give(lead("karl@kunde.example"))
    away("Ana", days=3)
    rotated = give(lead("karl@kunde.example"))
    assert (rotated.rule, rotated.salesperson.name) == (Rule.ROTATION, "Ben")
    assert "and is on leave until" in Card.read(rotated.card).evidence[0]


def test_the_cover_gets_the_customers_of_who_is_away(inside: Pool) -> None:
    give(lead("karl@kunde.example"))
    ana = colleagues()["ana@acme.example"]
    ana.cover = colleagues()["cleo@acme.example"]
    ana.save()
    away("Ana", days=3)
    covered = give(lead("karl@kunde.example"))
    assert (covered.rule, covered.salesperson.name) == (Rule.EXISTING_OWNER, "Cleo")
    assert covered.reason.startswith("Covers for Ana, who is on leave until")


def test_where_the_pool_says_so_a_customer_waits_for_their_owner(inside: Pool) -> None:
    inside.owner_away = Pool.OwnerAway.HOLD
    inside.save()
    give(lead("karl@kunde.example"))
    away("Ana", days=3)
    held = give(lead("karl@kunde.example"))
    assert isinstance(held, Hold)
    assert held.owner.name == "Ana"
    assert owners(1) == ["Ben"], "others do not wait behind it"


def test_who_has_left_keeps_no_customers(inside: Pool) -> None:
    give(lead("karl@kunde.example"))
    ana = colleagues()["ana@acme.example"]
    ana.active = False
    ana.save()
    rotated = give(lead("karl@kunde.example"))
    assert rotated.salesperson.name == "Ben"
    assert Card.read(rotated.card).evidence[0].endswith("and has left")


def test_an_edit_in_a_form_that_was_opened_before_a_turn_does_not_reset_the_ledger(inside: Pool) -> None:
    stale = member(inside, colleagues()["ana@acme.example"])
    owners(1)
    stale.weight = 2
    stale.save()
    row = Membership.objects.get(pk=stale.pk)
    assert row.weight == 2
    assert row.credit is not None
    assert row.credit < 0
