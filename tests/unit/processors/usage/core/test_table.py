from collections.abc import Mapping

import pytest

from processors.usage.core.periods import Periods
from processors.usage.core.quota_table import QuotaTable
from processors.usage.core.recipes import EVERYBODY, Recipe, Recipes
from processors.usage.core.rows import FatesRow, UsageRow
from processors.usage.core.stamping import FirstPass, Replay, stamping
from processors.usage.core.table import ClockWentBackError, UsageTable
from schemas import rollup
from schemas.catalog import Catalog, MeterSet, MetersPublished
from schemas.instant import DAY_MS, HOUR_MS
from schemas.meters import Meter
from schemas.partial import merge, single

DAY = 20_000
START_MS = DAY * DAY_MS
GRACE_MS = 2 * HOUR_MS
NAME = ("acme", "c-1", "api", "")
KEY = rollup.UsageKey(*NAME, START_MS, 0)
RAW_KEY = rollup.encode(KEY)
FATES = ("acme", "api")
#: Record time at which the window of START_MS and its grace are over.
OVER_MS = START_MS + HOUR_MS + GRACE_MS


NO_PLANS = Periods(Catalog().with_facts([MetersPublished(1, 0, ())]))


def table() -> UsageTable:
    return UsageTable(3, lambda _start_ms: GRACE_MS, QuotaTable(3))


def saved(stamp: int) -> rollup.UsageRow:
    return rollup.UsageRow(single(START_MS, 5), stamp)


def put_back(into: UsageTable, stamp: int) -> bool:
    return into.restore(KEY, rollup.encode(saved(stamp)), stamp)


def open_row(of: UsageTable, day: int = 0) -> UsageRow:
    return of.usage_row(START_MS, day, NAME)


def test_a_row_is_made_once_and_found_again() -> None:
    rows = table()
    assert open_row(rows) is open_row(rows)
    assert rows.fates_rows(START_MS, DAY, [FATES, FATES])[0] is rows.fates_rows(START_MS, DAY, [FATES])[0]
    assert len(rows) == 2


def test_late_events_have_a_row_of_their_own_for_each_day() -> None:
    rows = table()
    assert len({open_row(rows, day).key for day in (0, DAY, DAY + 1)}) == 3


def test_a_touched_row_is_written_once_with_its_value_at_that_time() -> None:
    rows = table()
    row = open_row(rows)
    rows.touch(row)
    rows.touch(row)
    row.add(START_MS, 5)
    row.stamp = 9
    [record] = rows.take_dirty(77)
    assert rollup.decode(record.key, record.value) == (KEY, saved(9))
    assert record.timestamp_ms == 77
    assert rows.take_dirty(78) == []
    rows.touch(row)
    assert len(rows.take_dirty(79)) == 1


def recipes(version: int = 1) -> Mapping[str, Recipe]:
    meters = (Meter(name="api", event_type="call"), Meter(name="calls", event_type="call"))
    return Recipes().by_event_type(MeterSet(version, 0, 0, meters))


def test_a_line_has_the_rows_of_all_meters_of_its_type() -> None:
    rows = table()
    [api, calls] = rows.lines(START_MS, 0, recipes(), NO_PLANS)["acme", "c-1", "call", EVERYBODY].usage
    assert api is open_row(rows)
    assert calls is rows.usage_row(START_MS, 0, ("acme", "c-1", "calls", ""))


def test_a_line_of_a_choice_has_the_rows_of_those_who_count_in_their_groups() -> None:
    rows = table()
    [calls] = rows.lines(START_MS, 0, recipes(), NO_PLANS)["acme", "c-1", "call", (None, '{"a":"b"}')].usage
    assert calls is rows.usage_row(START_MS, 0, ("acme", "c-1", "calls", '{"a":"b"}'))


def test_lines_are_those_of_the_plans_that_are_asked_for() -> None:
    rows = table()
    both, one = (
        recipes(),
        {"call": Recipes().by_event_type(MeterSet(2, 0, 0, (Meter(name="api", event_type="call"),)))["call"]},
    )
    found = [rows.lines(START_MS, 0, each, NO_PLANS) for each in (both, one, both)]
    assert [len(lines["acme", "c-1", "call", EVERYBODY].usage) for lines in found] == [2, 1, 2]


def test_forgotten_lines_lead_to_the_same_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("processors.usage.core.table._REMEMBERED", 3)
    rows, measured = table(), recipes()
    names = [("acme", f"c-{number}", "call", EVERYBODY) for number in range(10)]
    first = [rows.lines(START_MS, 0, measured, NO_PLANS)[name].usage[0] for name in names]
    assert [rows.lines(START_MS, 0, measured, NO_PLANS)[name].usage[0] for name in names] == first
    assert len(rows.lines(START_MS, 0, measured, NO_PLANS)) <= 4


def test_a_closed_window_has_no_lines() -> None:
    rows, measured = table(), recipes()
    assert rows.lines(START_MS, 0, measured, NO_PLANS)["acme", "c-1", "call", EVERYBODY].usage
    rows.close(OVER_MS + HOUR_MS)
    with pytest.raises(ClockWentBackError):
        rows.lines(START_MS, 0, measured, NO_PLANS)


def test_a_window_stays_an_hour_longer_than_it_needs() -> None:
    rows = table()
    open_row(rows)
    rows.close(OVER_MS + HOUR_MS - 1)
    assert len(rows) == 1
    rows.close(OVER_MS + HOUR_MS)
    assert len(rows) == 0


def test_counts_of_fates_and_late_rows_stay_until_their_day_is_over() -> None:
    rows = table()
    open_row(rows, DAY)
    rows.fates_rows(START_MS, DAY, [FATES])
    rows.close((DAY + 1) * DAY_MS + HOUR_MS - 1)
    assert len(rows) == 2
    rows.close((DAY + 1) * DAY_MS + HOUR_MS)
    assert len(rows) == 0


def test_a_window_that_left_is_never_begun_anew() -> None:
    rows = table()
    rows.close(OVER_MS + HOUR_MS)
    with pytest.raises(ClockWentBackError, match="clock went back by more than an hour"):
        open_row(rows)


def test_a_clock_that_steps_back_opens_nothing_that_was_closed() -> None:
    rows = table()
    rows.close(OVER_MS + HOUR_MS)
    rows.close(START_MS)
    with pytest.raises(ClockWentBackError):
        open_row(rows)


def test_after_a_restart_windows_of_the_last_day_are_there_again() -> None:
    rows = table()
    rows.resume(OVER_MS + DAY_MS - 1)
    assert put_back(rows, 9)
    assert open_row(rows).stamp == 9
    rows = table()
    rows.resume(OVER_MS + DAY_MS)
    assert not put_back(rows, 9)
    assert len(rows) == 0


def test_it_knows_how_far_its_restored_rows_reach() -> None:
    rows = table()
    assert rows.restored_up_to == -1
    for stamp in (4, 9, 6):
        put_back(rows, stamp)
    assert rows.restored_up_to == 9


def test_a_restored_row_is_as_it_was_written_until_an_event_asks_for_it() -> None:
    rows = table()
    put_back(rows, 9)
    fates = rollup.FatesKey(*FATES, START_MS, DAY, 3)
    counts = rollup.encode(rollup.FatesRow(4, 3, 2, 1, 0, 0, 0, 8))
    assert rows.restore(fates, counts, 8)
    written = {RAW_KEY: rollup.encode(saved(9)), rollup.encode(fates): counts}
    assert dict(rows.records()) == written
    assert len(rows) == 2

    open_row(rows).add(START_MS + 1, 7)
    [row] = rows.fates_rows(START_MS, DAY, [FATES])
    row.late += 1
    assert len(rows) == 2
    assert {key: rollup.decode(key, value)[1] for key, value in rows.records()} == {
        RAW_KEY: rollup.UsageRow(merge(single(START_MS, 5), single(START_MS + 1, 7)), 9),
        rollup.encode(fates): rollup.FatesRow(4, 3, 3, 1, 0, 0, 0, 8),
    }


@pytest.mark.parametrize("stamps", [(4, 9), (9, 4)])
def test_of_two_records_of_one_row_the_newer_one_is_kept(stamps: tuple[int, int]) -> None:
    rows = table()
    for stamp in stamps:
        put_back(rows, stamp)
    assert open_row(rows).stamp == 9


def test_a_restored_row_leaves_with_its_window() -> None:
    rows = table()
    put_back(rows, 9)
    rows.close(OVER_MS + HOUR_MS)
    assert len(rows) == 0


def test_a_record_is_a_replay_up_to_the_newest_restored_stamp() -> None:
    rows = table()
    put_back(rows, 9)
    assert isinstance(stamping(rows, 9), Replay)
    assert isinstance(stamping(rows, 10), FirstPass)


def test_a_first_pass_counts_into_every_row_and_has_it_written() -> None:
    rows = table()
    row = open_row(rows)
    assert FirstPass(rows, 9).open([row, row]) == [row, row]
    assert row.stamp == 9
    assert len(rows.take_dirty(0)) == 1


def test_a_replay_counts_only_into_rows_that_lack_the_record() -> None:
    rows = table()
    put_back(rows, 9)
    holds, lacks = open_row(rows), open_row(rows, DAY)
    first = Replay(rows, 9)
    opened = first.open([holds, lacks])
    assert opened[0] is not holds
    assert opened[1] is lacks
    # A second group of the same record meets a row that the record itself has just stamped.
    assert first.open([lacks]) == [lacks]
    assert (holds.stamp, lacks.stamp) == (9, 9)
    assert Replay(rows, 9).open([lacks]) != [lacks]


def test_a_replay_writes_rows_again_that_hold_the_record() -> None:
    rows = table()
    put_back(rows, 9)
    Replay(rows, 8).open([open_row(rows)])[0].add(START_MS, 1)
    [record] = rows.take_dirty(0)
    assert rollup.decode(record.key, record.value) == (KEY, saved(9))


def test_stand_ins_are_of_the_same_kind() -> None:
    rows = table()
    [fates] = rows.fates_rows(START_MS, DAY, [FATES])
    fates.stamp = 9
    assert isinstance(Replay(rows, 9).open([fates])[0], FatesRow)
