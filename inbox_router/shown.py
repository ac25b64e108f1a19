"""How moments, mail and names are shown to people."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.utils import timezone, translation
from django.utils.formats import date_format, number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timesince import timesince
from django.utils.translation import get_language_info
from django.utils.translation import gettext as _

CENT = Decimal("0.01")
SCRIPTS = {"zh": "zh-hans"}  # Django knows the language by its script only


def office(moment: datetime | None = None) -> datetime:
    """A moment, or now, by the office's clock, in whose-ever time zone the person is served: for what all read."""
    return timezone.localtime(moment, timezone.get_default_timezone())


def ago(moment: datetime | None) -> SafeString | str:
    """A moment as people say it: "6 minutes ago" of today, the date of what is older; the whole of it on hovering."""
    if moment is None:
        return _("never")
    local, now = timezone.localtime(moment), timezone.now()
    if abs(now - moment).total_seconds() < 60:
        words = _("just now")
    elif moment > now:
        words = date_format(local, "SHORT_DATETIME_FORMAT")
    elif (now - moment).days < 1:
        words = _("%(time)s ago") % {"time": timesince(moment, now, depth=1)}
    else:
        words = date_format(
            local, "SHORT_DATETIME_FORMAT" if local.year == timezone.localtime(now).year else "DATE_FORMAT"
        )
    whole = f"{date_format(local, 'l')}, {date_format(local, 'DATETIME_FORMAT')}"
    return format_html('<time datetime="{}" title="{}" class="when">{}</time>', moment.isoformat(), whole, words)


def decimal(value: float | Decimal, places: int = 1) -> str:
    """A number in the reader's language, such as "2.4" or "2,4"."""
    return str(number_format(f"{value:.{places}f}", places))


def signed(value: float) -> str:
    """A difference, to two places, with its sign."""
    return f"{'+' if value >= 0 else '-'}{decimal(abs(value), 2)}"


def percent(share: float) -> str:
    """A share of 1 in per cent. Cut, not rounded: 0.696 must not look like the line of 0.70 that it missed."""
    cut = int(share * 1000)
    return _("%(percent)s %%") % {"percent": decimal(cut / 10, 1 if cut % 10 else 0)}


def money(dollars: float | Decimal) -> str:
    """An amount in USD, to the cent; what is less than one is told as that."""
    return _("< %(cent)s USD") % {"cent": decimal(0.01, 2)} if 0 < dollars < CENT else f"{decimal(dollars, 2)} USD"


def seconds(took: float) -> str:
    """How long something took, in seconds below a minute and in minutes above."""
    told = _("%(number)s s") % {"number": decimal(took)} if took < 60 else _("%(n)s min") % {"n": decimal(took / 60, 0)}
    return told.replace(" ", "\N{NO-BREAK SPACE}")


def language_name(code: str) -> str:
    """A language as people call it; one that Django does not know by its code."""
    try:
        return str(get_language_info(SCRIPTS.get(code, code))["name_translated"])
    except KeyError:
        return code


def plain(text: str) -> SafeString:
    """Text of a mail as it is: escaped, with its own line breaks."""
    return format_html('<div class="mail-text">{}</div>', text) if text else SafeString("")


def within(label: Any) -> str:
    """A name as it stands within a sentence: small, but in German, where nouns never are."""
    words = str(label)
    return words if (translation.get_language() or "").startswith("de") else words[:1].lower() + words[1:]


def recorded(words: Any) -> str:
    """Words as our records, alerts and mirrors have them: in one language, whoever's page they were made on."""
    with for_the_record():
        return str(words)


@contextmanager
def for_the_record() -> Iterator[None]:
    """Tell what is told in this block in our records' one language and by the office's clock, whoever's page it is."""
    with translation.override(settings.LANGUAGE_CODE), timezone.override(timezone.get_default_timezone()):
        yield
