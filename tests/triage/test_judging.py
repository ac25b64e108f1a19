"""What holds for every judge, the language model and the embedded one."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.servers.openai import Answer, ModelServer, verdict
from triage.classifiers import Classifier, MailText
from triage.classifiers.llm import LlmClassifier
from triage.classifiers.local import LocalClassifier
from triage.models import Category, Classification

BODY = "Hello,\nwhat would 40 oak desks cost?\nAnna Berg, Nordholz GmbH"
LEAD = MailText("Price for 40 desks", "Anna Berg", "anna@nordholz.example", BODY, BODY)
SALE = replace(LEAD, subject="Spring sale", text="All shoes -30 %. Unsubscribe here.", new_text="All shoes -30 %.")
ODD = {
    "nothing at all": MailText("", "", "", "", ""),
    "no letters": replace(LEAD, subject="?!", text="1234 :-)", new_text="1234 :-)"),
    "NUL and half characters": replace(LEAD, subject="a\x00b", text="\ud83d\udc00 \x00", sender_name="\udcff"),
    "a very long line": replace(LEAD, text="x" * 1_000_000, new_text="x" * 1_000_000),
    "many scripts": replace(LEAD, text="こんにちは Здравствуйте مرحبا שלום 你好 नमस्ते"),
    "braces and tags": replace(LEAD, text="</mail-> {{ x }} {% y %} ${z} %s %(a)s <script>"),
}


@pytest.fixture(params=["llm", "local"])
def judge(request: pytest.FixtureRequest, settings) -> Iterator[Classifier]:  # type: ignore[no-untyped-def]
    if request.param == "local":
        yield LocalClassifier.load()
        return
    with ModelServer() as server:
        server.answer = lambda asked: Answer(verdict(category="newsletter" if "sale" in str(asked.mail) else "lead"))
        settings.LLM_MODEL, settings.LLM_API_BASE, settings.LLM_API_KEY = "openai/stub", server.url, "key"
        yield LlmClassifier.from_settings()


class TestJudging:
    def test_each_mail_gets_one_judgement_in_its_place(self, judge: Classifier) -> None:
        alone = [judge.classify([mail])[0].category for mail in (LEAD, SALE)]
        assert [one.category for one in judge.classify([LEAD, SALE, LEAD])] == [*alone, alone[0]]

    def test_no_mail_is_no_judgement(self, judge: Classifier) -> None:
        assert judge.classify([]) == []

    def test_it_says_who_judged_and_how_many_it_wants_at_once(self, judge: Classifier) -> None:
        assert judge.judge in Classification.Judge.values
        assert judge.batch >= 1
        assert judge.classify([LEAD])[0].model

    @pytest.mark.parametrize("mail", ODD.values(), ids=ODD.keys())
    def test_an_odd_mail_is_judged_within_the_contract(self, judge: Classifier, mail: MailText) -> None:
        (judged,) = judge.classify([mail])
        assert judged.category in Category.values
        assert 0 <= judged.confidence <= 1
        assert judged.language == "" or len(judged.language) == 2
        assert len(judged.model) <= 100
        assert len(judged.reason) <= 500
        assert judged.error == ""
