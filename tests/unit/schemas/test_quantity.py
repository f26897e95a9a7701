"""Quantities are exact: what was written is what is billed, and answers are rounded once, half to even."""

from contextlib import suppress
from decimal import ROUND_HALF_EVEN, Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.quantity import MICRO, QuantityError, format_micro, format_ratio, parse_micro

quantities = st.integers(0, 10**20 - 1)


@pytest.mark.parametrize(
    ("text", "micro"),
    [
        ("0", 0),
        ("3", 3 * MICRO),
        ("0.25", 250_000),
        ("12.5", 12_500_000),
        ("0.000001", 1),
        ("1.500000", 1_500_000),
        ("007", 7 * MICRO),
        ("99999999999999999999", 99_999_999_999_999_999_999 * MICRO),  # 20 digits
        ("99999999999999.999999", 99_999_999_999_999_999_999),
    ],
)
def test_a_plain_decimal_becomes_exact_millionths(text: str, micro: int) -> None:
    assert parse_micro(text) == micro


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("-1", "quantity_negative"),
        ("-0.5", "quantity_negative"),
        ("-0", "quantity_negative"),
        ("0.0000001", "quantity_too_precise"),
        ("1.0000000", "quantity_too_precise"),
        ("100000000000000000000", "quantity_too_large"),  # 21 digits
        ("999999999999999.999999", "quantity_too_large"),
        ("1" * 5_000, "quantity_too_large"),
        ("", "quantity_invalid"),
        (".", "quantity_invalid"),
        (".5", "quantity_invalid"),
        ("5.", "quantity_invalid"),
        ("1.2.3", "quantity_invalid"),
        ("+1", "quantity_invalid"),
        ("--1", "quantity_invalid"),
        ("-", "quantity_invalid"),
        ("1e3", "quantity_invalid"),
        ("1E-3", "quantity_invalid"),
        ("1_000", "quantity_invalid"),
        ("1,000", "quantity_invalid"),
        (" 1", "quantity_invalid"),
        ("1\n", "quantity_invalid"),
        ("0x10", "quantity_invalid"),
        ("NaN", "quantity_invalid"),
        ("Infinity", "quantity_invalid"),
        ("-Infinity", "quantity_invalid"),
        ("٣", "quantity_invalid"),  # a digit, of another script
        ("²", "quantity_invalid"),
        ("1.²", "quantity_invalid"),
        ("true", "quantity_invalid"),
    ],
)
def test_anything_else_is_refused_with_its_reason(text: str, code: str) -> None:
    with pytest.raises(QuantityError) as refused:
        parse_micro(text)
    assert refused.value.code == code


@given(st.text(max_size=30))
def test_no_text_does_worse_than_to_be_refused(text: str) -> None:
    with suppress(QuantityError):
        assert 0 <= parse_micro(text) < 10**26


@given(quantities)
def test_what_was_parsed_is_written_as_it_was(micro: int) -> None:
    assert parse_micro(format_micro(micro)) == micro


@pytest.mark.parametrize(
    ("numerator", "denominator", "text"),
    [
        (0, 7, "0"),
        (6, 3, "2"),
        (1, 3, "0.333333333"),
        (2, 3, "0.666666667"),
        (1, 2 * 10**9, "0"),  # half of the last digit: to the even 0
        (3, 2 * 10**9, "0.000000002"),  # to the even 2
        (5, 2 * 10**9, "0.000000002"),
        (5 * 10**30 + 1, 2 * 10**39, "0.000000003"),  # a little more than half
        (999_999_999_999, 10**12, "1"),  # carries into the whole
        (-1, 3, "-0.333333333"),
        (-1, 2 * 10**9, "0"),  # no minus before nothing
        (-3, 2 * 10**9, "-0.000000002"),
        (10**40, 1, "1" + "0" * 40),
    ],
)
def test_an_answer_has_up_to_9_digits_rounded_half_to_even(
    numerator: int, denominator: int, text: str
) -> None:
    assert format_ratio(numerator, denominator) == text


@given(st.integers(-(10**40), 10**40), st.integers(1, 10**20))
def test_rounding_agrees_with_decimal_arithmetic(numerator: int, denominator: int) -> None:
    with localcontext(prec=120):
        exact = Decimal(numerator) / Decimal(denominator)
        expected = exact.quantize(Decimal("1e-9"), ROUND_HALF_EVEN)
    assert Decimal(format_ratio(numerator, denominator)) == expected
