"""Who of us is in a thread, by headers, with the evidence in words."""

from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from routing.services import Colleague, Headers, Participant, who_is_in

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
TEAM = {
    "ana@acme.example": Colleague("Ana"),
    "ben@acme.example": Colleague("Ben"),
    "cleo@acme.example": Colleague("Cleo", left=True),
}
ASK = Headers(
    "<2@kunde>", "karl@kunde.example", ("sales@acme.example",), subject="AW: Pumps", in_reply_to="<1@acme>", at=NOW
)
REPLY = Headers(
    "<1@acme>", "ana@acme.example", ("karl@kunde.example",), subject="Pumps", at=datetime(2026, 11, 12, tzinfo=UTC)
)


def found(ask: Headers, *others: Headers) -> list[tuple[str, bool]]:
    return [(participant.evidence, participant.weak) for participant in who_is_in(ask, others, TEAM, NOW)]


def test_in_reply_to_is_trusted() -> None:
    assert who_is_in(ASK, [REPLY], TEAM, NOW) == [Participant("ana@acme.example", "Ana wrote on 12 Nov")]


def test_an_answer_that_was_sent_already_counts() -> None:
    sent = replace(REPLY, message_id="<3@acme>", in_reply_to="<2@kunde>")
    assert found(replace(ASK, in_reply_to=""), sent) == [("Ana wrote on 12 Nov", False)]


def test_a_reference_counts_where_the_customer_was_in_it_or_the_subject_is_the_same() -> None:
    ask = replace(ASK, in_reply_to="", references=("<1@acme>",))
    assert found(ask, REPLY) == [("Ana wrote on 12 Nov", False)]
    internal = replace(REPLY, to=("ben@acme.example",))
    assert found(ask, internal)[0] == ("Ana wrote on 12 Nov", False)


def test_a_reused_old_mail_is_weak_evidence() -> None:
    ask = replace(ASK, in_reply_to="", references=("<1@acme>",), subject="Something new")
    elsewhere = replace(REPLY, to=("other@firm.example",))
    assert found(ask, elsewhere) == [("Ana wrote on 12 Nov, in a mail that is only referred to", True)]


def test_the_subject_alone_proves_nothing() -> None:
    assert found(replace(ASK, in_reply_to=""), REPLY) == []


def test_of_two_writers_the_one_by_the_better_evidence_and_then_the_same_subject_comes_first() -> None:
    ask = replace(ASK, references=("<0@acme>", "<1@acme>"))
    older = replace(REPLY, message_id="<0@acme>", sender="ben@acme.example", at=datetime(2026, 11, 20, tzinfo=UTC))
    assert [evidence for evidence, _ in found(ask, older, REPLY)] == ["Ana wrote on 12 Nov", "Ben wrote on 20 Nov"]
    ask = replace(ask, in_reply_to="")
    other_subject = replace(older, subject="Valves")
    assert found(ask, other_subject, REPLY)[0][0] == "Ana wrote on 12 Nov"


def test_somebody_who_was_only_copied_is_weak() -> None:
    copied = replace(REPLY, sender="karl@kunde.example", cc=("ben@acme.example",), at=datetime(2025, 3, 3, tzinfo=UTC))
    assert found(ASK, copied) == [("Ben was only CC'd on 3 Mar 2025", True)]


def test_somebody_who_has_left_is_weak_and_comes_last() -> None:
    ask = replace(ASK, references=("<0@acme>",))
    gone = replace(REPLY, message_id="<0@acme>", sender="cleo@acme.example", at=datetime(2026, 11, 21, tzinfo=UTC))
    assert found(ask, gone, REPLY) == [("Ana wrote on 12 Nov", False), ("Cleo wrote on 21 Nov, and has left", True)]


def test_the_day_is_told_by_the_clock_of_now() -> None:
    late = replace(REPLY, at=datetime(2025, 12, 31, 20, tzinfo=UTC))
    kolkata = NOW.astimezone(ZoneInfo("Asia/Kolkata"))
    assert who_is_in(ASK, [late], TEAM, kolkata)[0].evidence == "Ana wrote on 1 Jan"
    assert who_is_in(ASK, [late], TEAM, NOW)[0].evidence == "Ana wrote on 31 Dec 2025"


def test_what_was_written_more_than_a_year_ago_is_weak() -> None:
    assert found(ASK, replace(REPLY, at=datetime(2025, 11, 1, tzinfo=UTC))) == [("Ana wrote on 1 Nov 2025", True)]
