"""Who really wrote it: every mail in tests/emails/sender, against its line in expected.toml."""

import tomllib
from pathlib import Path

import pytest

from triage.parsing import fetched_from_bytes, parse

FOLDER = Path(__file__).parents[1] / "emails" / "sender"
EXPECTED = tomllib.loads((FOLDER / "expected.toml").read_text("utf-8"))


def test_every_mail_has_an_expectation() -> None:
    assert {path.stem for path in FOLDER.glob("*.eml")} == EXPECTED.keys()
    assert len(EXPECTED) >= 60


@pytest.mark.parametrize("case", EXPECTED)
def test_the_effective_sender_is_found_or_doubted(case: str) -> None:
    expected = EXPECTED[case]
    mail = parse(fetched_from_bytes((FOLDER / f"{case}.eml").read_bytes()), company_domains=["acme.example"])
    found = {"name": mail.sender_name, "address": mail.sender_address, "doubt": bool(mail.sender_doubt)}
    assert found == expected, mail.sender_doubt
    assert mail.sender_evidence
    assert mail.automatic == ""


def test_a_portal_that_the_company_names_is_believed() -> None:
    raw = (FOLDER / "unknown-form-service.eml").read_bytes()
    mail = parse(fetched_from_bytes(raw), company_domains=["acme.example"], form_domains=["formcourier.test"])
    assert (mail.sender_name, mail.sender_address) == ("Victor Hugo Lima", "victor@limapumps.example")
    assert mail.sender_doubt == ""
