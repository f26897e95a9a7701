"""An answer is complete through the newest stored record, or through a look beyond it."""

import pytest

from console.usage.core.freshness import LogEnds, Progress, freshness

NOW = 1_000_000
LOOKED = 999_000
STORED = 990_000


@pytest.mark.parametrize(
    ("progress", "end", "through_ms", "offset"),
    [
        (Progress(1, 4, STORED), 5, LOOKED, 4),  # nothing lies beyond
        (Progress(1, 4, STORED), 6, STORED, 4),  # one record does
        (Progress(1, 4, STORED), 3, LOOKED, 4),  # stored since the look
        (None, 0, LOOKED, None),  # an empty log
        (None, 1, None, None),  # nothing stored yet
        (Progress(1, 4, LOOKED + 500), 5, LOOKED + 500, 4),  # the broker's clock is ahead of the look
        (Progress(1, 4, STORED), None, STORED, 4),  # Kafka is away
        (Progress(0, 4, STORED), 1, STORED, None),  # the log was made anew: its records are not in
        (Progress(0, 4, STORED), 0, LOOKED, None),  # the new log is still empty
    ],
)
def test_complete_through_of_one_partition(
    progress: Progress | None, end: int | None, through_ms: int | None, offset: int | None
) -> None:
    ends = None if end is None else LogEnds(LOOKED, {3: end})
    found = freshness([3], {} if progress is None else {3: progress}, ends, 1, NOW)
    assert found.complete_through_ms == through_ms
    assert found.as_of_offset == offset
    assert found.lag_seconds == (None if through_ms is None else (NOW - through_ms) / 1_000)


def test_several_partitions_are_as_complete_as_the_least_one() -> None:
    progress = {0: Progress(1, 9, STORED), 1: Progress(1, 3, STORED - 5)}
    ends = LogEnds(LOOKED, {0: 10, 1: 5, 2: 0})
    found = freshness(range(3), progress, ends, 1, NOW)
    assert found.complete_through_ms == STORED - 5
    assert found.as_of_offset == {"0": 9, "1": 3, "2": None}


def test_one_unknown_partition_makes_the_whole_unknown() -> None:
    found = freshness(range(2), {0: Progress(1, 9, STORED)}, LogEnds(LOOKED, {0: 10, 1: 1}), 1, NOW)
    assert found.complete_through is None
    assert found.lag_seconds is None
