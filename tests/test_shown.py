"""How numbers, shares, money and time are told to people, in their language."""

from decimal import Decimal

import pytest
from django.utils import translation

from inbox_router.shown import money, percent, seconds

NO_BREAK = "\N{NO-BREAK SPACE}"  # a unit does not stand alone at the beginning of a line


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("en", ["2.4 s", "3 min", "69.6 %", "70 %", "0.00 USD", "< 0.01 USD", "1.26 USD"]),
        ("de", ["2,4 s", "3 Min.", "69,6 %", "70 %", "0,00 USD", "< 0,01 USD", "1,26 USD"]),
        ("fr", ["2,4 s", "3 min", "69,6 %", "70 %", "0,00 USD", "< 0,01 USD", "1,26 USD"]),
    ],
)
def test_numbers_are_written_as_in_the_readers_language(language, told):
    with translation.override(language):
        assert [
            *(seconds(took).replace(NO_BREAK, " ") for took in (2.41, 170)), percent(0.6969), percent(0.7),
            money(0), money(Decimal("0.000143")), money(Decimal("1.2599")),
        ] == told  # fmt: skip
