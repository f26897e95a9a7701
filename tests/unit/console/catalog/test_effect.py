"""A version of the catalogue takes effect on a full hour that nobody has decided about yet."""

import pytest

from console.catalog.core.effect import effective_from, first_possible
from schemas.errors import Reject
from schemas.instant import HOUR_MS, MINUTE_MS

TEN = 10 * HOUR_MS


@pytest.mark.parametrize(
    ("now_ms", "expected"),
    [
        (TEN, TEN + HOUR_MS),
        (TEN + 50 * MINUTE_MS, TEN + HOUR_MS),  # ten minutes ahead are enough
        (TEN + 50 * MINUTE_MS + 1, TEN + 2 * HOUR_MS),
    ],
)
def test_the_first_possible_hour_is_ten_minutes_ahead(now_ms: int, expected: int) -> None:
    assert first_possible(now_ms) == expected


def test_the_first_version_holds_from_the_beginning() -> None:
    assert effective_from(None, first=True, now_ms=TEN, newest_ms=0) == 0
    with pytest.raises(Reject, match="from the beginning"):
        effective_from(TEN + HOUR_MS, first=True, now_ms=TEN, newest_ms=0)


@pytest.mark.parametrize("wanted_ms", [None, TEN + HOUR_MS])
def test_a_later_version_takes_the_first_possible_hour_or_the_one_that_is_named(
    wanted_ms: int | None,
) -> None:
    assert effective_from(wanted_ms, first=False, now_ms=TEN, newest_ms=0) == TEN + HOUR_MS


@pytest.mark.parametrize(
    ("wanted_ms", "reason"), [(TEN + HOUR_MS + 1, "not on a full hour"), (TEN, "too early"), (0, "too early")]
)
def test_an_impossible_hour_is_refused(wanted_ms: int, reason: str) -> None:
    with pytest.raises(Reject, match=reason):
        effective_from(wanted_ms, first=False, now_ms=TEN, newest_ms=0)


def test_no_version_takes_effect_before_the_one_before_it() -> None:
    newest_ms = TEN + 5 * HOUR_MS
    assert effective_from(None, first=False, now_ms=TEN, newest_ms=newest_ms) == newest_ms
    with pytest.raises(Reject, match="too early"):
        effective_from(TEN + HOUR_MS, first=False, now_ms=TEN, newest_ms=newest_ms)
