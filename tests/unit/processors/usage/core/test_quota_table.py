"""Rows of quotas live as long as their period, and are deleted on the log after it."""

from processors.usage.core.quota_table import LINGER_MS, QuotaTable
from schemas import quota, rollup
from schemas.instant import DAY_MS
from schemas.partial import single
from schemas.period import Span

NAME = ("acme", "c-1", "api")
TODAY = Span(20_000 * DAY_MS, 20_001 * DAY_MS)
TOMORROW = Span(TODAY.end_ms, TODAY.end_ms + DAY_MS)
KEY = quota.UsedKey(*NAME, *TODAY)


def test_a_row_leaves_with_its_period_and_its_key_is_deleted() -> None:
    table = QuotaTable(3)
    [today, tomorrow] = table.used_rows(NAME, [TODAY, TOMORROW])
    [month] = table.events_rows(["acme"], TODAY)
    for row in (today, tomorrow, month):
        table.touch(row)
    assert [record.key for record in table.take_dirty(5)] == [today.key, tomorrow.key, month.key]
    table.close(TODAY.end_ms + LINGER_MS - 1)
    assert table.take_dirty(6) == []
    table.close(TODAY.end_ms + LINGER_MS)
    gone = table.take_dirty(7)
    assert {(record.key, record.value) for record in gone} == {(today.key, b""), (month.key, b"")}
    assert table.take_dirty(8) == []
    assert len(table) == 1
    assert table.used_rows(NAME, [TODAY, TOMORROW]) == [tomorrow]


def test_a_restored_row_is_as_it_was_whether_anybody_asks_for_it_or_not() -> None:
    value = quota.encode(quota.UsedRow(9, single(TODAY.start_ms, 5)))
    table = QuotaTable(3)
    table.restore(quota.encode(KEY), value)
    assert (len(table), table.restored_up_to) == (1, 9)
    assert list(table.records()) == [(quota.encode(KEY), value)]
    [row] = table.used_rows(NAME, [TODAY])
    row.add(TODAY.start_ms + 1, 6)
    assert (row.total, row.stamp, len(table)) == (11, 9, 1)
    [events] = table.events_rows(["acme"], TODAY)
    assert events.events == 0


def test_a_row_whose_period_ended_while_nobody_ran_is_deleted() -> None:
    table = QuotaTable(3)
    table.resume(TODAY.end_ms + 2 * DAY_MS)
    table.restore(quota.encode(KEY), quota.encode(quota.UsedRow(9, single(TODAY.start_ms, 5))))
    progress = quota.encode(rollup.Progress(9, 1, 1))
    table.restore(quota.encode(rollup.ProgressKey(3)), progress)
    assert len(table) == 0
    assert [(record.key, record.value) for record in table.take_dirty(5)] == [(quota.encode(KEY), b"")]
