from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.usage.core.rows import FatesRow, UsageRow
from schemas import rollup
from schemas.partial import merge, single

KEY = rollup.UsageKey("acme", "c-1", "api", "", 0, 0)
FATES_KEY = rollup.FatesKey("acme", "api", 0, 20_000, 3)
events = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3) | st.just(10**40)), min_size=1)


def counted(given_events: list[tuple[int, int]]) -> UsageRow:
    row = UsageRow(rollup.encode(KEY))
    for at_ms, value in given_events:
        row.add(at_ms, value)
    row.stamp = 5
    return row


@given(events)
def test_a_row_is_the_partial_of_its_events_in_log_order(given_events: list[tuple[int, int]]) -> None:
    row = counted(given_events)
    partial = reduce(merge, (single(*event) for event in given_events))
    assert rollup.decode(row.key, row.encode()) == (KEY, rollup.UsageRow(partial, 5))


@given(events, events)
def test_a_restored_row_goes_on_as_if_nothing_had_happened(
    before: list[tuple[int, int]], after: list[tuple[int, int]]
) -> None:
    _, saved = rollup.decode(rollup.encode(KEY), counted(before).encode())
    assert isinstance(saved, rollup.UsageRow)
    row = UsageRow(rollup.encode(KEY))
    row.restore(saved)
    for at_ms, value in after:
        row.add(at_ms, value)
    assert row.encode() == counted(before + after).encode()


@pytest.mark.parametrize("row", [rollup.FatesRow(1, 2, 3, 4, 5, 6, 7, 8)])
def test_counts_of_fates_come_back_as_they_were_written(row: rollup.FatesRow) -> None:
    fates = FatesRow(rollup.encode(FATES_KEY))
    fates.restore(row)
    assert rollup.decode(fates.key, fates.encode()) == (FATES_KEY, row)
