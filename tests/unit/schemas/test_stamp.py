"""Stamps order the records of a partition, across topics that were made anew."""

from hypothesis import given
from hypothesis import strategies as st

from schemas.stamp import NEVER, OFFSET_BITS, generation_of, offset_of, stamp_of

generations = st.integers(0, 2**15 - 1)
offsets = st.integers(0, 2**OFFSET_BITS - 1)


@given(generations, offsets)
def test_a_stamp_says_what_it_was_made_of_and_fits_into_63_bits(generation: int, offset: int) -> None:
    stamp = stamp_of(generation, offset)
    assert (generation_of(stamp), offset_of(stamp)) == (generation, offset)
    assert NEVER < stamp < 2**63


@given(st.tuples(generations, offsets), st.tuples(generations, offsets))
def test_stamps_compare_by_generation_and_then_offset(one: tuple[int, int], other: tuple[int, int]) -> None:
    assert (stamp_of(*one) < stamp_of(*other)) == (one < other)


def test_a_stamp_is_pinned() -> None:
    assert stamp_of(3, 1_042) == 844_424_930_131_968 + 1_042
    assert (NEVER, OFFSET_BITS) == (-1, 48)
