from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sinks.archive.core.runs import Run, Runs


class Sized(NamedTuple):
    offset: int
    rows: int


class Listed:
    """Columns that remember what went into them."""

    def __init__(self) -> None:
        self.records: list[Sized] = []

    @property
    def rows(self) -> int:
        return sum(record.rows for record in self.records)

    def add(self, record: Sized) -> None:
        self.records.append(record)


def runs_of(records: list[Sized], most: int, first_offset: int = 0) -> list[Run]:
    runs = Runs(first_offset, most, Listed)
    for record in records:
        runs.add(record)
    return runs.end()


@given(st.lists(st.integers(0, 9)), st.integers(1, 12))
def test_no_file_has_more_rows_than_asked_for_unless_one_record_has(sizes: list[int], most: int) -> None:
    records = [Sized(offset, rows) for offset, rows in enumerate(sizes)]

    runs = runs_of(records, most)

    with_rows = [[record for record in run.columns.records if record.rows] for run in runs]
    assert [record for run in with_rows for record in run] == [record for record in records if record.rows]
    assert all(
        len(found) == 1 or run.columns.rows <= most for run, found in zip(runs, with_rows, strict=True)
    )


@pytest.mark.parametrize(
    ("rows", "runs"), [([4, 4, 4], [[4, 4], [4]]), ([9, 1], [[9], [1]]), ([8], [[8]]), ([], []), ([0, 0], [])]
)
def test_a_run_is_as_long_as_it_may_be(rows: list[int], runs: list[list[int]]) -> None:
    found = runs_of([Sized(offset, each) for offset, each in enumerate(rows)], 8)

    assert [[record.rows for record in run.columns.records] for run in found] == runs


def test_files_follow_each_other_without_a_hole_whatever_could_not_be_read() -> None:
    found = runs_of([Sized(12, 5), Sized(14, 5), Sized(15, 0)], 8, first_offset=10)

    assert [(run.first_offset, run.last_offset) for run in found] == [(10, 12), (13, 15)]
