"""The checker of the sweep tells lost, doubled and different apart, and excuses only what is openly unfinished."""

from collections import Counter

from tests.crash.stores import Difference, Item, State, difference

MAIL, DRAFT = ("mailbox", "<a@x>", "mail"), ("mailbox", "<a@x>", "draft")
DONE: Item = ("delivery", "<a@x>", "draft done")


def state(*things: Item, facts: tuple[Item, ...] = (DONE,), shown: str = "") -> State:
    return State(Counter(things), frozenset(facts), frozenset({shown} - {""}), frozenset())


GOLDEN = state(MAIL, DRAFT)


def test_the_same_is_no_difference() -> None:
    assert not difference(state(DRAFT, MAIL), GOLDEN)


def test_what_is_missing_is_lost() -> None:
    assert difference(state(MAIL), GOLDEN) == Difference(lost=[DRAFT])


def test_what_is_there_twice_is_doubled_even_if_a_delivery_is_openly_unfinished() -> None:
    found = state(MAIL, DRAFT, DRAFT, shown="<a@x>")
    assert difference(found, GOLDEN) == Difference(doubled=[DRAFT])


def test_a_delivery_that_openly_failed_excuses_what_its_own_mail_lacks() -> None:
    failed: Item = ("delivery", "<a@x>", "draft failed")
    assert not difference(state(MAIL, facts=(failed,), shown="<a@x>"), GOLDEN)


def test_a_delivery_that_openly_failed_excuses_no_other_mail() -> None:
    found = state(MAIL, shown="<b@x>")
    assert difference(found, GOLDEN) == Difference(lost=[DRAFT])


def test_another_fact_is_different() -> None:
    cancelled: Item = ("delivery", "<a@x>", "draft cancelled")
    found = difference(state(MAIL, DRAFT, facts=(cancelled,)), GOLDEN)
    assert found.wrong == [cancelled, DONE]


def test_what_is_told_of_a_mail_that_a_person_judged_instead_may_be_another_story() -> None:
    told: Item = ("audit", "<a@x>", "message:to review:1")
    found = State(Counter([MAIL, DRAFT, told]), frozenset(), frozenset(), frozenset({"<a@x>"}))
    assert not difference(found, GOLDEN, same_judgements=False)
