"""What is automatic mail: every mail in tests/emails/automatic, against its line in expected.toml."""

import tomllib
from datetime import date
from pathlib import Path

import pytest

from triage.parsing import fetched_from_bytes, parse

FOLDER = Path(__file__).parents[1] / "emails" / "automatic"
EXPECTED = tomllib.loads((FOLDER / "expected.toml").read_text("utf-8"))


def test_every_mail_has_an_expectation() -> None:
    assert {path.stem for path in FOLDER.glob("*.eml")} == EXPECTED.keys()
    assert sum(bool(expected["kind"]) for expected in EXPECTED.values()) >= 60


@pytest.mark.parametrize("case", EXPECTED)
def test_the_kind_is_known_with_what_follows_from_it(case: str) -> None:
    expected = EXPECTED[case]
    mail = parse(fetched_from_bytes((FOLDER / f"{case}.eml").read_bytes()), company_domains=["acme.example"])
    assert mail.automatic == expected["kind"]
    until = expected.get("until")
    assert mail.out_of_office_until == (date.fromisoformat(until) if until else None)
    assert mail.bounced_message_ids == tuple(expected.get("bounced", ()))
