from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sinks.core.refusal import Refusal, Refused, store_all_but_refused


class Shelf:
    """A store that takes a whole call or nothing of it."""

    def __init__(self, bad: set[int]) -> None:
        self.bad = bad
        self.kept: list[int] = []
        self.calls = 0

    def store(self, rows: Sequence[int]) -> None:
        self.calls += 1
        for row in rows:
            if row in self.bad:
                raise Refused(f"{row} is bad")
        self.kept += rows


@given(st.lists(st.integers(0, 50), unique=True), st.sets(st.integers(0, 50)))
def test_exactly_the_bad_rows_are_refused_and_every_neighbour_is_stored(
    rows: list[int], bad: set[int]
) -> None:
    shelf = Shelf(bad)

    refusals = store_all_but_refused(rows, shelf.store)

    assert [refusal.row for refusal in refusals] == [row for row in rows if row in bad]
    assert shelf.kept == [row for row in rows if row not in bad]


def test_a_refusal_says_what_the_store_said() -> None:
    assert store_all_but_refused([7], Shelf({7}).store) == [Refusal(7, "7 is bad")]


@pytest.mark.parametrize(("bad", "calls"), [(set(), 1), ({512}, 21)])
def test_good_rows_cost_one_call_and_a_bad_one_among_a_thousand_about_twenty(
    bad: set[int], calls: int
) -> None:
    shelf = Shelf(bad)

    store_all_but_refused(range(1_024), shelf.store)

    assert shelf.calls == calls
