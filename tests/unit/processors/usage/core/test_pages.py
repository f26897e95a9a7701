"""Pages are written when they change, kept with their rows, and go on after a restart."""

from collections.abc import Iterable, Sequence
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st
from xxhash import xxh3_64_intdigest

from processors.usage.core.pages import PagedRow
from processors.usage.core.quota_table import QuotaTable
from processors.usage.core.stamping import FirstPass, Replay
from processors.usage.core.table import UsageTable
from schemas import level, percentile, rollup, unique
from schemas.errors import Reject
from schemas.instant import DAY_MS, HOUR_MS
from schemas.partial import single
from schemas.sketch import EXACT_UP_TO, Kind, of_values, read_window

START_MS = 20_000 * DAY_MS
NAME = ("acme", "c-1", "users", "")
KEY = rollup.UsageKey(*NAME, START_MS, 0)
KINDS: Sequence[Kind] = (unique.KIND, percentile.KIND, level.KIND)

records_of_values = st.lists(st.lists(st.integers(0, 10**9), min_size=1, max_size=20), min_size=1, max_size=8)


def table() -> UsageTable:
    return UsageTable(3, lambda _start_ms: 2 * HOUR_MS, QuotaTable(3))


def row_of(rows: UsageTable, kind: Kind) -> PagedRow:
    row = rows.usage_row(START_MS, 0, NAME, kind)
    assert isinstance(row, PagedRow)
    return row


def values_of(kind: Kind, numbers: Sequence[int]) -> list[int]:
    return [*numbers] if kind.has_amounts else [xxh3_64_intdigest(b"%d" % number) for number in numbers]


def at_ms(kind: Kind, value: int) -> int:
    """Return when an event of *value* is: where that matters, somewhere in its window."""
    return START_MS + value % HOUR_MS if kind.has_times else START_MS


def sketch_of(kind: Kind, values: Iterable[int]) -> bytes:
    """Return what events of *values* come to."""
    return of_values(kind, [kind.entry_of(at_ms(kind, value), value) for value in values]).encode()


def count(rows: UsageTable, kind: Kind, stamp: int, values: Sequence[int]) -> None:
    """Count one record of *values*."""
    [row] = FirstPass(rows, stamp).open([row_of(rows, kind)])
    for value in values:
        row.add(at_ms(kind, value), value)


def written(rows: UsageTable) -> dict[rollup.Key, rollup.Row]:
    return dict(rollup.decode(record.key, record.value) for record in rows.take_dirty(0))


def sketch_in(rows: UsageTable, kind: Kind) -> bytes:
    """Return what all pages in *rows* say together."""
    decoded = (rollup.decode(key, value) for key, value in rows.records())
    pages = [
        (key.page, row.content)
        for key, row in decoded
        if isinstance(key, rollup.SketchKey) and isinstance(row, rollup.SketchRow)
    ]
    return read_window(kind, pages).encode()


def restarted(rows: UsageTable) -> UsageTable:
    """Return a table restored from everything that *rows* would keep on disk."""
    again = table()
    for raw, value in rows.records():
        key, row = rollup.decode(raw, value)
        assert isinstance(key, rollup.UsageKey | rollup.SketchKey)
        assert again.restore(key, value, row.stamp)
    return again


def test_who_was_there_already_changes_the_row_and_no_page() -> None:
    rows = table()
    count(rows, unique.KIND, 1, [7])
    assert written(rows) == {
        KEY: rollup.UsageRow(single(START_MS, 0), 1),
        rollup.SketchKey(*NAME, START_MS, 0, 0): rollup.SketchRow(b"\0" + (7).to_bytes(8, "big"), 1),
    }
    count(rows, unique.KIND, 2, [7])
    assert set(written(rows)) == {KEY}


def test_a_value_rewrites_its_own_page_alone() -> None:
    rows = table()
    count(rows, percentile.KIND, 1, [1, 10**6, 10**9])
    assert len(written(rows)) == 4
    count(rows, percentile.KIND, 2, [10**6])
    assert {key.page for key in written(rows) if isinstance(key, rollup.SketchKey)} == {7}


@pytest.mark.parametrize("kind", KINDS)
@given(records=records_of_values, cut=st.integers(0, 8))
def test_a_restart_with_what_was_kept_is_none(kind: Kind, records: list[list[int]], cut: int) -> None:
    rows, everything = table(), [values_of(kind, numbers) for numbers in records]
    for stamp, values in enumerate(everything):
        if stamp == cut:
            rows = restarted(restarted(rows))
        count(rows, kind, stamp, values)
    assert sketch_in(rows, kind) == sketch_of(kind, chain.from_iterable(everything))
    assert len(rows) == len(list(rows.records()))


@pytest.mark.parametrize("kind", KINDS)
@given(records=records_of_values, durable=st.lists(st.integers(0, 8), min_size=60, max_size=60))
def test_pages_that_became_durable_apart_take_each_record_once(
    kind: Kind, records: list[list[int]], durable: list[int]
) -> None:
    everything = [values_of(kind, numbers) for numbers in records]
    rows = table()
    #: What each key said after each record.
    said: list[dict[rollup.Key, rollup.Row]] = [{}]
    for stamp, values in enumerate(everything):
        count(rows, kind, stamp, values)
        said.append(said[-1] | written(rows))
    again, reached = table(), iter(durable)
    for key in said[-1]:
        # Each key is on the log as some record left it, or not at all.
        durable_row = said[min(next(reached, 0), len(everything))].get(key)
        if durable_row is not None and isinstance(key, rollup.UsageKey | rollup.SketchKey):
            again.restore(key, rollup.encode(durable_row), durable_row.stamp)
    for stamp, values in enumerate(everything):
        [row] = Replay(again, stamp).open([row_of(again, kind)])
        for value in values:
            row.add(at_ms(kind, value), value)
    assert sketch_in(again, kind) == sketch_in(rows, kind)
    partials = [
        rollup.decode(*record)[1]
        for each in (again, rows)
        for record in each.records()
        if record[0] == rollup.encode(KEY)
    ]
    assert partials[0] == partials[1]


@pytest.mark.parametrize("kind", [unique.KIND, percentile.KIND])
def test_more_values_than_are_kept_blur_the_pages_that_change(kind: Kind) -> None:
    rows = table()
    values = values_of(kind, range(EXACT_UP_TO + 50))
    count(rows, kind, 1, values)
    assert sketch_in(rows, kind) == of_values(kind, values).encode()
    # Blurred for good: a restart that meets one blurred page keeps no more values either.
    again = restarted(rows)
    count(again, kind, 2, values_of(kind, range(10_000, 12_000)))
    longest = max(len(row.content) for row in written(again).values() if isinstance(row, rollup.SketchRow))
    assert longest < 700


def test_levels_are_never_blurred_and_one_of_a_second_that_is_over_writes_no_page() -> None:
    rows = table()
    [row] = FirstPass(rows, 1).open([row_of(rows, level.KIND)])
    for second in range(EXACT_UP_TO + 50):
        row.add(START_MS + 1_000 * second + 7, second)
    assert sketch_in(rows, level.KIND) == sketch_in(restarted(rows), level.KIND)
    [page, *_] = [row.content for row in written(rows).values() if isinstance(row, rollup.SketchRow)]
    assert page.startswith(b"[[7,1007,2007,")
    [row] = FirstPass(rows, 2).open([row_of(rows, level.KIND)])
    row.add(START_MS + 1_003, 99)
    assert set(written(rows)) == {KEY}


def test_of_two_records_of_one_page_the_newer_one_is_kept() -> None:
    for stamps in ((4, 9), (9, 4)):
        rows = table()
        for stamp in stamps:
            page = rollup.SketchRow(b"\0" + stamp.to_bytes(8, "big"), stamp)
            rows.restore(rollup.SketchKey(*NAME, START_MS, 0, 0), rollup.encode(page), stamp)
        row_of(rows, unique.KIND)
        assert sketch_in(rows, unique.KIND) == of_values(unique.KIND, [9]).encode()
        assert rows.restored_up_to == 9


def test_pages_leave_with_their_window() -> None:
    rows = table()
    count(rows, unique.KIND, 1, [7])
    rows.close(START_MS + 4 * HOUR_MS)
    assert len(rows) == 0
    page = rollup.encode(rollup.SketchRow(b"\0" + bytes(8), 1))
    assert not rows.restore(rollup.SketchKey(*NAME, START_MS, 0, 0), page, 1)


def test_a_damaged_page_is_rejected() -> None:
    rows = table()
    page = rollup.encode(rollup.SketchRow(b"damaged", 1))
    rows.restore(rollup.SketchKey(*NAME, START_MS, 0, 0), page, 1)
    with pytest.raises(Reject, match="not page 0"):
        row_of(rows, unique.KIND)
