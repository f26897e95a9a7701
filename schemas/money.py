"""Money: whole numbers in the smallest unit of a currency, and how people read them."""

from typing import Final

#: Digits behind the point by ISO 4217, as Stripe counts them; two where nothing is said here. Stripe keeps
#: two for ISK and UGX, which have had none for years.
_DIGITS: Final = {
    **dict.fromkeys(
        (
            "BIF",
            "CLP",
            "DJF",
            "GNF",
            "JPY",
            "KMF",
            "KRW",
            "MGA",
            "PYG",
            "RWF",
            "VND",
            "VUV",
            "XAF",
            "XOF",
            "XPF",
        ),
        0,
    ),
    **dict.fromkeys(("BHD", "JOD", "KWD", "OMR", "TND"), 3),
}


def digits(currency: str) -> int:
    """Return how many digits behind the point amounts of *currency* (in either case) have."""
    return _DIGITS.get(currency.upper(), 2)


def format_money(amount: int, currency: str) -> str:
    """Return *amount*, in the smallest unit of *currency*, as `-1234.50 USD`."""
    places = digits(currency)
    whole, rest = divmod(abs(amount), 10**places)
    behind = f".{rest:0{places}d}" if places else ""
    return f"{'-' if amount < 0 else ''}{whole}{behind} {currency.upper()}"
