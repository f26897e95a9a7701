import pytest

from processors.usage.core.entries import entries_of
from processors.usage.core.seen_index import Copy, SeenIndex, Sightings, merge
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
    index = SeenIndex(1, few=few)
    ids = [bytes([number]) * 16 for number in range(1, 61)]
    for offset, each in enumerate(ids):
        index.decide(sightings((each, offset, 7)))
        if index.is_full:
            index.seal(offset - 2)
    assert len(index.runs) > 1
    index.runs[:] = [merge(index.runs, 10, 60)]
    found = index.decide(sightings(*((each, 70, 7) for each in ids)))
    assert found == {place: Copy(conflicts=False, first_offset=place) for place in range(10, 60)}


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
