"""What people said of a sender before, and what the judges make of it."""

from dataclasses import replace

import pytest

from tests import office
from tests.triage.llm import ANNA
from triage import services
from triage.classifiers import Judgement
from triage.learning import verdicts
from triage.learning.memory import Memory
from triage.models import Message

NEWS = replace(ANNA, sender_address="news@shop.example")
COLLEAGUE = replace(ANNA, sender_address="other@shop.example")
UNSURE = Judgement("uncertain", 0.5, "en")
THREE = Memory([("news@shop.example", "newsletter")] * 3)


class TestMemory:
    def test_a_judge_is_told_what_people_said_of_the_sender(self):
        assert THREE.remind(NEWS).evidence == ("People took earlier mail of this sender for: 3 newsletter",)
        assert THREE.remind(COLLEAGUE).evidence == ("People took earlier mail of this domain for: 3 newsletter",)

    def test_of_a_stranger_nothing_is_told_and_nothing_changed(self):
        assert THREE.remind(ANNA) is ANNA
        assert THREE.weigh(ANNA, UNSURE) is UNSURE

    def test_people_at_a_freemail_provider_are_no_colleagues(self):
        memory = Memory([("spammer@gmail.com", "spam")] * 9)
        assert memory.weigh(replace(ANNA, sender_address="anna@gmail.com"), UNSURE) is UNSURE

    def test_what_fits_becomes_surer_and_what_does_not_less_sure(self):
        assert THREE.weigh(NEWS, Judgement("newsletter", 0.6, "en")).confidence > 0.8
        assert THREE.weigh(NEWS, Judgement("lead", 0.9, "en")).confidence < 0.9

    def test_a_colleague_counts_less_than_the_sender(self):
        said = Judgement("newsletter", 0.6, "en")
        assert 0.6 < THREE.weigh(COLLEAGUE, said).confidence < THREE.weigh(NEWS, said).confidence

    def test_many_verdicts_turn_a_weak_judgement(self):
        assert Memory([("news@shop.example", "newsletter")] * 12).weigh(NEWS, UNSURE).category == "newsletter"

    def test_no_number_of_verdicts_gives_the_key_to_the_trash(self):
        known = Memory([("news@shop.example", "newsletter")] * 1000).weigh(NEWS, UNSURE)
        assert (known.category, known.may_trash) == ("newsletter", False)

    @pytest.mark.parametrize("confidence", [0.0, 1.0])
    def test_certainty_stays_within_its_bounds(self, confidence):
        assert 0 <= THREE.weigh(NEWS, Judgement("lead", confidence, "en")).confidence <= 1

    def test_a_failure_stays_one(self):
        failed = Judgement("uncertain", 0.0, "", error="no answer")
        assert THREE.weigh(NEWS, failed) is failed


@pytest.mark.django_db
def test_it_is_made_of_what_people_decided_and_did_not_take_back():
    rows = [office.message(address="news@shop.example") for _ in range(2)]
    for row in rows:
        services.decide(row, "newsletter", office.boss())
    services.take_back(Message.objects.get(pk=rows[0].pk), office.boss())
    assert verdicts.senders() == [("news@shop.example", "newsletter")]
