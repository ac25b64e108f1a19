"""The two mirrors of the audit log: a CSV file, and a Google spreadsheet on loopback."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest
from pytest_django import Settings

from tests.servers.sheets import SHEET_ID, SheetsServer


@pytest.fixture
def csv_file(tmp_path: Path, settings: Settings) -> Path:
    settings.AUDIT_CSV = str(tmp_path / "log" / "audit.csv")
    return Path(settings.AUDIT_CSV)


@pytest.fixture
def google(tmp_path: Path, settings: Settings) -> Iterator[SheetsServer]:
    with SheetsServer() as server:
        settings.GOOGLE_SHEET_ID = SHEET_ID
        settings.GOOGLE_SERVICE_ACCOUNT_FILE = server.account_file(tmp_path)
        settings.GOOGLE_SHEETS_API_URL = server.url
        yield server


class Table(Protocol):
    def __call__(self) -> list[list[str]]:
        """All that is written, the header first."""
        ...


@pytest.fixture(params=["csv", "google"])
def table(request: pytest.FixtureRequest) -> Table:
    """What stands in the mirror that the settings name; the test runs once with each of the two."""
    if request.param == "csv":
        path: Path = request.getfixturevalue("csv_file")
        return lambda: list(csv.reader(path.open(encoding="utf-8", newline="")))
    server: SheetsServer = request.getfixturevalue("google")
    return lambda: server.tab("Audit").table()
