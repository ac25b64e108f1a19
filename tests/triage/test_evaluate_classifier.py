"""`evaluate_classifier` and `train_local_classifier`, and the figures they print."""

import gzip
import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from tests.servers.openai import Answer, ModelServer, verdict
from triage.classifiers import Judgement, MailText
from triage.classifiers.evaluation import Outcome, by, confusion, figures, table
from triage.classifiers.llm.guide import shipped
from triage.classifiers.local.dataset import LabelledMail, read_jsonl
from triage.learning.cascade import saving
from triage.learning.guides import in_force
from triage.models import CategoryGuide

ROWS = [
    ("lead", "de", "Bitte senden Sie uns ein Angebot über 20 Gartenbänke mit Lieferzeit nach Graz."),
    ("accounting", "en", "We have not received invoice 991 yet, please send a copy to our accounts department."),
    ("uncertain", "en", "The bench arrived broken, please help us."),
]


def row(number: int, label: str, language: str, text: str) -> dict[str, object]:
    headers = {"Subject": "Hello", "from": "Jo Doe <jo@halvard.example>"}
    return {"id": str(number), "source": "hand", "headers": headers, "body_text": text, "label": label,
            "acceptable": [label], "language": language, "attachments": ["a.pdf"]}  # fmt: skip


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "mail.jsonl.gz"
    with gzip.open(path, "wt") as lines:
        lines.writelines(json.dumps(row(number, *one)) + "\n" for number, one in enumerate(ROWS))
    return path


def outcome(label: str, category: str, confidence: float, acceptable: tuple[str, ...] = ()) -> Outcome:
    mail = LabelledMail(MailText("", "", "", "", ""), label, frozenset((label, *acceptable)), "en", "x", "x")
    return Outcome(mail, Judgement(category, confidence, "en"))


class TestFigures:
    def test_strict_and_lenient_accuracy_differ_by_what_does_no_harm(self) -> None:
        found = figures([outcome("uncertain", "newsletter", 0.9, ("newsletter",)), outcome("lead", "lead", 0.9)], 0.7)
        assert (found.strict_accuracy, found.lenient_accuracy) == (0.5, 1.0)

    def test_what_is_below_the_threshold_or_uncertain_is_not_acted_on(self) -> None:
        given = [outcome("lead", "lead", 0.8), outcome("lead", "spam", 0.69), outcome("spam", "uncertain", 0.9)]
        found = figures(given, 0.7)
        assert found.coverage == pytest.approx(2 / 3)
        assert (found.precision, found.acted_on_precision) == (0.5, 1.0)
        assert found.acted_on == pytest.approx(1 / 3)

    def test_lost_mail_is_counted_by_kind(self) -> None:
        labels = ["lead", "accounting", "accounting", "uncertain", "spam", "newsletter"]
        found = figures([outcome(label, "spam", 0.9) for label in labels], 0.7)
        assert (found.lost_leads, found.lost_accounting, found.lost_other) == (1, 2, 1)
        assert found.trash_precision == pytest.approx(2 / 6)
        assert found.trash_recall == 1.0

    def test_macro_f1_is_the_mean_over_the_labels(self) -> None:
        given = [outcome("lead", "lead", 1), outcome("lead", "spam", 1), outcome("spam", "spam", 1)]
        assert figures(given, 0.7).macro_f1 == pytest.approx(2 / 3)

    def test_calibration_error_is_the_gap_of_confidence_and_accuracy(self) -> None:
        given = [outcome("lead", "lead", 0.75), outcome("lead", "spam", 0.75)]
        assert figures(given, 0.7).calibration_error == pytest.approx(0.25)

    def test_nothing_measured_is_none_and_shown_as_a_dash(self) -> None:
        assert figures([], 0.7).trash_precision is None
        assert "-" in table({"none": figures([], 0.7)}).splitlines()[1]

    def test_groups_and_confusion(self) -> None:
        given = [outcome("lead", "spam", 0.9), outcome("lead", "lead", 0.9)]
        assert {name: one.mails for name, one in by(given, lambda mail: mail.label, 0.7).items()} == {"lead": 2}
        assert confusion(given)["lead"] == {"spam": 1, "newsletter": 0, "lead": 1, "accounting": 0, "uncertain": 0}


def evaluated(*arguments: object) -> str:
    out = StringIO()
    call_command("evaluate_classifier", *map(str, arguments), stdout=out)
    return out.getvalue()


def test_the_embedded_judge_is_measured_as_json(file: Path) -> None:
    report = json.loads(evaluated(file, "--json"))
    assert report["mails"] == 3
    assert report["strict_accuracy"] == 1.0
    assert report["confusion"]["lead"]["lead"] == 1
    assert set(report["languages"]) == {"de", "en"}
    assert set(report["sources"]) == {"hand"}
    assert (report["errors"], report["cost_usd"]) == (0, 0)
    assert report["ms_per_mail"] > 0


def test_people_get_a_table(file: Path) -> None:
    text = evaluated(file)
    assert "trash P" in text
    assert "starter at 0.7: 3 mails, 0 errors" in text


@pytest.mark.django_db
def test_a_language_model_is_measured_by_its_name(file: Path, settings) -> None:  # type: ignore[no-untyped-def]
    with ModelServer() as server:
        server.answer = lambda asked: Answer(verdict(category="lead"))
        settings.LLM_API_BASE, settings.LLM_API_KEY = server.url, "key"
        report = json.loads(evaluated(file, "--json", "--model", "openai/stub"))
    assert report["model"] == "openai/stub"
    assert [report["confusion"][label]["lead"] for label in ("lead", "accounting", "uncertain")] == [1, 1, 1]


def test_it_tells_how_many_calls_a_cascade_saves(tmp_path: Path, settings) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "mail.jsonl"
    alike = [row(number, *one) for number in range(60) for one in ROWS[:2]]
    path.write_text("".join(json.dumps(one) + "\n" for one in alike))
    settings.LOCAL_TARGET = 0.9
    assert json.loads(evaluated(path, "--json"))["cascade"] == {
        "target": 0.9, "mails": 120, "calls_saved": 120, "accuracy": 1.0,
    }  # fmt: skip
    assert "decides 120 of 120 without the model, and is right in 1.000 of them" in evaluated(path)


def test_a_cascade_saves_nothing_below_its_target_or_with_little_mail(file: Path, settings) -> None:  # type: ignore[no-untyped-def]
    report = json.loads(evaluated(file, "--json"))
    assert (report["cascade"]["target"], report["cascade"]["calls_saved"]) == (0.98, 0)
    given = [outcome("lead", "lead", 0.95) for _ in range(200)] + [outcome("spam", "lead", 0.95) for _ in range(20)]
    assert saving(given, 0.95).calls_saved == 0
    assert saving(given, 0.80).calls_saved == 220
    assert saving([outcome("spam", "spam", 0.95)] * 200, 0.5).calls_saved == 0  # none may be trashed on its word


@pytest.mark.django_db
def test_a_model_is_measured_with_the_definitions_in_force(file: Path, settings) -> None:  # type: ignore[no-untyped-def]
    CategoryGuide.objects.create(definitions={"lead": "Whoever asks for benches."}, live_at=timezone.now())
    with ModelServer() as server:
        settings.LLM_API_BASE, settings.LLM_API_KEY = server.url, "key"
        for settings.LLM_MODEL, arguments in (("openai/stub", ()), ("", ("--model", "openai/stub"))):
            report = json.loads(evaluated(file, "--json", *arguments))
            assert report["definitions"] == in_force().version != shipped().version
        assert all("- lead: Whoever asks for benches." in asked.chat[0]["content"] for asked in server.asked)


def test_only_the_first_mails_are_judged_if_asked(file: Path) -> None:
    assert json.loads(evaluated(file, "--json", "--limit", 2))["mails"] == 2


@pytest.mark.parametrize("content", ["no json", '{"id": 1}', '{"headers": {}, "body_text": "x"}', ""])
def test_a_file_that_is_no_labelled_mail_gives_one_line(tmp_path: Path, content: str) -> None:
    path = tmp_path / "mail.jsonl"
    path.write_text(content)
    with pytest.raises(CommandError, match=r"mail\.jsonl"):
        evaluated(path)


def test_a_missing_file_gives_one_line() -> None:
    with pytest.raises(CommandError, match="cannot be read"):
        evaluated("nowhere.jsonl")


def test_rows_become_what_a_judge_sees(file: Path) -> None:
    first = next(iter(read_jsonl(file)))
    assert (first.mail.subject, first.mail.sender_name) == ("Hello", "Jo Doe")
    assert first.mail.sender_address == "jo@halvard.example"
    assert (first.mail.attachments, first.label) == (("a.pdf",), "lead")


def test_weights_are_built_from_starter_mail_and_a_file(file: Path, tmp_path: Path) -> None:
    out = StringIO()
    weights = tmp_path / "weights.npz"
    call_command("train_local_classifier", str(file), "--output", str(weights), "--renderings", "1", stdout=out)
    assert weights.stat().st_size > 10_000
    assert "Learned from" in out.getvalue()
