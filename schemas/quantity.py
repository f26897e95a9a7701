"""Billable quantities: exact decimals with at most 6 digits after the point, never floats.

Inside, a quantity is an integer number of millionths ("micro"). An answer has up to 9 digits
after the point and is rounded once, half to even.
"""

from typing import Final

MICRO: Final = 1_000_000
FRACTION_DIGITS: Final = 6
TOTAL_DIGITS: Final = 20
ANSWER_DIGITS: Final = 9
_ANSWER_SCALE: Final = 10**ANSWER_DIGITS


class QuantityError(ValueError):
    """The text is no quantity; `code` is what a receipt says, the message what the sender reads."""

    def __init__(self, code: str, message: str) -> None:
        """Keep the machine's word beside the human's."""
        super().__init__(message)
        self.code = code


def parse_micro(text: str) -> int:
    """Return the millionths in *text*, a plain decimal such as "3", "0.25" or "1000000".

    Signs other than none, exponents, blanks, NaN and Infinity are refused, and so is anything
    beyond 20 digits in all or 6 after the point. Raises QuantityError.
    """
    whole, point, fraction = text.partition(".")
    if not (_digits(whole) and (_digits(fraction) or not point)):
        if text[:1] == "-" and _digits(text[1:].replace(".", "", 1)):
            raise QuantityError("quantity_negative", "must not be negative")
        raise QuantityError("quantity_invalid", "must be a plain decimal number such as 12.5")
    if len(fraction) > FRACTION_DIGITS:
        raise QuantityError(
            "quantity_too_precise", f"must have at most {FRACTION_DIGITS} digits after the point"
        )
    if len(whole) + len(fraction) > TOTAL_DIGITS:
        raise QuantityError("quantity_too_large", f"must have at most {TOTAL_DIGITS} digits")
    return int(whole + fraction.ljust(FRACTION_DIGITS, "0"))


def format_micro(micro: int) -> str:
    """Return *micro* millionths as plain decimal text without trailing zeros."""
    return format_ratio(micro, MICRO)


def format_ratio(numerator: int, denominator: int) -> str:
    """Return *numerator* / *denominator* with up to 9 digits, rounded half to even.

    This is the one rounding that a quantity meets on its way to a reader.
    """
    sign = "-" if numerator < 0 else ""
    scaled, remainder = divmod(abs(numerator) * _ANSWER_SCALE, denominator)
    twice = 2 * remainder
    if twice > denominator or (twice == denominator and scaled % 2 == 1):
        scaled += 1
    whole, fraction = divmod(scaled, _ANSWER_SCALE)
    digits = f"{fraction:0{ANSWER_DIGITS}d}".rstrip("0")
    text = f"{whole}.{digits}" if digits else str(whole)
    return sign + text if scaled else text


def _digits(text: str) -> bool:
    # str.isdigit alone also takes superscripts and other scripts' digits.
    return text.isascii() and text.isdigit()
