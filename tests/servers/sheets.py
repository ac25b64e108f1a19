"""A Google spreadsheet on loopback: the token endpoint and those calls of the Sheets API v4 that gspread makes."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from google.auth import jwt

from tests.servers.http import Answer, Call, LoopbackServer

ACCOUNT = "robot@acme.example"
SHEET_ID = "the-audit-log"
TOKEN = "ya29.test"
CELLS = 10_000_000  # the most that one spreadsheet holds


@cache
def key_pair() -> tuple[str, str]:
    """A throw-away private and public key, in PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return private.decode(), public.decode()


@dataclass
class Tab:
    """One tab: its grid, and the cells that were ever written, by row."""

    id: int
    title: str
    height: int = 1000
    width: int = 26
    rows: dict[int, list[str]] = field(default_factory=dict)
    formulas: list[str] = field(default_factory=list)

    @property
    def properties(self) -> dict[str, Any]:
        grid = {"rowCount": self.height, "columnCount": self.width}
        return {"sheetId": self.id, "title": self.title, "index": self.id, "sheetType": "GRID", "gridProperties": grid}

    def table(self) -> list[list[str]]:
        """All rows, the header first, those that are empty included."""
        return [self.rows.get(number, []) for number in range(1, max(self.rows, default=0) + 1)]


class RefusedError(Exception):
    """Google's answer to what it does not do."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.answer = Answer({"error": {"code": status, "message": message, "status": "ERROR"}}, status)


class SheetsServer(LoopbackServer):
    """One spreadsheet that is shared with one service account, unless a test unsets `shared` or lets it expire."""

    def __init__(self) -> None:
        super().__init__()
        self.tabs = [Tab(0, "Sheet1")]
        self.shared = True
        self.expired = False

    def account_file(self, folder: Path) -> str:
        """The path of a service account's JSON key whose tokens this server gives out."""
        account = {
            "type": "service_account",
            "client_email": ACCOUNT,
            "private_key": key_pair()[0],
            "private_key_id": "1",
            "project_id": "test",
            "token_uri": f"{self.url}/token",
        }
        path = folder / "service-account.json"
        path.write_text(json.dumps(account))
        return str(path)

    def tab(self, title: str) -> Tab:
        return next(tab for tab in self.tabs if tab.title == title)

    def name(self, method: str, path: str) -> str:
        """token, open, change (of tabs and grids), write or read."""
        if path == "/token":
            return "token"
        if path.endswith("/values:batchUpdate"):
            return "write"
        if path.endswith(":batchUpdate"):
            return "change"
        return "read" if "/values/" in path else "open"

    def answer(self, call: Call) -> Answer:
        deeds: dict[str, Callable[[Call], dict[str, Any]]] = {
            "token": self._token,
            "open": self._open,
            "change": self._change,
            "write": self._write,
            "read": self._read,
        }
        try:
            if call.name != "token":
                self._admit(call)
            return Answer(deeds[call.name](call))
        except RefusedError as refused:
            return refused.answer

    def _admit(self, call: Call) -> None:
        if self.expired or call.headers.get("authorization") != f"Bearer {TOKEN}":
            raise RefusedError(401, "Request had invalid authentication credentials.")
        if not re.match(rf"/v4/spreadsheets/{SHEET_ID}\b", call.path):
            raise RefusedError(404, "Requested entity was not found.")
        if not self.shared:
            raise RefusedError(403, "The caller does not have permission")

    def _token(self, call: Call) -> dict[str, Any]:
        claims = jwt.decode(call.body["assertion"], certs=key_pair()[1], audience="https://oauth2.googleapis.com/token")
        assert claims["scope"] == "https://www.googleapis.com/auth/spreadsheets"
        return {"access_token": TOKEN, "expires_in": 3600, "token_type": "Bearer"}

    def _open(self, call: Call) -> dict[str, Any]:
        sheets = [{"properties": tab.properties} for tab in self.tabs]
        return {"spreadsheetId": SHEET_ID, "properties": {"title": "Log"}, "sheets": sheets}

    def _change(self, call: Call) -> dict[str, Any]:
        return {"spreadsheetId": SHEET_ID, "replies": [self._one_change(request) for request in call.body["requests"]]}

    def _one_change(self, request: dict[str, Any]) -> dict[str, Any]:
        if asked := request.get("addSheet"):
            return {"addSheet": {"properties": self._add(asked["properties"]).properties}}
        asked = request["appendDimension"]
        assert asked["dimension"] == "ROWS"
        tab = next(tab for tab in self.tabs if tab.id == asked["sheetId"])
        self._within_limit(asked["length"] * tab.width)
        tab.height += asked["length"]
        return {}

    def _add(self, asked: dict[str, Any]) -> Tab:
        if any(tab.title == asked["title"] for tab in self.tabs):
            raise RefusedError(400, f'A sheet with the name "{asked["title"]}" already exists.')
        grid = asked["gridProperties"]
        self._within_limit(grid["rowCount"] * grid["columnCount"])
        self.tabs.append(Tab(len(self.tabs), asked["title"], grid["rowCount"], grid["columnCount"]))
        return self.tabs[-1]

    def _within_limit(self, more: int) -> None:
        if sum(tab.height * tab.width for tab in self.tabs) + more > CELLS:
            raise RefusedError(400, f"This action would increase the number of cells above the limit of {CELLS} cells.")

    def _write(self, call: Call) -> dict[str, Any]:
        written = 0
        for block in call.body["data"]:
            tab, first, _ = self._range(block["range"])
            for number, cells in enumerate(block["values"], first):
                if number > tab.height or len(cells) > tab.width:
                    raise RefusedError(400, f"Range ({block['range']}) exceeds grid limits. Max rows: {tab.height}")
                tab.rows[number] = [str(cell) for cell in cells]
                written += 1
                if call.body["valueInputOption"] != "RAW":
                    tab.formulas += [cell for cell in tab.rows[number] if cell.startswith(("=", "+"))]
        return {"spreadsheetId": SHEET_ID, "totalUpdatedRows": written}

    def _read(self, call: Call) -> dict[str, Any]:
        """The first column of a range, trailing empty rows left out, as Google does."""
        name = unquote(call.path.rpartition("/")[2])
        tab, first, last = self._range(name)
        if max(first, last or 0) > tab.height:
            raise RefusedError(400, f"Range ({name}) exceeds grid limits. Max rows: {tab.height}")
        rows = [
            tab.rows.get(number, [])[:1]
            for number in range(first, min(last or tab.height, max(tab.rows, default=0)) + 1)
        ]
        values = [[] if row == [""] else row for row in rows]
        while values and not values[-1]:
            values.pop()
        return {"range": name, "majorDimension": "ROWS"} | ({"values": values} if values else {})

    def _range(self, name: str) -> tuple[Tab, int, int | None]:
        found = re.fullmatch(r"'?([^'!]+)'?!A(\d+)(?::[A-Z]+(\d+)?)?", name)
        if not found:
            raise RefusedError(400, f"Unable to parse range: {name}")
        last = int(found[3]) if found[3] else None
        return self.tab(found[1]), int(found[2]), last
