"""The pipeline over a real mailbox, with a judge that reads the verdict from the subject."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User

from crm.models import AuditEntry, Lead
from inbox_router.models import Halt
from routing.models import Assignment, Salesperson, SlackAlert
from tests import mails
from tests.servers.imap import ImapPeer
from tests.triage.judge import SubjectJudge
from triage import services
from triage.models import Classification, Draft, Mailbox, MailboxDelivery, Message

pytestmark = [pytest.mark.django_db, pytest.mark.dovecot]
Status = Message.Status


def message_of(mail: mails.Mail) -> Message:
    return Message.objects.get(message_id=mail.message_id)


def answer_to(mail: mails.Mail, number: int = 0) -> bytes:
    """What the writer of a mail writes next in its thread."""
    answer = mails.mail(mail.kind, mail.number, in_reply_to=mail.message_id)
    return answer.raw.replace(b"Message-ID: <", f"Message-ID: <again.{number}.".encode())


def test_a_lead_becomes_a_record_an_owner_and_a_draft(human: ImapPeer, run: Callable) -> None:
    mail = mails.mail("lead", 1)
    human.deliver(mail.raw)
    run()
    lead = Lead.objects.get()
    assert lead.contact.address == "anna1@customer1.example"
    assert lead.source == f"e-mail to {Mailbox.objects.get().address}"
    assert lead.owner_name == Assignment.objects.get(lead=lead).salesperson.name
    assert human.uids() == []
    assert len(human.uids("Archive")) == 1
    draft = human.mails("Drafts")[0]
    assert f"In-Reply-To: {mail.message_id}".encode() in draft
    assert b"To: Anna Meyer 1 <anna1@customer1.example>" in draft
    assert b"Hello Anna," in draft or b"Dear Anna," in draft


def test_a_judgement_below_the_line_waits_for_a_person_with_the_reason(human: ImapPeer, run: Callable) -> None:
    uid = human.deliver(mails.mail("spam", 2).raw)
    run(SubjectJudge(confidence=0.696))
    run(SubjectJudge(confidence=0.696))
    message = Message.objects.get()
    assert message.status == Status.REVIEW
    assert message.review_reason == "Spam, 69.6 % sure: below the line of 70 %"
    assert human.uids() == [uid]
    assert "Review" in human.flags(uid)


def test_mail_of_a_colleague_is_skipped_and_untouched(human: ImapPeer, run: Callable) -> None:
    uid = human.deliver(mails.mail("internal", 8).raw)
    judge = SubjectJudge()
    run(judge)
    assert (Message.objects.get().status, judge.asked) == (Status.SKIPPED, 0)
    assert human.uids() == [uid]
    assert human.flags(uid) == set()
    assert AuditEntry.objects.filter(action="skipped").count() == 1


def test_an_automatic_reply_is_never_drafted_to_and_never_rotated(human: ImapPeer, run: Callable) -> None:
    human.deliver(mails.mail("auto-reply", 9).raw)
    run()
    assert Message.objects.get().status == Status.REVIEW
    assert Assignment.objects.count() == Draft.objects.count() == Lead.objects.count() == 0


def test_accounting_mail_is_labelled_and_left(human: ImapPeer, run: Callable) -> None:
    uid = human.deliver(mails.mail("accounting", 10).raw)
    run()
    run()
    assert human.uids() == [uid]
    assert human.flags(uid) == {"Accounting"}


def test_a_thread_with_a_salesperson_in_it_gets_no_second_assignment(human: ImapPeer, run: Callable) -> None:
    human.deliver(mails.sent_by_salesperson(11, "Ana Horakova <ana.horakova@acme.example>"), "Sent")
    human.deliver(mails.mail("thread", 11, in_reply_to="<sent.11@acme.example>").raw)
    run()
    assert Assignment.objects.count() == Draft.objects.count() == 0
    assert Lead.objects.get().owner_name == "Ana Horakova"
    logged = AuditEntry.objects.get(action="in conversation")
    assert "Ana Horakova" in logged.summary
    assert "wrote on" in logged.reason


def test_an_answer_in_the_thread_of_a_lead_belongs_to_that_lead(human: ImapPeer, run: Callable) -> None:
    first = mails.mail("lead", 12)
    human.deliver(first.raw)
    run()
    human.deliver(mails.mail("lead", 13, in_reply_to=first.message_id).raw)
    run()
    assert Lead.objects.count() == Assignment.objects.count() == Draft.objects.count() == 1
    assert AuditEntry.objects.filter(action="follow-up").count() == 1


def test_an_answer_that_the_judge_is_not_sure_of_goes_straight_to_whoever_has_the_lead(
    human: ImapPeer, run: Callable
) -> None:
    first = mails.mail("lead", 42)
    human.deliver(first.raw)
    run()
    for name, doubt in enumerate(({"category": "uncertain"}, {"confidence": 0.2}, {"error": "no answer in time"})):
        human.deliver(answer_to(first, name))
        run(SubjectJudge(**doubt))
    owner = Salesperson.objects.get(name=Lead.objects.get().owner_name)
    assert Message.objects.filter(status=Status.REVIEW).count() == 0
    assert SlackAlert.objects.filter(salesperson=owner, text__contains="Your customer wrote").count() == 3
    assert Assignment.objects.count() == Draft.objects.count() == Lead.objects.count() == 1
    judged = Classification.objects.filter(message=Message.objects.last()).order_by("pk")
    assert [one.judge for one in judged] == ["local", "rule"]
    assert "no answer in time" in judged[1].reason


@pytest.mark.parametrize(
    "change", [{"category": "spam", "confidence": 0.99}, {"category": "newsletter", "confidence": 0.4}]
)
def test_an_answer_to_a_lead_that_looks_like_trash_waits_for_a_person(
    human: ImapPeer, run: Callable, change: dict
) -> None:
    first = mails.mail("lead", 43)
    human.deliver(first.raw)
    run()
    human.deliver(answer_to(first))
    run(SubjectJudge(**change))
    run()
    assert Message.objects.last().status == Status.REVIEW
    assert human.uids("Trash") == []


def test_an_uncertain_mail_of_somebody_else_in_a_leads_thread_waits_for_a_person(
    human: ImapPeer, run: Callable
) -> None:
    first = mails.mail("lead", 44)
    human.deliver(first.raw)
    run()
    human.deliver(mails.mail("uncertain", 45, in_reply_to=first.message_id).raw)
    run()
    assert Message.objects.last().status == Status.REVIEW


def test_an_uncertain_answer_waits_for_a_person_when_whoever_had_the_lead_has_left(
    human: ImapPeer, run: Callable
) -> None:
    first = mails.mail("lead", 46)
    human.deliver(first.raw)
    run()
    Salesperson.objects.update(active=False)
    human.deliver(answer_to(first))
    run(SubjectJudge(category="uncertain"))
    assert Message.objects.last().status == Status.REVIEW


def test_the_languages_and_the_technical_requests_find_their_pools(human: ImapPeer, run: Callable) -> None:
    for kind in ("lead", "lead-de", "rfq"):
        human.deliver(mails.mail(kind, 14).raw)
    run()
    pools = {
        a.lead.subject.split()[0]: a.pool.name for a in Assignment.objects.select_related("lead", "pool") if a.pool
    }
    assert pools == {"lead": "Inside sales", "lead-de": "German", "rfq": "Engineering"}
    assert all(assignment.cc for assignment in Assignment.objects.all())


def test_at_first_connect_old_and_read_mail_is_recorded_and_not_acted_on(human: ImapPeer, run: Callable) -> None:
    human.deliver(mails.mail("lead", 15).raw, flags="\\Seen")
    human.deliver(mails.mail("lead", 16).raw)
    run()
    assert message_of(mails.mail("lead", 16)).status == Status.DONE
    assert Message.objects.filter(status=Status.BACKLOG).count() == 1
    assert Lead.objects.count() == 1


def test_a_mail_that_a_person_read_first_is_still_found(human: ImapPeer, run: Callable) -> None:
    run()
    human.deliver(mails.mail("lead", 17).raw, flags="\\Seen")
    run()
    assert Lead.objects.count() == 1


def test_a_further_run_changes_nothing(human: ImapPeer, run: Callable) -> None:
    for mail in mails.mixed(20):
        human.deliver(mail.raw)
    run()
    run()
    folders = {folder: [(uid, human.flags(uid, folder)) for uid in human.uids(folder)] for folder in human.folders()}
    rows = [AuditEntry.objects.count(), Classification.objects.count(), MailboxDelivery.objects.count()]
    judge = SubjectJudge()
    run(judge)
    assert judge.asked == 0
    assert folders == {f: [(uid, human.flags(uid, f)) for uid in human.uids(f)] for f in human.folders()}
    assert rows == [AuditEntry.objects.count(), Classification.objects.count(), MailboxDelivery.objects.count()]


def test_while_one_run_has_the_mailbox_another_does_nothing(human: ImapPeer, run: Callable) -> None:
    human.deliver(mails.mail("lead", 18).raw)
    lease = services.active_mailboxes()[0].take_lease()
    assert lease
    assert run() == {}
    assert Message.objects.count() == 0
    lease.give_back()
    run()
    assert Message.objects.count() == 1


def test_a_model_that_fails_leaves_every_mail_to_a_person(human: ImapPeer, run: Callable) -> None:
    human.deliver(mails.mail("spam", 19).raw)
    run(SubjectJudge(error="the model did not answer in time", category="uncertain", confidence=0.0))
    message = Message.objects.get()
    assert message.status == Status.REVIEW
    assert "did not answer in time" in message.review_reason


def test_two_people_cannot_decide_the_same_message(human: ImapPeer, run: Callable) -> None:
    human.deliver(mails.mail("uncertain", 23).raw)
    run()
    seen_by_both = [Message.objects.get(), Message.objects.get()]
    user = User.objects.create_user("rita")
    services.decide(seen_by_both[0], "accounting", user)
    with pytest.raises(services.Conflict):
        services.decide(seen_by_both[1], "spam", user)
    assert Message.objects.get().category == "accounting"


def test_a_resolved_review_loses_its_label(human: ImapPeer, run: Callable) -> None:
    uid = human.deliver(mails.mail("uncertain", 24).raw)
    run()
    services.decide(Message.objects.get(), "accounting", User.objects.create_user("rita"))
    run()
    assert human.flags(uid) == {"Accounting"}


def test_a_colleague_who_was_only_copied_is_shown_to_a_person_who_decides(human: ImapPeer, run: Callable) -> None:
    mail = mails.mail("lead", 28)
    human.deliver(mail.raw.replace(b"To: ", b"Cc: Ana Horakova <ana.horakova@acme.example>\nTo: "))
    run()
    message = Message.objects.get()
    assert message.status == Status.REVIEW
    assert "Ana Horakova was only CC'd" in message.review_reason
    services.decide(message, "lead", User.objects.create_user("rita"))
    assert Assignment.objects.count() == 1


def test_a_mail_that_cannot_be_read_waits_in_quarantine_with_its_bytes_and_can_be_retried(
    human: ImapPeer, run: Callable
) -> None:
    raw = b"\r\n\r\n"
    human.deliver(raw)
    human.deliver(mails.mail("lead", 29).raw)
    run()
    message = Message.objects.get(status=Status.QUARANTINED)
    assert bytes(message.raw) == raw
    assert "neither a header nor a text" in message.error
    assert Lead.objects.count() == 1
    services.read_again(message, User.objects.create_user("rita"))
    run()
    message.refresh_from_db()
    assert message.status == Status.QUARANTINED
    assert len(human.uids()) == 1


def test_the_kill_switch_stops_everything_outside_until_it_is_lifted(human: ImapPeer, run: Callable) -> None:
    human.deliver(mails.mail("lead", 36).raw)
    Halt.begin("mona", "the drafts look odd")
    run()
    assert Lead.objects.count() == 1
    assert human.uids("Drafts") == []
    assert len(human.uids()) == 1
    Halt.end("mona")
    run()
    assert len(human.uids("Drafts")) == 1
    assert human.uids() == []


def test_in_shadow_mode_everything_is_decided_and_nothing_is_touched(
    human: ImapPeer, run: Callable, settings: object
) -> None:
    settings.ARMED = frozenset()  # type: ignore[attr-defined]
    for mail in mails.mixed(20):
        human.deliver(mail.raw)
    before = {folder: human.mails(folder) for folder in human.folders()}
    run()
    run()
    assert {folder: human.mails(folder) for folder in human.folders()} == before
    assert all(human.flags(uid) == set() for uid in human.uids())
    assert Lead.objects.count() > 0
    assert Draft.objects.count() > 0
    settings.ARMED = frozenset({"label", "draft", "trash", "archive"})  # type: ignore[attr-defined]
    run()
    assert {folder: human.mails(folder) for folder in human.folders()} == before, "what was decided before stays undone"
