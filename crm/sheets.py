"""The audit log's mirror as tabs of a Google spreadsheet. The only importer of gspread.

Rows are written to addressed cells, so a request whose answer was lost can be repeated. But nobody does so behind our
back: gspread's BackOffHTTPClient would, without end, and google-auth after a refusal and when it asks for a token.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any, Self

import requests
from django.conf import settings
from google.auth.exceptions import RefreshError, TransportError
from google.auth.transport.requests import AuthorizedSession, Request
from google.oauth2 import _client
from google.oauth2.service_account import Credentials
from gspread import HTTPClient, Spreadsheet, Worksheet
from gspread.exceptions import APIError
from requests import RequestException, Response

from crm.mirror import HEADER, Line, SheetError

SCOPE = "https://www.googleapis.com/auth/spreadsheets"
GOOGLE = "https://sheets.googleapis.com"
TAB = "Audit"
ROWS_AT_ONCE = 5000  # the grid is grown in steps of this
QUOTA_SECONDS = 60  # quotas are counted per minute: https://developers.google.com/workspace/sheets/api/limits

ADVICE = {
    400: "Google refuses the request.",
    401: "Google does not accept the service account: make a new key and set GOOGLE_SERVICE_ACCOUNT_FILE.",
    403: "No access: share the spreadsheet with {account} as an editor, and enable the Google Sheets API.",
    404: "There is no such spreadsheet: check GOOGLE_SHEET_ID.",
}
FULL = "The spreadsheet is full: make a new one, share it with {account}, and set GOOGLE_SHEET_ID."


class GoogleSheet:
    """A Book in Google Sheets, opened by a service account: the tabs Audit, Audit-2 and so on."""

    def __init__(self, credentials: Credentials, sheet_id: str, api_url: str = GOOGLE) -> None:
        self._account = credentials.service_account_email
        self._sheet_id = sheet_id
        once = {"max_refresh_attempts": 0, "auth_request": Request(requests.Session())}
        self._http = ReroutedClient(credentials, AuthorizedSession(credentials, **once))  # type: ignore[no-untyped-call]
        self._http.api_url = api_url
        self._http.set_timeout((5, 60))  # seconds to connect and between bytes; gspread would wait for ever

    @classmethod
    def from_settings(cls) -> Self:
        """The spreadsheet of GOOGLE_SHEET_ID. Raises SheetError when the key file is of no use."""
        path = settings.GOOGLE_SERVICE_ACCOUNT_FILE
        try:
            credentials = SheetCredentials.from_service_account_file(path, scopes=[SCOPE])  # type: ignore[no-untyped-call]
        except (OSError, ValueError) as error:
            hint = "must be the JSON key of a Google service account"
            raise SheetError(f"GOOGLE_SERVICE_ACCOUNT_FILE {hint} ({error})", permanent=True) from None
        return cls(credentials, settings.GOOGLE_SHEET_ID, settings.GOOGLE_SHEETS_API_URL)

    def name(self, tab: int) -> str:
        return TAB if tab == 1 else f"{TAB}-{tab}"

    def has(self, tab: int) -> bool:
        with self._in_our_words():
            return self._find(tab) is not None

    def keys(self, tab: int, first: int, last: int) -> list[str]:
        with self._in_our_words():
            sheet = self._find(tab)
            if sheet is None or first >= sheet.row_count:  # a range outside the grid would be refused
                return []
            rows = sheet.get(f"A{first + 1}:A{min(last + 1, sheet.row_count)}")
            keys = [str(row[0]) if row else "" for row in rows]
            while keys and not keys[-1]:
                keys.pop()
            return keys

    def write(self, tab: int, lines: Sequence[Line]) -> None:
        cells = {line.number + 1: line.cells for line in lines}
        with self._in_our_words():
            found = self._find(tab)
            if 2 in cells or found is None:
                cells[1] = HEADER
            sheet = self._with_room(found or self._made(tab), max(cells))
            ranges = [{"range": f"A{row}", "values": [values]} for row, values in cells.items()]
            confirmed = sheet.batch_update(ranges, raw=True).get("totalUpdatedRows")
        if confirmed != len(cells):
            raise SheetError(f"Google confirmed {confirmed} of {len(cells)} rows", maybe_done=True)

    @cached_property
    def _book(self) -> Spreadsheet:
        return Spreadsheet(self._http, {"id": self._sheet_id})

    @cached_property
    def _tabs(self) -> dict[str, Worksheet]:
        """All tabs by name; to Google, capitals make no difference."""
        return {sheet.title.casefold(): sheet for sheet in self._book.worksheets()}

    def _find(self, tab: int) -> Worksheet | None:
        return self._tabs.get(self.name(tab).casefold())

    def _made(self, tab: int) -> Worksheet:
        """A new tab."""
        try:
            self._book.add_worksheet(self.name(tab), rows=ROWS_AT_ONCE, cols=len(HEADER))
        except APIError as error:
            if "already exists" not in str(error):  # then another process was faster
                raise
        del self._tabs
        return self._tabs[self.name(tab).casefold()]

    def _with_room(self, sheet: Worksheet, rows: int) -> Worksheet:
        """Grow the grid. By a relative request: gspread's add_rows sets a total, which could cut another's rows."""
        missing = rows - sheet.row_count
        if missing <= 0:
            return sheet
        growth = {"sheetId": sheet.id, "dimension": "ROWS", "length": max(missing, ROWS_AT_ONCE)}
        self._book.batch_update({"requests": [{"appendDimension": growth}]})
        del self._tabs
        return self._tabs[sheet.title.casefold()]

    @contextmanager
    def _in_our_words(self) -> Iterator[None]:
        try:
            yield
        except APIError as error:
            raise self._refusal(error.response, str(error.error.get("message", ""))) from error
        except RefreshError as error:
            advice = "" if error.retryable else ADVICE[401]
            reason = f"Google sign-in failed: {error.args[0]}. {advice}"
            raise SheetError(reason, permanent=not error.retryable, blocked=True) from error
        except (RequestException, TransportError) as error:
            reason = f"Google cannot be reached ({type(error).__name__})"
            raise SheetError(reason, blocked=True, maybe_done=True) from error
        except (LookupError, TypeError) as error:  # of google-auth and gspread, which trust what they are told
            raise SheetError(f"Google's answer makes no sense ({type(error).__name__})", maybe_done=True) from error

    def _refusal(self, response: Response, message: str) -> SheetError:
        status = response.status_code
        if "above the limit" in message:
            return SheetError(f"{FULL.format(account=self._account)} ({message[:200]})", permanent=True)
        if status in ADVICE:
            reason = f"{ADVICE[status].format(account=self._account)} ({message[:200]})"
            return SheetError(reason, permanent=True, blocked=status != 400)
        wait = response.headers.get("Retry-After", "")
        return SheetError(
            f"Google answered {status}: {message[:200]}",
            maybe_done=status >= 500,
            retry_after=float(wait) if wait.isdigit() else QUOTA_SECONDS if status == 429 else 0,
        )


class SheetCredentials(Credentials):
    """A service account that talks to nobody but the token endpoint and Sheets."""

    def _is_regional_access_boundary_lookup_required(self) -> bool:
        return False  # google-auth would ask iamcredentials.googleapis.com from a thread of its own

    def _perform_refresh_token(self, request: Request) -> None:
        assertion = self._make_authorization_grant_assertion()  # type: ignore[no-untyped-call]
        grant = _client.jwt_grant(request, self._token_uri, assertion, can_retry=False)  # type: ignore[no-untyped-call]
        self.token, self.expiry, _ = grant


class ReroutedClient(HTTPClient):
    """gspread's plain client, by way of a proxy or a test server where one is set."""

    api_url = GOOGLE

    def request(self, method: str, endpoint: str, *args: Any, **kwargs: Any) -> Response:
        return super().request(method, endpoint.replace(GOOGLE, self.api_url, 1), *args, **kwargs)
