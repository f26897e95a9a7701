from hypothesis import given
from hypothesis import strategies as st

from sinks.rollups.core.pending import Newest, Pending
from sinks.rollups.core.row import Row
from tests.unit.sinks.rollups.rows import row

KEYS = st.sampled_from([b"a", b"b", b"c"])


def test_a_row_waits_for_the_progress_that_covers_it() -> None:
    pending = Pending(0)
    early, late = row(b"a", stamp=5, offset=0), row(b"b", stamp=9, offset=1)
    pending.add([early, late], 2)

    assert pending.release() == []
    pending.cover(7)
    assert pending.release() == [early]
    assert pending.next_offset == 1
    pending.cover(9)
    assert pending.release() == [late]
    assert pending.next_offset == 2


def test_an_old_progress_of_a_zombie_covers_nothing_new() -> None:
    pending = Pending(0)
    pending.cover(7)
    pending.cover(3)
    pending.add([row(b"a", stamp=5, offset=0), row(b"b", stamp=8, offset=1)], 2)

    assert [each.stamp for each in pending.release()] == [5]


@st.composite
def logs(draw: st.DrawFn) -> list[int | tuple[bytes, int]]:
    """A partition's rollups as a processor writes them: rows of batches in flight, then their progress."""
    log: list[int | tuple[bytes, int]] = []
    stamp, covered = 0, []
    for _ in range(draw(st.integers(1, 8))):
        first = stamp + 1
        stamp += draw(st.integers(1, 5))
        log += draw(st.lists(st.tuples(KEYS, st.integers(first, stamp)), max_size=6))
        covered.append(stamp)
        # Up to two batches are in flight before the first one's progress is written.
        if len(covered) == 2 or draw(st.booleans()):
            log.append(covered.pop(0))
    return log


@given(logs(), st.lists(st.integers(1, 4)))
def test_what_is_released_is_the_state_at_a_progress_whatever_the_cuts(
    log: list[int | tuple[bytes, int]], sizes: list[int]
) -> None:
    pending = Pending(0)
    stored: dict[bytes, int] = {}
    place, step = 0, iter(sizes)
    while place < len(log):
        piece = log[place : place + next(step, 3)]
        rows = []
        for offset, entry in enumerate(piece, place):
            if isinstance(entry, int):
                pending.cover(entry)
            else:
                rows.append(row(*entry, offset))
        place += len(piece)
        newest = Newest()
        pending.add(rows, place)
        newest.add(pending.release())
        for each in newest.take():
            before = stored.get(each.record.key)
            if before is None or each.stamp > before:
                stored[each.record.key] = each.stamp

        progress = max((entry for entry in log[:place] if isinstance(entry, int)), default=-1)
        read = [entry for entry in log[:place] if not isinstance(entry, int)]
        assert stored == {
            key: max(stamp for k, stamp in read if k == key and stamp <= progress)
            for key in {key for key, stamp in read if stamp <= progress}
        }
        waiting = [
            offset
            for offset, entry in enumerate(log[:place])
            if not isinstance(entry, int) and entry[1] > progress
        ]
        assert pending.next_offset == min(waiting, default=place)


@given(st.lists(st.tuples(KEYS, st.integers(0, 5))))
def test_of_each_key_the_highest_stamp_stays_and_of_equal_ones_the_last(
    entries: list[tuple[bytes, int]],
) -> None:
    rows: list[Row] = [row(key, stamp, offset) for offset, (key, stamp) in enumerate(entries)]
    newest = Newest()

    newest.add(rows)

    expected = {}
    for each in sorted(rows, key=lambda one: (one.stamp, one.record.offset)):
        expected[each.record.key] = each
    assert {each.record.key: each for each in newest.take()} == expected
    assert len(newest) == 0
