"""The check of what crm connects to: the audit log's mirror."""

from collections.abc import Iterator

from django.conf import settings
from django.utils.translation import gettext as _

from crm.mirror import SheetError, from_settings
from inbox_router.doctor import Finding, Result, check


@check("sheet")
def check_sheet() -> Iterator[Finding]:
    """Open the spreadsheet, or the file that stands in for it, and read its first line."""
    try:
        sheet = from_settings()
        used = bool(sheet.keys(1, 1))
    except SheetError as error:
        setting = _("GOOGLE_SERVICE_ACCOUNT_FILE or GOOGLE_SHEET_ID") if settings.GOOGLE_SHEET_ID else "AUDIT_CSV"
        hint = _("Mend %(setting)s.") % {"setting": setting} if error.permanent else _("Try again in a minute.")
        yield Finding("sheet", Result.FAIL, str(error), hint)
        return
    place = _("the tab %(name)s") if settings.GOOGLE_SHEET_ID else _("the file %(name)s")
    state = _("in use") if used else _("still empty")
    found = _("the audit log is mirrored to %(place)s, %(state)s")
    yield Finding("sheet", Result.OK, found % {"place": place % {"name": sheet.name}, "state": state})
