"""What one batch gives out. That the numbers are right is the model's claim (test_partition_model)."""

from processors.stream.core.records import SourceRecord
from processors.usage.core.horizon import Horizon
from processors.usage.core.partition import Identity, UsagePartition
from processors.usage.core.quota_table import QuotaTable
from processors.usage.core.seen_index import SeenIndex
from processors.usage.core.table import UsageTable
from schemas import rollup
from schemas.catalog import Catalog, MetersPublished
from schemas.dead_letter import decode_dead_letter
from schemas.event import Series, UsageEvent
from schemas.instant import DAY_MS, HOUR_MS
from schemas.meters import Meter
from schemas.pack import encode_pack
from schemas.partial import single
from schemas.seen import parse_offset_key
from schemas.stamp import stamp_of
from schemas.verdict import Fate

NOW_MS = 20_000 * DAY_MS
CATALOG = Catalog().with_facts([MetersPublished(4, 0, (Meter(name="api", event_type="api"),))])
ROW = rollup.UsageKey("acme", "c-1", "api", "", NOW_MS, 0)


def new_table() -> UsageTable:
    return UsageTable(0, lambda _start_ms: HOUR_MS, QuotaTable(0))


def partition(table: UsageTable | None = None, progress: rollup.Progress | None = None) -> UsagePartition:
    index, horizon = SeenIndex(64), Horizon(DAY_MS)
    quotas = QuotaTable(0)
    table = table or new_table()
    return UsagePartition(Identity("weir.usage", 0, 1, 2), table, quotas, index, horizon, progress)


def record(offset: int, *ids: str, at_ms: int = NOW_MS) -> SourceRecord:
    events = [UsageEvent(Series("acme", "c-1", "api"), NOW_MS, 5, "api", each, b"") for each in ids]
    return SourceRecord(offset, at_ms, encode_pack(events), {})


def test_a_batch_gives_out_each_changed_row_once_and_how_far_it_went() -> None:
    outcome = partition().apply([record(7, "a"), record(8, "b", at_ms=NOW_MS + 9)], CATALOG)
    keys = [rollup.decode(row.key, row.value)[0] for row in outcome.rollups]
    assert keys == [ROW, rollup.FatesKey("acme", "api", NOW_MS, 20_000, 0)]
    assert [parse_offset_key(one.key) for one in outcome.seen] == [7, 8]
    assert outcome.verdicts == outcome.dead_letters == []
    assert outcome.progress == rollup.Progress(stamp_of(2, 8), NOW_MS + 9, 4)
    assert (outcome.last_offset, outcome.record_time_ms) == (8, NOW_MS + 9)


def test_the_tally_counts_every_event_by_its_fate() -> None:
    tally = (
        partition().apply([record(7, "a", "b", "a"), record(8, "c", at_ms=NOW_MS + HOUR_MS)], CATALOG).tally
    )
    assert (tally.records, tally.lookups, tally.in_grace) == (2, 4, 1)
    assert {fate: count for fate, count in tally.fates.items() if count} == {
        Fate.COUNTED: 3,
        Fate.DUPLICATE: 1,
    }


def test_record_time_in_the_progress_never_goes_back() -> None:
    one = partition(progress=rollup.Progress(stamp_of(2, 6), NOW_MS + 50, 4))
    outcome = one.apply([record(7, "a")], CATALOG)
    assert outcome.progress == rollup.Progress(stamp_of(2, 7), NOW_MS + 50, 4)


def test_no_progress_is_told_before_a_replay_has_come_to_its_newest_row() -> None:
    table = new_table()
    stamp = stamp_of(2, 9)
    table.restore(ROW, rollup.encode(rollup.UsageRow(single(NOW_MS, 5), stamp)), stamp)
    before = rollup.Progress(stamp_of(2, 6), NOW_MS, 4)
    one = partition(table, before)
    assert one.apply([record(7, "a"), record(8, "b")], CATALOG).progress is None
    assert one.progress == before
    outcome = one.apply([record(9, "c")], CATALOG)
    assert outcome.progress == rollup.Progress(stamp_of(2, 9), NOW_MS, 4)
    assert one.progress == outcome.progress


def test_what_nobody_can_read_goes_to_the_dead_letters_with_its_bytes() -> None:
    outcome = partition().apply([SourceRecord(7, NOW_MS, b"\0", {})], CATALOG)
    [letter] = outcome.dead_letters
    assert letter.key == b"weir.usage/0/7"
    assert decode_dead_letter(letter.value).value == b"\0"
    assert len(outcome.verdicts) == 1


def test_a_record_that_opens_an_hour_is_on_the_seen_topic_even_if_nothing_counted() -> None:
    one = partition()
    one.apply([record(7, "a")], CATALOG)
    later = [record(8, "a"), record(9, "a", at_ms=NOW_MS + HOUR_MS), record(10, "a", at_ms=NOW_MS + HOUR_MS)]
    outcome = one.apply(later, CATALOG)
    assert [(parse_offset_key(seen.key), seen.value) for seen in outcome.seen] == [(9, b"")]
    assert outcome.seen[0].timestamp_ms == NOW_MS + HOUR_MS
