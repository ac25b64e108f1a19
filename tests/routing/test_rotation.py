"""The credit ledger: exact, fair over any window, and never reset."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.rotation import TURN, Candidate, Turn, after, next_turns, seat, take_turn

START = datetime(2026, 11, 2, 9, tzinfo=UTC)


def team(*weights: int) -> list[Candidate]:
    return [Candidate(number, f"P{number}", weight) for number, weight in enumerate(weights, start=1)]


def play(candidates: list[Candidate], turns: int, start: datetime = START) -> tuple[list[int], list[Candidate]]:
    """The winners' ids and the candidates as they stand then."""
    winners = []
    for number in range(turns):
        turn = take_turn(candidates)
        assert turn.winner is not None
        winners.append(turn.winner.id)
        candidates = after(candidates, turn, start + timedelta(seconds=number))
    return winners, candidates


def credits(candidates: list[Candidate]) -> list[int]:
    return [candidate.credit or 0 for candidate in candidates]


def test_equal_weights_make_a_plain_round() -> None:
    winners, _ = play(team(1, 1, 1, 1), 12)
    assert winners == [1, 2, 3, 4] * 3


def test_weights_are_dealt_smoothly_and_not_in_bursts() -> None:
    winners, _ = play(team(5, 1, 1), 7)
    assert winners == [1, 1, 2, 1, 3, 1, 1]


def test_of_equals_the_longest_waiting_goes_first() -> None:
    first, second = team(1, 1)
    turn = take_turn([replace(first, credit=0, last_turn=START), replace(second, credit=0, last_turn=None)])
    assert turn.winner is not None
    assert turn.winner.name == "P2"


@given(st.integers(2, 40), st.integers(1, 200), st.integers(0, 200))
def test_with_equal_weights_nobody_is_more_than_one_lead_ahead_in_any_window(size: int, length: int, skip: int) -> None:
    winners, _ = play(team(*[1] * size), skip + length)
    received = Counter(winners[skip:])
    counts = [received[number] for number in range(1, size + 1)]
    assert max(counts) - min(counts) <= 1


@given(st.lists(st.integers(1, 20), min_size=1, max_size=9), st.integers(1, 120))
def test_weighted_shares_stay_within_the_bound_of_the_method(weights: list[int], turns: int) -> None:
    """Credits lie in (-1, H(n) - 1]: of the k highest, none rises by more than 1/(k+1) above the k+1 highest."""
    winners, candidates = play(team(*weights), turns)
    highest = sum(Fraction(1, k) for k in range(2, len(weights) + 1))
    received = Counter(winners)
    for candidate in candidates:
        assert -TURN < (candidate.credit or 0) <= highest * TURN + len(weights)
        owed = Fraction(turns * candidate.weight, sum(weights))
        assert abs(owed - received[candidate.id] - Fraction(candidate.credit or 0, TURN)) < Fraction(1, 10**6)


@given(st.lists(st.integers(1, 20), min_size=1, max_size=9), st.integers(0, 80), st.integers(1, 120))
def test_weighted_shares_stay_within_the_bound_over_any_window(weights: list[int], skip: int, length: int) -> None:
    """What somebody got in a window differs from what they were owed by the change of their credit: less than H(n)."""
    _, candidates = play(team(*weights), skip)
    winners, _ = play(candidates, length)
    received = Counter(winners)
    bound = sum(Fraction(1, k) for k in range(1, len(weights) + 1)) + Fraction(1, 10**6)
    for candidate in candidates:
        assert abs(received[candidate.id] - Fraction(length * candidate.weight, sum(weights))) < bound


@st.composite
def stories(draw: st.DrawFn) -> list[tuple[list[int], set[int]]]:
    """For each turn the weights (which are edited now and then) and who is away."""
    size = draw(st.integers(2, 7))
    story, weights = [], draw(st.lists(st.integers(1, 9), min_size=size, max_size=size))
    for _ in range(draw(st.integers(1, 60))):
        if draw(st.integers(0, 9)) == 0:
            weights = draw(st.lists(st.integers(1, 9), min_size=size, max_size=size))
        story.append((weights, draw(st.sets(st.integers(1, size), max_size=size))))
    return story


@given(stories())
def test_every_turn_conserves_the_sum_whoever_is_away_and_whatever_is_edited(story: list) -> None:
    candidates = [replace(candidate, credit=0) for candidate in team(*story[0][0])]
    for number, (weights, away) in enumerate(story):
        candidates = [
            replace(c, weight=weight, why_not="is away" if c.id in away else "")
            for c, weight in zip(candidates, weights, strict=True)
        ]
        turn = take_turn(candidates)
        assert (turn.winner is None) == (len(away) == len(candidates))
        before = {c.id: c.credit for c in candidates}
        candidates = after(candidates, turn, START + timedelta(seconds=number))
        assert sum(credits(candidates)) == 0
        assert all(c.credit == before[c.id] for c in candidates if c.id in away), "the absent neither earn nor pay"


@given(stories())
def test_a_restart_changes_nothing(story: list) -> None:
    """What is stored is all there is: continuing from stored numbers is continuing."""
    weights = story[0][0]
    _, candidates = play(team(*weights), 10)
    restored = [Candidate(c.id, c.name, c.weight, c.credit, c.last_turn) for c in candidates]
    assert play(candidates, 20)[0] == play(restored, 20)[0]


def test_a_newcomer_starts_at_the_average_of_the_others() -> None:
    _, candidates = play(team(1, 1, 1, 1), 30)
    newcomer = Candidate(9, "New")
    winners, _ = play([*candidates, newcomer], 40)
    assert Counter(winners)[9] == 8


@given(st.integers(0, 50), st.integers(1, 60))
def test_a_returner_is_not_owed_what_was_missed(before: int, away: int) -> None:
    _, candidates = play(team(1, 1, 1, 1, 1), before)
    absent = [replace(c, why_not="is on leave" if c.id == 1 else "") for c in candidates]
    _, absent = play(absent, away)
    back = [replace(c, why_not="", returning=c.id == 1) for c in absent]
    winners, _ = play(back, 40)
    assert Counter(winners)[1] <= 8


def test_when_everybody_returns_at_once_the_credits_meet_at_their_average() -> None:
    seated = seat([replace(c, credit=c.id * 10, returning=True) for c in team(1, 1, 1)])
    assert credits(seated) == [20, 20, 20]


def test_a_pool_of_one_always_wins_and_owes_nothing() -> None:
    winners, candidates = play(team(3), 5)
    assert winners == [1] * 5
    assert credits(candidates) == [0]


def test_with_nobody_there_nobody_wins_and_all_say_why() -> None:
    turn = take_turn([replace(candidate, why_not="is on leave") for candidate in team(1, 1)])
    assert turn == Turn(None, (), turn.skipped)
    assert [candidate.why_not for candidate in turn.skipped] == ["is on leave", "is on leave"]


def test_the_winner_stands_first_and_the_credits_before_and_after_are_told() -> None:
    turn = take_turn(team(1, 1))
    assert [(row.name, row.start, row.bid, row.after) for row in turn.standings] == [
        ("P1", 0, TURN // 2, -TURN // 2),
        ("P2", 0, TURN // 2, TURN // 2),
    ]


def test_the_next_turns_are_those_that_then_happen() -> None:
    _, candidates = play(team(3, 2, 1), 5)
    later = START + timedelta(hours=1)
    foreseen = [turn.winner.id for turn in next_turns(candidates, 10, later) if turn.winner]
    assert foreseen == play(candidates, 10, later)[0]


@pytest.mark.parametrize("size", [7, 24, 25, 37])
def test_a_turn_is_split_without_losing_a_unit(size: int) -> None:
    turn = take_turn(team(*[1] * size))
    assert sum(row.earned for row in turn.standings) == TURN


def test_who_has_left_counts_in_no_average() -> None:
    ana, ben = team(1, 1)
    left = Candidate(3, "Left", credit=-10 * TURN, why_not="has left", gone=True)
    seated = seat([replace(ana, credit=10), replace(ben, credit=30), left, Candidate(4, "New")])
    assert credits(seated) == [10, 30, -10 * TURN, 20]
