"""The sink between its two sides: records in, batches out, nothing stored before its progress."""

import pytest
from msgspec import structs

from schemas.stamp import stamp_of
from sinks.core.log import Claim, Log
from sinks.core.record import Record
from sinks.rollups import sink as module
from sinks.rollups.batch import RollupsBatch
from sinks.rollups.core.row import Table
from sinks.rollups.sink import RollupsSink
from tests.unit.sinks.rollups.rows import KEY, progress_record, record, usage_record

LOG = Log("rollups", 3)


class Seen:
    """What the sink has told."""

    def __init__(self) -> None:
        self.ages: list[float] = []
        self.waiting: list[float] = []


@pytest.fixture
def seen() -> Seen:
    return Seen()


@pytest.fixture
def sink(seen: Seen) -> RollupsSink:
    made = RollupsSink({}, 0.1, seen.ages.append, seen.waiting.append)
    made.begin([Claim(LOG, 1, 0, 1)])
    return made


def usage(offset: int, customer: str = "c1") -> Record:
    key = structs.replace(KEY, customer=customer)
    return usage_record(key, stamp=stamp_of(1, offset), offset=offset)


def progress(upto: int, offset: int) -> Record:
    return progress_record(LOG.partition, stamp_of(1, upto), offset)


def cut(sink: RollupsSink) -> RollupsBatch:
    batch = sink.cut()
    assert isinstance(batch, RollupsBatch)
    return batch


def test_a_batch_holds_what_a_progress_covers_and_the_rest_waits(sink: RollupsSink, seen: Seen) -> None:
    sink.take(LOG, [usage(0), usage(1, "c2"), usage(5), progress(1, 6)])

    batch = cut(sink)

    assert [row.record.offset for row in batch.by_table[Table.USAGE]] == [0, 1]
    assert batch.next_offsets == {LOG: 5}
    assert seen.waiting[-1] == 1
    sink.take(LOG, [progress(5, 7)])
    assert [row.record.offset for row in cut(sink).by_table[Table.USAGE]] == [5]
    assert seen.waiting[-1] == 0


def test_a_bad_record_that_a_good_one_of_its_key_follows_is_set_aside_all_the_same(sink: RollupsSink) -> None:
    good = usage(2)
    bad = record(good.key, b"[[1,2", 1)

    sink.take(LOG, [usage(0), bad, good, progress(2, 3)])

    batch = cut(sink)
    assert [letter.offset for letter in batch.letters] == [1]
    assert [row.record for row in batch.by_table[Table.USAGE]] == [good]


def test_many_rows_without_a_progress_are_a_line_in_the_log_at_each_doubling(
    sink: RollupsSink, seen: Seen, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[int] = []

    class Logger:
        def warning(self, event: str, *, rows_waiting: int, log: str) -> None:
            assert (event, log) == ("rollups.progress_missing", str(LOG))
            said.append(rows_waiting)

    monkeypatch.setattr(module, "logger", Logger())
    monkeypatch.setattr(module, "_MANY_ROWS", 4)
    sink.begin([Claim(LOG, 1, 0, 1)])
    for offset in range(20):
        sink.take(LOG, [usage(offset)])

    assert said == [4, 8, 16]
    assert seen.waiting[-20:] == list(range(1, 21))
    sink.take(LOG, [progress(19, 20)])
    for offset in range(21, 26):
        sink.take(LOG, [usage(offset)])
    assert said == [4, 8, 16, 4]
