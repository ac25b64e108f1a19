"""What people decided, written for evaluate_classifier."""

import json

import pytest
from django.core.management import CommandError, call_command

from tests import office
from triage.classifiers.local.dataset import read_jsonl
from triage.learning import verdicts
from triage.models import Message
from triage.services import decide, take_back

pytestmark = pytest.mark.django_db


@pytest.fixture
def decided() -> None:
    drawing = {"name": "a.pdf", "type": "application/pdf"}
    rows = {
        "accounting": office.message("Invoice 7", headers={"precedence": "bulk"}, attachments=[drawing]),
        "newsletter": office.message("News"),
        "spam": office.message("Taken back"),
    }
    for category, row in rows.items():
        decide(row, category, office.boss())
    take_back(Message.objects.get(subject="Taken back"), office.boss())


@pytest.mark.parametrize("name", ["mail.jsonl", "mail.jsonl.gz"])
def test_the_evaluation_reads_what_was_written(decided, tmp_path, capsys, name):
    call_command("export_corrections", str(tmp_path / name))
    assert capsys.readouterr().out.startswith("2 mails with what people said")
    read = list(read_jsonl(tmp_path / name))
    taught = verdicts.corrections()
    assert [(one.mail.subject, one.label) for one in read] == [("Invoice 7", "accounting"), ("News", "newsletter")]
    for one, other in zip(read, taught, strict=True):
        assert (one.mail.sender_address, one.mail.text) == (other.mail.sender_address, other.mail.text)
        assert (one.mail.headers | {}, one.mail.attachments) == (
            {"from": one.mail.headers["from"], **other.mail.headers}, other.mail.attachments
        )  # fmt: skip
    assert read[1].acceptable == {"spam", "newsletter"}


def test_the_command_evaluates_it(decided, tmp_path, capsys):
    file = str(tmp_path / "mail.jsonl")
    call_command("export_corrections", file)
    capsys.readouterr()
    call_command("evaluate_classifier", file, "--model", "local", "--json")
    assert json.loads(capsys.readouterr().out)["mails"] == 2


def test_a_place_that_cannot_be_written_is_told_in_one_line(decided, tmp_path):
    with pytest.raises(CommandError, match="cannot be written"):
        call_command("export_corrections", str(tmp_path / "none" / "mail.jsonl"))
