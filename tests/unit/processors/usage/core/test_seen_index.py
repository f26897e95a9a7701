import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.usage.core.entries import entries_of
from processors.usage.core.seen_index import Copy, SeenIndex, Sightings, first_to_merge
from schemas.seen import encode_seen

#: Whether a batch is decided by columns or one by one.
ways = pytest.mark.parametrize("few", [0, 100])
ID, OTHER = b"\1" * 16, b"\2" * 16


def sightings(*events: tuple[bytes, int, int], kept_since: int = 0) -> Sightings:
    """Return (id, offset, content) of events as a batch."""
    ids, offsets, contents = zip(*events, strict=True)
    return Sightings(b"".join(ids), list(contents), list(offsets), [kept_since] * len(events))


def restored(*records: tuple[int, bytes, int], few: int) -> SeenIndex:
    """Return an index of (offset, id, content) as they stand on weir.seen."""
    index = SeenIndex(64, few=few)
    for offset, each, content in records:
        index.restore(entries_of([encode_seen([(each, content)])], [offset]))
    return index


@ways
def test_the_first_sighting_counts_and_every_other_one_is_its_copy(few: int) -> None:
    index = SeenIndex(64, few=few)
    assert index.decide(sightings((ID, 3, 7), (OTHER, 3, 7), (ID, 3, 7), (ID, 5, 8))) == {
        2: Copy(conflicts=False, first_offset=3),
        3: Copy(conflicts=True, first_offset=3),
    }
    assert index.decide(sightings((ID, 6, 7))) == {0: Copy(conflicts=False, first_offset=3)}


@ways
def test_a_replayed_record_is_no_copy_of_itself(few: int) -> None:
    index = restored((3, ID, 7), few=few)
    assert index.decide(sightings((ID, 3, 7), (ID, 3, 7))) == {1: Copy(conflicts=False, first_offset=3)}
    assert len(index) == 1


@ways
def test_a_replayed_copy_is_a_copy_again(few: int) -> None:
    index = restored((3, ID, 7), few=few)
    assert index.decide(sightings((ID, 3, 7), (ID, 4, 7))) == {1: Copy(conflicts=False, first_offset=3)}


@ways
def test_what_stands_ahead_of_a_replayed_record_is_no_evidence_and_hides_none(few: int) -> None:
    # It counted at 3; at 9 the horizon had passed it, so it counted again; then a crash.
    index = restored((3, ID, 7), (9, ID, 7), few=few)
    assert index.decide(sightings((ID, 5, 7))) == {0: Copy(conflicts=False, first_offset=3)}
    assert index.decide(sightings((ID, 9, 7), kept_since=6)) == {}
    assert index.decide(sightings((ID, 10, 7), kept_since=6)) == {0: Copy(conflicts=False, first_offset=9)}


@ways
def test_behind_the_horizon_an_id_counts_anew(few: int) -> None:
    index = SeenIndex(64, few=few)
    index.decide(sightings((ID, 3, 7)))
    assert index.decide(sightings((ID, 8, 7), kept_since=3)) == {0: Copy(conflicts=False, first_offset=3)}
    assert index.decide(sightings((ID, 9, 7), kept_since=4)) == {}
    assert index.decide(sightings((ID, 10, 7), kept_since=4)) == {0: Copy(conflicts=False, first_offset=9)}


@ways
def test_sealing_and_merging_change_no_answer(few: int) -> None:
    index = SeenIndex(1, few=few, most_runs=1)
    ids = [bytes([number]) * 16 for number in range(1, 61)]
    for offset, each in enumerate(ids):
        index.decide(sightings((each, offset, 7)))
        if index.is_full:
            index.seal(offset - 2)
    assert len(index.runs) > 1
    index.compact(10)
    assert len(index.runs) == 1
    found = index.decide(sightings(*((each, 70, 7) for each in ids)))
    assert found == {place: Copy(conflicts=False, first_offset=place) for place in range(10, 60)}


def test_runs_behind_the_horizon_are_dropped_without_a_look_into_them() -> None:
    index = SeenIndex(64)
    index.decide(sightings((ID, 3, 7), (OTHER, 5, 7)))
    old, young = index.seal(3), index.seal(5)
    index.compact(3)
    assert index.runs == [old, young]
    index.compact(4)
    assert index.runs == [young]


def test_a_merged_run_is_as_new_as_the_newest_of_them() -> None:
    """A start seals ids ahead of the progress, so the next run to be sealed may be the older one."""
    index = SeenIndex(64, most_runs=1)
    index.decide(sightings((ID, 9, 7)))
    index.seal(9)
    index.decide(sightings((OTHER, 5, 7)))
    index.seal(5)
    index.compact(0)
    index.compact(9)
    assert index.decide(sightings((ID, 10, 7), kept_since=9)) == {0: Copy(conflicts=False, first_offset=9)}


@pytest.mark.parametrize(
    ("sizes", "start"),
    [
        pytest.param([1, 1, 1], 3, id="not too many: none"),
        pytest.param([100, 1, 1, 1], 1, id="what is twice as large as the rest stays"),
        pytest.param([100, 6, 2, 1], 2, id="as few as that allows"),
        pytest.param([100, 5, 2, 1], 1, id="with what is smaller than twice the rest"),
        pytest.param([5, 4, 2, 1], 0, id="all"),
    ],
)
def test_the_youngest_runs_are_merged(sizes: list[int], start: int) -> None:
    assert first_to_merge(sizes, most=3) == start


@given(st.integers(1, 3_000))
def test_an_entry_is_merged_less_often_than_the_index_doubles(seals: int) -> None:
    sizes: list[int] = []
    written = 0
    for _ in range(seals):
        sizes.append(1)
        start = first_to_merge(sizes, 8)
        if start < len(sizes):
            sizes[start:] = [sum(sizes[start:])]
            written += sizes[-1]
        assert len(sizes) <= 8
    assert sum(sizes) == seals
    assert written <= seals * seals.bit_length()


def test_sealing_leaves_what_is_not_durable_in_the_table() -> None:
    index = SeenIndex(64)
    index.decide(sightings((ID, 2**32 - 1, 7), (OTHER, 2**32, 7)))
    run = index.seal(2**32 - 1)
    assert (len(run), len(index)) == (1, 2)
    assert index.seal(2**32).entries.meta.tolist() == [7]


@ways
def test_an_entry_that_comes_twice_from_the_topic_is_kept_once(few: int) -> None:
    index = restored((3, ID, 7), (9, ID, 7), (3, ID, 7), few=few)
    assert len(index) == 2
    index.seal(5)
    index.restore(entries_of([encode_seen([(ID, 7)])], [3]))
    assert len(index) == 2


@ways
def test_ids_that_share_a_half_are_two(few: int) -> None:
    index = SeenIndex(64, few=few)
    left, right = b"\1" * 8 + b"\2" * 8, b"\1" * 8 + b"\3" * 8
    assert index.decide(sightings((left, 1, 7), (right, 1, 7), (left, 2, 7))) == {
        2: Copy(conflicts=False, first_offset=1)
    }


def test_an_empty_batch_has_no_copies() -> None:
    assert SeenIndex(64).decide(Sightings(b"", [], [], [])) == {}
