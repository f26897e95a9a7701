"""Lag in records and in seconds, and how long until retention overtakes a reader."""

import math

import pytest

from console.watch.core.lag import Reading, lag_seconds, least_by_topic, seconds_to_loss

DAY_MS = 86_400_000
NOW = 10 * DAY_MS


def reading(begin: int, end: int, committed: int | None, partition: int = 0) -> Reading:
    return Reading("g", "t", partition, begin, end, committed)


@pytest.mark.parametrize(
    ("begin", "end", "committed", "lag", "oldest"),
    [
        (0, 10, 4, 6, 4),
        (0, 10, 10, 0, None),
        (0, 0, None, 0, None),
        (3, 10, None, 7, 3),  # it never said anything: it begins at the beginning
        (6, 10, 4, 6, 6),  # retention was faster: two offsets can never be read
        (10, 10, 4, 6, None),
        (0, 10, 12, 0, None),  # read on between our two questions
    ],
)
def test_lag_is_what_lies_before_the_group(
    begin: int, end: int, committed: int | None, lag: int, oldest: int | None
) -> None:
    found = reading(begin, end, committed)
    assert found.lag == lag
    assert found.oldest_unread == oldest


@pytest.mark.parametrize(
    ("record_ms", "expected"), [(None, 0.0), (NOW - 1_500, 1.5), (NOW, 0.0), (NOW + 7, 0.0)]
)
def test_lag_in_seconds_is_the_age_of_the_oldest_unread_record(
    record_ms: int | None, expected: float
) -> None:
    assert lag_seconds(record_ms, NOW) == expected


@pytest.mark.parametrize(
    ("found", "record_ms", "retention_ms", "expected"),
    [
        (reading(0, 10, 4), NOW - DAY_MS, 7 * DAY_MS, 6 * 86_400),
        (reading(0, 10, 4), NOW - 8 * DAY_MS, 7 * DAY_MS, 0),  # deleted with its segment, any moment
        (reading(4, 10, 4), NOW - DAY_MS, 7 * DAY_MS, 6 * 86_400),  # just in time
        (reading(0, 10, 10), None, 7 * DAY_MS, 7 * 86_400),
        (reading(6, 10, 4), NOW - DAY_MS, 7 * DAY_MS, 0),  # it has happened
        (reading(0, 10, 4), NOW - DAY_MS, None, math.inf),
    ],
)
def test_time_to_loss(
    found: Reading, record_ms: int | None, retention_ms: int | None, expected: float
) -> None:
    assert seconds_to_loss(found, record_ms, retention_ms, NOW) == expected


def test_the_partition_that_loses_first_speaks_for_its_topic() -> None:
    values = [(reading(0, 1, 0, 0), 9.0), (reading(0, 1, 0, 1), 2.0)]
    assert least_by_topic(values) == {("g", "t"): 2.0}
