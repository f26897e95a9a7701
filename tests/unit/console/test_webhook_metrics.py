"""Windows of decimal hours, and rates of what has ended, without a float."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.webhooks.core.metrics import failure_rate, hours_of, window_before, window_ms
from schemas.instant import HOUR_MS


@pytest.mark.parametrize(
    ("text", "length_ms"),
    [
        ("0.1", HOUR_MS // 10),
        ("0.5", HOUR_MS // 2),
        ("1", HOUR_MS),
        ("001.0", HOUR_MS),
        ("0.1001", 360_360),
        ("24", 24 * HOUR_MS),
        ("720", 720 * HOUR_MS),
        ("720.0000", 720 * HOUR_MS),
    ],
)
def test_a_window_is_decimal_hours(text: str, length_ms: int) -> None:
    assert window_ms(text) == length_ms


@pytest.mark.parametrize(
    "text",
    [
        *(
            "0",
            "0.0999",
            "720.0001",
            "721",
            "1000",
            "-1",
            "+1",
            "1e2",
            "1.",
            ".5",
            "",
            " 1",
            "1,5",
            "1.00000",
        ),
        *("NaN", "\N{ARABIC-INDIC DIGIT ONE}", "24h", "1\n"),
    ],
)
def test_what_is_no_such_window_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="hours"):
        window_ms(text)


@given(st.integers(1_000, 7_200_000))
def test_every_window_is_said_as_it_was_asked_for(ten_thousandths: int) -> None:
    text = hours_of(ten_thousandths * HOUR_MS // 10_000)
    assert Fraction(text) == Fraction(ten_thousandths, 10_000)
    assert window_ms(text) == ten_thousandths * HOUR_MS // 10_000


@given(st.integers(10**12, 2 * 10**12), st.integers(HOUR_MS // 10, 720 * HOUR_MS))
def test_whole_hours_begin_within_an_hour_of_the_window(now_ms: int, length_ms: int) -> None:
    window = window_before(now_ms, length_ms)
    assert (window.to_ms, window.to_ms - window.from_ms) == (now_ms, length_ms)
    assert 0 <= window.whole_ms - window.from_ms < HOUR_MS
    assert window.whole_ms % HOUR_MS == 0


@given(st.integers(0, 10**12), st.integers(0, 10**12))
def test_a_rate_is_of_those_that_ended_rounded_half_up(failed: int, succeeded: int) -> None:
    found = failure_rate(failed, succeeded)
    if not failed + succeeded:
        assert found is None
        return
    assert found is not None
    true = Fraction(failed, failed + succeeded)
    assert Fraction(-1, 20_000) < true - Fraction(found) < Fraction(1, 20_000) or (
        Fraction(found) - true == Fraction(1, 20_000)
    )
    assert len(found.partition(".")[2]) == 4


@pytest.mark.parametrize(
    ("failed", "succeeded", "rate"),
    [
        (0, 7, "0.0000"),
        (7, 0, "1.0000"),
        (1, 2, "0.3333"),
        (2, 1, "0.6667"),
        (1, 19_999, "0.0001"),
        (0, 0, None),
    ],
)
def test_rates(failed: int, succeeded: int, rate: str | None) -> None:
    assert failure_rate(failed, succeeded) == rate
