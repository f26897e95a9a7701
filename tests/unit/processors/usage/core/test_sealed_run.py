import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.usage.core.entries import Entries
from processors.usage.core.sealed_run import SealedRun

halves = st.sampled_from([1, 2, 3, 2**63, 2**64 - 1]) | st.integers(1, 2**64 - 1)
Rows = list[tuple[int, int, int]]
rows = st.lists(st.tuples(halves, halves, st.integers(0, 2**64 - 1)), max_size=40)


def run_of(wanted: Rows) -> SealedRun:
    column = np.array(wanted, np.uint64).reshape(-1, 3)
    entries = Entries(column[:, 0], column[:, 1], column[:, 2])
    return SealedRun(entries.take(entries.order()), 2**32)


def may_contain(run: SealedRun, asked: Rows) -> list[bool]:
    column = np.array(asked, np.uint64).reshape(-1, 3)
    return [bool(maybe) for maybe in run.may_contain(column[:, 0], column[:, 1])]


@given(rows)
def test_every_entry_is_found_oldest_first(wanted: Rows) -> None:
    run = run_of(wanted)
    assert len(run) == len(wanted)
    assert all(may_contain(run, wanted))
    for first, second, _ in wanted:
        assert run.metas(first, second) == [m for f, s, m in wanted if (f, s) == (first, second)]


@given(rows, rows)
def test_what_is_not_there_has_no_metas(wanted: Rows, asked: Rows) -> None:
    run = run_of(wanted)
    there = {(first, second) for first, second, _ in wanted}
    for first, second, _ in asked:
        if (first, second) not in there:
            assert run.metas(first, second) == []


@given(rows, rows)
def test_the_filter_may_say_yes_to_much_but_the_first_half_decides(wanted: Rows, asked: Rows) -> None:
    firsts = {first for first, _, _ in wanted}
    for (first, _, _), maybe in zip(asked, may_contain(run_of(wanted), asked), strict=True):
        assert not maybe or first in firsts


def test_an_empty_run_knows_nothing() -> None:
    run = run_of([])
    assert may_contain(run, [(1, 1, 0)]) == [False]
    assert run.metas(1, 1) == []


@pytest.mark.parametrize("count", [1, 5, 6, 1000])
def test_the_filter_keeps_most_new_ids_from_a_search(count: int) -> None:
    chance = np.random.default_rng(3)
    known, new = (
        chance.integers(1, 2**63, (count, 3), np.uint64),
        chance.integers(1, 2**63, (4000, 2), np.uint64),
    )
    run = run_of([(f, s, m) for f, s, m in known.tolist()])
    searched = sum(1 for f, s in new.tolist() if run._passes(f, s))  # noqa: SLF001 -- speed has no other face
    assert searched < 4000 * 0.05
