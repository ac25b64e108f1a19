"""The check of what crm connects to: the audit log's mirror."""

from collections.abc import Iterator

from django.conf import settings

from crm.mirror import SheetError, from_settings
from inbox_router.doctor import Finding, Result, check


@check("sheet")
def check_sheet() -> Iterator[Finding]:
    """Open the spreadsheet, or the file that stands in for it, and read its first line."""
    try:
        sheet = from_settings()
        rows = "in use" if sheet.keys(1, 1) else "still empty"
    except SheetError as error:
        hint = "Mend GOOGLE_SERVICE_ACCOUNT_FILE or GOOGLE_SHEET_ID." if settings.GOOGLE_SHEET_ID else "Mend AUDIT_CSV."
        yield Finding("sheet", Result.FAIL, str(error), hint if error.permanent else "Try again in a minute.")
        return
    kind = "tab" if settings.GOOGLE_SHEET_ID else "file"
    yield Finding("sheet", Result.OK, f"the audit log is mirrored to the {kind} {sheet.name}, {rows}")
