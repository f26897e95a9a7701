import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.usage.core.entries import (
    columns_of,
    entries_of,
    halves_of,
    join,
    meta_of,
    offsets_of,
    sighting_of,
)
from schemas.seen import encode_seen

contents = st.integers(0, 2**32 - 1)


@given(st.integers(0, 2**40), st.integers(-(2**30), 3 * 2**30 - 1), contents)
def test_a_sighting_is_read_back_from_any_record_near_by(offset: int, distance: int, content: int) -> None:
    near = offset + distance
    if near < 0:
        return
    meta = meta_of(offset, content)
    assert sighting_of(meta, near) == (offset, content)
    assert offsets_of(np.array([meta], np.uint64), near).tolist() == [offset]


@pytest.mark.parametrize("near", [2**32 - 2, 2**32 - 1, 2**32, 2**32 + 5])
def test_offsets_go_on_where_32_bits_end(near: int) -> None:
    offsets = [2**32 - 2, 2**32 - 1, 2**32, 2**32 + 1]
    metas = np.array([meta_of(offset, 9) for offset in offsets], np.uint64)
    assert offsets_of(metas, near).tolist() == offsets


@given(st.lists(st.tuples(st.binary(min_size=16, max_size=16), contents), max_size=5))
def test_a_seen_record_becomes_the_entries_that_the_index_made(pairs: list[tuple[bytes, int]]) -> None:
    ids = b"".join(each for each, _ in pairs)
    of_batch = columns_of(ids, [content for _, content in pairs], [2**32 + 3] * len(pairs))
    of_topic = entries_of([encode_seen(pairs)], [2**32 + 3])
    assert of_batch.first.tolist() == of_topic.first.tolist()
    assert of_batch.second.tolist() == of_topic.second.tolist()
    assert of_batch.meta.tolist() == of_topic.meta.tolist()


def test_no_half_of_an_id_looks_like_an_empty_slot() -> None:
    ids = bytes(8) + b"\2" + bytes(7) + b"\5" + bytes(7) + bytes(8)
    entries = columns_of(ids, [0, 0], [0, 0])
    assert entries.first.tolist() == [1, 5]
    assert [halves_of(ids, place) for place in (0, 1)] == [(1, 2), (5, 0)]


def test_a_seen_record_without_entries_is_none() -> None:
    assert len(entries_of([b""], [3])) == 0


def test_entries_of_one_id_keep_their_order() -> None:
    ids = bytes(7) + b"\1" + bytes(8)
    entries = join([columns_of(ids, [content], [0]) for content in (3, 1, 2)])
    assert (entries.take(entries.order()).meta & 0xFF).tolist() == [3, 1, 2]
