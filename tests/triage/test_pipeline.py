"""The pipeline over a real mailbox, with a judge that reads the verdict from the subject."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.mail import EmailMessage
from django.utils import timezone

from crm.models import AuditEntry, Contact, Lead
from inbox_router.models import Halt
from routing.models import Assignment, Hold, Membership, Pool, Salesperson, SlackAlert
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
    assert message.review_reason == "Spam, 69.6 % sure: below the line of 70%"
    assert human.uids() == [uid]
    assert "Review" in human.flags(uid)


def test_spam_is_trashed_on_the_next_run_only(human: ImapPeer, run: Callable) -> None:
    human.deliver(mails.mail("spam", 3).raw)
    run()
    assert len(human.uids()) == 1
    run()
    assert human.uids() == []
    assert len(human.uids("Trash")) == 1


def test_spam_waits_for_the_trash_delay_too(human: ImapPeer, run: Callable, settings: object) -> None:
    settings.TRASH_DELAY = 3600  # type: ignore[attr-defined]
    human.deliver(mails.mail("newsletter", 4).raw)
    run()
    run()
    assert len(human.uids()) == 1


def test_spam_that_a_person_flagged_stays(human: ImapPeer, run: Callable) -> None:
    uid = human.deliver(mails.mail("spam", 5).raw)
    run()
    human.flag(uid, "\\Flagged")
    run()
    assert human.uids() == [uid]
    delivery = MailboxDelivery.objects.get(deed="trash")
    assert (delivery.state, delivery.evidence) == ("cancelled", "left alone: a person flagged the mail")


def test_spam_that_a_person_moved_is_left_where_it_is(human: ImapPeer, run: Callable) -> None:
    uid = human.deliver(mails.mail("spam", 6).raw)
    run()
    human.move(uid, "Junk")
    run()
    assert len(human.uids("Junk")) == 1
    assert human.uids("Trash") == []
    assert MailboxDelivery.objects.get(deed="trash").state == "cancelled"


def test_spam_that_a_person_calls_a_lead_is_not_trashed(human: ImapPeer, run: Callable) -> None:
    human.deliver(mails.mail("spam", 7).raw)
    run()
    services.decide(Message.objects.get(), "lead", User.objects.create_user("rita"))
    run()
    assert human.uids("Trash") == []
    assert len(human.uids("Archive")) == len(human.uids("Drafts")) == 1
    assert Lead.objects.get().owner_name


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


def test_what_looks_like_spam_from_a_customer_goes_to_a_person(human: ImapPeer, run: Callable) -> None:
    Contact.objects.create(address="anna20@customer20.example", domain="customer20.example")
    human.deliver(mails.mail("spam", 20).raw)
    run()
    run()
    assert Message.objects.get().status == Status.REVIEW
    assert len(human.uids()) == 1


def test_an_approved_draft_is_sent_once_filed_and_taken_out_of_drafts(
    human: ImapPeer, run: Callable, mailoutbox: list
) -> None:
    human.deliver(mails.mail("lead", 21).raw)
    run()
    draft, user = Draft.objects.get(), User.objects.create_user("anton")
    services.edit_draft(draft, subject=draft.subject, body="Dear Anna,\n\nyes.\n", version=draft.version)
    services.approve_draft(draft, user)
    run()
    run()
    recipients = [mail.to for mail in mailoutbox]
    assert recipients == [["anna21@customer21.example"], [draft.cc]]
    assert b"yes." in human.mails("Sent")[0]
    assert human.uids("Drafts") == []
    with pytest.raises(services.Conflict):
        services.approve_draft(draft, user)


def test_a_draft_that_a_person_edited_in_the_mail_program_is_left_alone(human: ImapPeer, run: Callable) -> None:
    human.deliver(mails.mail("lead", 22).raw)
    run()
    ours = human.mails("Drafts")[0]
    human.remove(human.uids("Drafts")[0], "Drafts")
    human.deliver(ours.replace(b"Anna", b"Madam"), "Drafts")
    services.reject_draft(Draft.objects.get(), User.objects.create_user("anton"), reason="wrong facts")
    run()
    assert len(human.uids("Drafts")) == 1
    assert MailboxDelivery.objects.get(deed="discard").evidence == "left alone: a person edited it"


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


def test_an_answer_from_a_mail_program_closes_our_draft_and_stops_the_clock(human: ImapPeer, run: Callable) -> None:
    mail = mails.mail("lead", 25)
    human.deliver(mail.raw)
    run()
    answer = mails.sent_by_salesperson(25, "Ana Horakova <ana.horakova@acme.example>")
    human.deliver(answer.replace(b"Message-ID:", f"In-Reply-To: {mail.message_id}\nMessage-ID:".encode()), "Sent")
    run()
    assert Draft.objects.get().state == Draft.State.OUTSIDE
    assert Assignment.objects.get().answered_at
    assert human.uids("Drafts") == []
    assert AuditEntry.objects.filter(action="answered outside").count() == 1


def test_a_draft_that_a_killed_worker_had_in_hand_is_not_saved_after_somebody_answered(
    human: ImapPeer, run: Callable
) -> None:
    mail = mails.mail("lead", 26)
    human.deliver(mail.raw)
    Halt.begin("mona", "so that nothing is worked off")
    run()
    long_ago = timezone.now() - timedelta(hours=1)
    MailboxDelivery.objects.filter(deed="draft").update(state="taken", in_doubt=True, lease_until=long_ago)
    answer = mails.sent_by_salesperson(26, "Ana Horakova <ana.horakova@acme.example>")
    human.deliver(answer.replace(b"Message-ID:", f"In-Reply-To: {mail.message_id}\nMessage-ID:".encode()), "Sent")
    Halt.end("mona")
    run()
    assert Draft.objects.get().state == Draft.State.OUTSIDE
    assert MailboxDelivery.objects.get(deed="draft").state == "cancelled"
    assert human.uids("Drafts") == human.uids("Trash") == []


def test_a_lead_that_is_handed_over_gets_a_draft_in_the_new_owners_name(human: ImapPeer, run: Callable) -> None:
    human.deliver(mails.mail("lead", 26).raw)
    run()
    before = Assignment.objects.get()
    to = Salesperson.objects.exclude(pk=before.salesperson_id).get(name="Petra Novak")
    services.hand_over(Lead.objects.get(), to, User.objects.create_user("mona"), why="speaks Czech")
    run()
    waiting = Draft.objects.get(state=Draft.State.WAITING)
    assert (waiting.owner_name, Lead.objects.get().owner_name) == ("Petra Novak", "Petra Novak")
    assert [waiting.mime()] == human.mails("Drafts")


def test_a_lead_that_was_held_gets_its_draft_with_its_owner(human: ImapPeer, run: Callable) -> None:
    Membership.objects.update(active=False)
    Pool.objects.update(fallback=None)
    human.deliver(mails.mail("lead", 27).raw)
    run()
    assert Hold.objects.filter(resolved_at=None).count() == 1
    assert Draft.objects.count() == 0
    Membership.objects.update(active=True)
    services.release_holds(then=services.draft_for)
    run()
    assert Draft.objects.get().owner_name == Lead.objects.get().owner_name != ""
    assert len(human.uids("Drafts")) == 1


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


def test_spam_that_a_person_read_since_is_left_alone(human: ImapPeer, run: Callable) -> None:
    uid = human.deliver(mails.mail("spam", 30).raw)
    run()
    human.flag(uid, "\\Seen")
    run()
    assert human.uids() == [uid]
    assert MailboxDelivery.objects.get(deed="trash").evidence == "left alone: a person read the mail"


def test_no_more_than_the_daily_cap_goes_to_trash(human: ImapPeer, run: Callable, settings: object) -> None:
    settings.TRASH_DAILY_CAP = 2  # type: ignore[attr-defined]
    for number in (31, 32, 33):
        human.deliver(mails.mail("spam", number).raw)
    run()
    run()
    run()
    assert (len(human.uids("Trash")), len(human.uids())) == (2, 1)


def test_spam_whose_sender_became_a_customer_since_goes_to_a_person(human: ImapPeer, run: Callable) -> None:
    human.deliver(mails.mail("spam", 34).raw)
    run()
    Contact.objects.create(address="anna34@customer34.example", domain="customer34.example")
    run()
    assert Message.objects.get().status == Status.REVIEW
    assert human.uids("Trash") == []


def test_a_mail_in_trash_that_a_person_calls_a_lead_comes_back_byte_for_byte(human: ImapPeer, run: Callable) -> None:
    human.deliver(mails.mail("spam", 35).raw)
    before = human.mails()
    run()
    run()
    assert human.mails("Trash") == before
    services.decide(Message.objects.get(), "lead", User.objects.create_user("rita"))
    run()
    assert human.mails("Archive") == before
    assert human.uids("Trash") == human.uids() == []
    assert Lead.objects.get().owner_name


def test_a_mail_that_is_brought_back_from_trash_waits_in_the_inbox_for_a_person(human: ImapPeer, run: Callable) -> None:
    human.deliver(mails.mail("spam", 37).raw)
    before = human.mails()
    run()
    run()
    services.restore(Message.objects.get(), "rita")
    run()
    run()
    assert human.mails() == before
    assert sorted(Message.objects.values_list("status", flat=True)) == [Status.DUPLICATE, Status.REVIEW]
    services.decide(Message.objects.get(status=Status.REVIEW), "accounting", User.objects.create_user("rita"))
    run()
    assert human.flags(human.uids()[0]) == {"Accounting"}


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


def test_the_kill_switch_stops_approved_replies_after_one(
    human: ImapPeer, run: Callable, settings: Any, mailoutbox: list[EmailMessage]
) -> None:
    for number in range(3):
        human.deliver(mails.mail("lead", 40 + number).raw)
    run()
    settings.EMAIL_BACKEND = "tests.triage.halting.EmailBackend"
    anton = User.objects.create_user("anton")
    for draft in Draft.objects.all():
        services.approve_draft(draft, anton)
    run()
    assert customers(mailoutbox) == ["anna40@customer40.example"], "and perhaps the colleague in copy"
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    Halt.end("mona")
    run()
    assert sorted(customers(mailoutbox)) == [f"anna{number}@customer{number}.example" for number in (40, 41, 42)]


def customers(mails: list[EmailMessage]) -> list[str]:
    """Those whom replies were sent to, without our own people in copy."""
    return [address for mail in mails for address in mail.to if "customer" in address]


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


def test_a_lead_that_a_person_calls_spam_is_withdrawn_and_its_turn_is_credited(human: ImapPeer, run: Callable) -> None:
    human.deliver(mails.mail("lead", 38).raw)
    run()
    paid = Membership.objects.get(salesperson=Assignment.objects.get().salesperson, pool__kind="default")
    services.decide(Message.objects.get(), "spam", User.objects.create_user("rita"), why="a fake inquiry")
    run()
    assert Lead.objects.get().stage == Lead.Stage.JUNK
    assert human.uids("Drafts") == []
    assert Membership.objects.get(pk=paid.pk).credit > paid.credit
    services.decide(Message.objects.get(), "lead", User.objects.get())
    run()
    assert Lead.objects.get().stage == Lead.Stage.OPEN
    assert len(human.uids("Drafts")) == 1
    assert Assignment.objects.count() == 1


def test_a_reply_that_a_person_saw_arrive_counts_as_sent(human: ImapPeer, run: Callable) -> None:
    human.deliver(mails.mail("lead", 39).raw)
    run()
    draft = Draft.objects.get()
    services.approve_draft(draft, User.objects.create_user("anton"))
    sending = MailboxDelivery.objects.get(deed="send")
    MailboxDelivery.objects.filter(pk=sending.pk).update(state="unconfirmed", in_doubt=True)
    sending.refresh_from_db()
    sending.acknowledge("anton")
    draft.refresh_from_db()
    assert draft.state == Draft.State.SENT
    run()
    assert len(human.uids("Sent")) == 1


def test_a_lead_without_a_usable_address_has_no_draft_and_holds_no_other_one_up(human: ImapPeer, run: Callable) -> None:
    odd = mails.mail("uncertain", 40)
    human.deliver(odd.raw.replace(b"From: Anna Meyer 40 <anna40@customer40.example>", b"From: nobody at all"))
    run()
    services.decide(Message.objects.get(), "lead", User.objects.create_user("rita"))
    human.deliver(mails.mail("lead", 41).raw)
    run()
    assert Draft.objects.count() == len(human.uids("Drafts")) == 1
    assert AuditEntry.objects.filter(action="no draft").count() == 1
