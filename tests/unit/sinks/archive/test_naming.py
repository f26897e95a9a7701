from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sinks.archive.core.naming import file_name, split
from sinks.core.log import Claim, Log


class Sized(NamedTuple):
    rows: int


def test_a_name_tells_stream_generation_partition_offsets_and_epoch() -> None:
    claim = Claim(Log("usage", 3), generation=2, next_offset=0, epoch=7)

    name = str(file_name(claim, 10, 25))

    assert name == "usage/generation=2/partition=3/0000000000000000010-0000000000000000025-7.parquet"


def test_two_owners_of_a_log_never_write_the_same_name() -> None:
    earlier = Claim(Log("usage", 3), generation=1, next_offset=10, epoch=7)

    assert file_name(earlier, 10, 25) != file_name(earlier._replace(epoch=8), 10, 25)


@given(st.lists(st.builds(Sized, st.integers(0, 9))), st.integers(1, 12))
def test_no_file_has_more_rows_than_asked_for_unless_one_record_has(records: list[Sized], most: int) -> None:
    runs = list(split(records, most))

    assert [record for run in runs for record in run] == records
    assert all(len(run) == 1 or sum(record.rows for record in run) <= most for run in runs)


@pytest.mark.parametrize(
    ("rows", "runs"), [([4, 4, 4], [[4, 4], [4]]), ([9, 1], [[9], [1]]), ([8], [[8]]), ([], [])]
)
def test_a_run_is_as_long_as_it_may_be(rows: list[int], runs: list[list[int]]) -> None:
    found = split([Sized(each) for each in rows], 8)

    assert [[record.rows for record in run] for run in found] == runs
