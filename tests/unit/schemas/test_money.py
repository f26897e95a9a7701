"""How people read money."""

import pytest

from schemas.money import format_money


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        (2_900, "usd", "29.00 USD"),
        (5, "EUR", "0.05 EUR"),
        (-1_250, "usd", "-12.50 USD"),
        (-5, "usd", "-0.05 USD"),
        (500, "jpy", "500 JPY"),
        (1_234, "kwd", "1.234 KWD"),
        (500, "isk", "5.00 ISK"),  # as Stripe counts it
        (0, "usd", "0.00 USD"),
    ],
)
def test_an_amount_has_the_digits_of_its_currency(amount: int, currency: str, text: str) -> None:
    assert format_money(amount, currency) == text
