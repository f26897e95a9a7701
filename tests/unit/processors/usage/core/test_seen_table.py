"""The table holds every entry, whichever way it came in and however full its bucket is."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from processors.usage.core.entries import Entries
from processors.usage.core.seen_table import SeenTable

#: Few ids in few buckets; 0 marks an empty slot and never comes.
halves = st.sampled_from([1, 2, 3, 2**63 - 1, 2**63, 2**64 - 1])
Rows = list[tuple[int, int, int]]
rows = st.lists(st.tuples(halves, halves, st.integers(0, 2**64 - 1)), max_size=40)


def columns(wanted: Rows) -> Entries:
    column = np.array(wanted, np.uint64).reshape(-1, 3)
    entries = Entries(column[:, 0], column[:, 1], column[:, 2])
    return entries.take(entries.order())


def metas(wanted: Rows, first: int, second: int) -> list[int]:
    return [meta for f, s, meta in wanted if (f, s) == (first, second)]


@given(rows, rows, rows)
def test_what_was_put_in_is_found(one_by_one: Rows, sorted_in: Rows, again: Rows) -> None:
    table = SeenTable(1)
    for row in one_by_one:
        table.add(*row)
    table.insert(columns(sorted_in))
    table.insert(columns(again))
    everything = one_by_one + sorted_in + again
    for first, second, _ in everything:
        assert table.metas(first, second) == metas(everything, first, second)
    assert table.metas(7, 7) == []
    assert len(table) == len(everything)


@given(rows, rows)
def test_an_id_that_is_here_is_never_called_new(present: Rows, asked: Rows) -> None:
    table = SeenTable(1)
    table.insert(columns(present))
    firsts = {first for first, _, _ in present}
    maybe = table.may_contain(columns(asked).first).tolist()
    assert maybe == [first in firsts for first in sorted(first for first, _, _ in asked)]


@given(rows)
def test_everything_comes_out_again_in_the_order_of_each_id(wanted: Rows) -> None:
    table = SeenTable(1)
    table.insert(columns(wanted))
    out = table.entries()
    flat = list(zip(out.first.tolist(), out.second.tolist(), out.meta.tolist(), strict=True))
    assert sorted(flat) == sorted(wanted)
    for first, second, _ in wanted:
        assert metas(flat, first, second) == metas(wanted, first, second)


def test_it_is_full_at_55_percent_of_its_slots() -> None:
    table = SeenTable(32)
    for number in range(17):
        assert not table.is_full()
        table.add(number + 1, number, number)
    assert table.capacity == 17
    assert table.is_full()


def test_a_full_bucket_spills_and_loses_nothing() -> None:
    table = SeenTable(1)
    for number in range(100):
        table.add(1, number, number)
    assert [table.metas(1, number) for number in range(100)] == [[number] for number in range(100)]
    assert table.may_contain(np.array([1, 2], np.uint64)).tolist() == [True, False]


def test_an_id_that_spilled_alone_is_not_called_new() -> None:
    table = SeenTable(1)
    table.insert(columns([(first, 0, first) for first in range(1, 19)]))
    table.add(19, 0, 19)
    asked = columns([(first, 0, 0) for first in range(15, 22)])
    assert table.may_contain(asked.first).tolist() == [first < 20 for first in range(15, 22)]
    assert [table.metas(first, 0) for first in range(15, 22)] == [[15], [16], [17], [18], [19], [], []]
