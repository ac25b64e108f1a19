"""Of what is filed without a person, some mails are shown to one; whether they agree or not."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from crm.models import Lead
from routing.models import Assignment
from tests import office
from triage.admin.waiting import review_queue
from triage.decisions import Known
from triage.learning import audit, verdicts
from triage.models import Classification, Draft, MailboxDelivery, Message
from triage.services import Conflict, decide
from triage.stages.act import act_on

pytestmark = pytest.mark.django_db
Status, Sample = Message.Status, Message.Sample


@pytest.fixture(autouse=True)
def everything_is_drawn(settings) -> None:
    settings.AUDIT_SAMPLE = 100


def file(category: str = "newsletter", **fields: object) -> Message:
    """A mail that the act stage files without a person."""
    row = office.message(status=Status.CLASSIFIED, category=category, confidence=0.9, **fields)
    said = row.classifications.get()
    said.may_trash = True
    act_on(row, said, Known())
    return Message.objects.get(pk=row.pk)


def world() -> list[int]:
    return [model.objects.count() for model in (Lead, Assignment, Draft, MailboxDelivery)]


class TestDrawing:
    def test_a_filed_mail_waits_for_a_person_and_is_filed_all_the_same(self):
        row = file()
        assert (row.status, row.sample) == (Status.ACTED, Sample.WAITING)
        assert list(review_queue()) == [row]

    def test_what_waits_for_a_person_anyway_comes_first_and_is_no_sample(self):
        sampled, unsure = file(), office.message(category="spam", confidence=0.2)
        assert list(review_queue()) == [unsure, sampled]
        assert unsure.sample == ""

    def test_what_a_person_decided_is_not_drawn(self):
        row = office.message()
        decide(row, "accounting", office.boss())
        assert Message.objects.get().sample == ""

    def test_about_as_many_are_drawn_as_the_setting_says_and_the_same_ones_each_time(self, settings):
        settings.AUDIT_SAMPLE = 20
        drawn = [file().sample for _ in range(100)]
        assert 8 <= drawn.count(Sample.WAITING) <= 34
        rows = list(Message.objects.order_by("pk"))
        Message.objects.update(sample="", status=Status.CLASSIFIED, version=0)
        for row in Message.objects.order_by("pk"):
            act_on(row, Classification(judge="rule", category=row.category, confidence=1), Known())
        assert [row.sample for row in rows] == [row.sample for row in Message.objects.order_by("pk")]

    def test_a_mail_that_was_looked_at_is_not_drawn_again(self):
        row = file()
        decide(row, "newsletter", office.boss())
        Message.objects.update(status=Status.CLASSIFIED)
        row = Message.objects.get()
        act_on(row, Classification(judge="rule", category="newsletter", confidence=1), Known())
        assert Message.objects.get().sample == Sample.SEEN

    def test_without_a_sample_nothing_is_drawn(self, settings):
        settings.AUDIT_SAMPLE = 0
        assert file().sample == ""


class TestAnswering:
    def test_to_agree_changes_nothing_but_is_a_verdict_that_was_asked_for(self):
        row = file()
        Message.objects.update(status=Status.DONE)
        before = world()
        decide(row, "newsletter", office.boss())
        after = Message.objects.get()
        assert (after.status, after.sample, after.version) == (Status.DONE, Sample.SEEN, row.version)
        assert world() == before
        assert [(one.category, one.asked) for one in verdicts.live()] == [("newsletter", True)]
        assert not review_queue().exists()

    def test_a_second_person_who_agrees_later_is_told_that_somebody_was_faster(self):
        row = file("accounting")
        decide(row, "accounting", office.boss())
        decide(Message.objects.get(), "spam", office.boss())
        with pytest.raises(Conflict):
            decide(row, "accounting", office.boss())

    def test_to_disagree_is_a_correction_like_any_other(self):
        office.team()
        row = file()
        Message.objects.update(status=Status.DONE)
        trash = MailboxDelivery.of(row, MailboxDelivery.Deed.TRASH)
        trash.state, trash.evidence = MailboxDelivery.State.DONE, "UID 7 in Trash"
        trash.save()
        decide(Message.objects.get(), "lead", office.boss())
        assert MailboxDelivery.objects.filter(deed="restore", state="owed").exists()
        assert Assignment.objects.filter(active=True).count() == 1
        assert Message.objects.get().sample == Sample.SEEN
        assert [(one.category, one.asked) for one in verdicts.live()] == [("lead", True)]


def test_the_dashboard_tells_how_many_of_the_sample_were_wrong(client: Client):
    cache.clear()
    for said in ("newsletter", "spam", "accounting", ""):
        row = file()
        if said:
            decide(row, said, office.boss())
    found = audit.outcome(timezone.now() - timedelta(days=7))
    assert (found.waiting, found.seen, found.wrong) == (1, 3, 1)
    client.force_login(office.boss())
    page = client.get(reverse("admin:index")).content.decode()
    assert "of 3 filed without a person and looked at since, 1 were wrong; 1 wait." in page
    assert client.get(reverse("admin:triage_message_changelist") + "?sample=seen").status_code == 200


def test_the_review_queue_says_that_it_is_a_sample(client: Client):
    cache.clear()
    client.force_login(office.boss())
    file()
    page = client.get(reverse("admin:triage_message_review")).content.decode()
    assert "Audit sample." in page
    assert "filed as Newsletter without a person" in page
